"""What the demo shows of screening and credit: a name that is nearly known, an expiring protection, a case, a split,
a partner who refers themselves, and an introduction that came without a login.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from elinkages.pages.demo import cast
from partners.models import Contact, Partner
from referrals import cases, inquiries, links, pipeline, protection, splits
from referrals.models import Channel, InquiryKind, LinkDay, Referral

if TYPE_CHECKING:
    from elinkages.pages.demo.story import Story

INTRO: Final = "We look after the IT of Chicago firms with 10 to 80 people, at a fixed price a month."
VISITORS: Final = (3, 1, 0, 4, 2, 5, 1, 0, 2, 6, 3, 2)


def plan(story: Story) -> None:
    """Let all of it happen in the last weeks of the story."""
    now = story.now
    story.plan(now - timedelta(days=60), lambda at: _open_the_page(story, at))
    story.plan(now - timedelta(days=170), lambda at: _expiring(story, at))
    story.plan(now - timedelta(days=20), lambda at: _contested(story, at))
    story.plan(now - timedelta(days=9), lambda at: _nearly_known(story, at))
    story.plan(now - timedelta(days=4), lambda at: _themselves(story, at))
    story.plan(now - timedelta(days=3), lambda at: _shared(story, at))
    story.plan(now - timedelta(days=1), lambda at: _without_a_login(story, at))
    story.plan(now - timedelta(hours=2), lambda at: _sweep(at))


def _sent(story: Story, partner: Partner, company: str, at: datetime, **facts: Any) -> Referral:
    domain = "".join(letter for letter in company.lower() if letter.isalpha())
    facts = {"contact_email": f"office@{domain}.example", "website": f"{domain}.example", **facts}
    by = Contact.objects.filter(partner=partner).order_by("pk").first() or story.manager
    return pipeline.submit(partner, company=company, channel=Channel.PORTAL, owner=story.manager, by=by, at=at, **facts)


def _nearly_known(story: Story, at: datetime) -> None:
    petra, belmont = story.partners[cast.PETRAS_FIRM], story.partners["Belmont Bookkeeping"]
    first = _sent(story, petra, "Old Orchard Pediatrics", at, contact_name="Irene Falk")
    pipeline.touch(first, by=story.manager, at=at + timedelta(hours=5))
    _sent(
        story, belmont, "Old Orchard Pedriatics", at + timedelta(days=4), contact_name="", website="", contact_email=""
    )


def _expiring(story: Story, at: datetime) -> None:
    referral = _sent(
        story, story.partners["Brightwater Architects"], "Harlem Avenue Auto Body", at, contact_name="Sal Ricci"
    )
    pipeline.qualify(referral, by=story.manager, at=at + timedelta(days=1))


def _contested(story: Story, at: datetime) -> None:
    petra, whitmore = story.partners[cast.PETRAS_FIRM], story.partners["Whitmore Law Group"]
    referral = _sent(story, petra, "Riverbend Machine Works", at, contact_name="Tobias Lang")
    pipeline.qualify(referral, by=story.manager, at=at + timedelta(days=2))
    case = cases.open_case(
        referral,
        claimant=whitmore,
        statement="Grace had lunch with Tobias Lang on the second and told him to call Northbeam.",
        by=story.manager,
        at=at + timedelta(days=14),
    )
    contact = Contact.objects.filter(partner=petra).order_by("pk").first()
    if contact:
        text = "I wrote to Tobias on the first and copied Marcus. The e-mail is in his inbox."
        cases.note(case, text, partner=petra, by=contact, at=at + timedelta(days=15))
    cases.note(
        case, "Marcus found Petra's e-mail. Ask Tobias who he remembers.", by=story.manager, at=at + timedelta(days=16)
    )


def _themselves(story: Story, at: datetime) -> None:
    partner = story.partners["Sunrise Pediatrics"]
    email = "frontdesk@sunrisepediatrics.example"
    _sent(story, partner, "Sunrise Pediatrics West", at, contact_name="Aisha Khan", contact_email=email, website="")


def _shared(story: Story, at: datetime) -> None:
    petra, hollis = story.partners[cast.PETRAS_FIRM], story.partners["Hollis & Grant Attorneys"]
    referral = _sent(story, petra, "Lakeview Estate Planning", at, contact_name="Nadia Brandt")
    split = splits.propose(
        referral,
        [(petra, 6_000), (hollis, 4_000)],
        note="Theo made the call, Petra the introduction.",
        by=story.manager,
        at=at + timedelta(hours=3),
    )
    if split is not None:
        consent = split.consents.get(partner=hollis)
        splits.answer(consent, agrees=True, how="By phone with Theo", by=story.manager, at=at + timedelta(hours=5))


def _open_the_page(story: Story, at: datetime) -> None:
    inquiries.change_settings(is_on=True, intro=INTRO, consent="", by=story.owner, at=at, msp=story.msp)
    petra = story.partners[cast.PETRAS_FIRM]
    link = links.make(petra, by=story.manager, at=at)
    today = story.msp.today(story.now)
    LinkDay.objects.bulk_create(
        LinkDay(link=link, on=today - timedelta(days=1 + number), clicks=clicks)
        for number, clicks in enumerate(VISITORS)
        if clicks
    )


def _without_a_login(story: Story, at: datetime) -> None:
    inquiry = inquiries.send(
        link=None,
        kind=InquiryKind.SOMEONE,
        sender_name="Jonas Weber",
        sender_email="jonas@weberandsons.example",
        company="Kessler Print House",
        contact_name="Maria Kessler",
        contact_email="maria@kesslerprint.example",
        note="Their server is older than my daughter.",
        at=at,
    )
    inquiries.register(inquiry, at=at + timedelta(minutes=6))


def _sweep(at: datetime) -> None:
    protection.sweep(at=at)
