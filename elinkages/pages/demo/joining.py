"""How firms come to Northbeam: a join page with applications, and an agreement that most partners have signed."""

from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from commissions import offers
from commissions.engine import add_months, month_of
from partners import agreements, signatures
from partners.joining import applications, fields, pages, rules
from partners.models import AgreementVersion, Application, Contact, FieldType, JoinField, Partner, SourceKind

if TYPE_CHECKING:
    from elinkages.pages.demo.story import Story

NOT_SIGNED: Final = frozenset({"Fox River Tax Service", "Meridian Print Works", "Badger Backup"})
GRACE_DAYS: Final = 20
SIZES: Final = ("Under 10 people", "10 to 50 people", "More than 50 people")
WELCOME: Final = """# Send us the companies you worry about
You know firms whose technology keeps them from their work. We look after it, and you hear how it goes.

- An introduction takes 30 seconds, on your phone.
- You see every step, and every cent says why.
- We answer each application within two days."""
AGREEMENT: Final = """# What this is about
You introduce companies that could use our services. We follow up, and if they become our clients we pay you a \
commission. This agreement says how.

# Introductions
Tell the company that you pass on its details before you do. An introduction counts when we do not know the company \
yet; if two partners introduce the same one, the first has the credit.

- Say what you know and nothing more: no promises about prices or dates.
- You act for yourself. You are neither our employee nor our agent.

# Commission
The commission terms beside this text apply to clients that are won while it is in force. We pay once a month what is \
payable and above the minimum. Every amount can be opened in your portal down to the invoice that it comes from.

# Professional rules
If a rule of your profession asks for a disclosure or for consent, you give it before you introduce anyone.

# Ending it
Either side may end this at any time with a word in writing. What you earned until then stays owed to you."""


def plan(story: "Story") -> None:
    """Put all of it into the queue of the story."""
    now = story.now
    story.plan(now - timedelta(days=110), partial(_open_the_page, story))
    story.plan(now - timedelta(days=31), partial(_declined, story))
    story.plan(now - timedelta(days=2, hours=5), partial(_apply, "Kestrel Tax Partners", "Jonah Kestrel", "Oak Brook"))
    story.plan(now - timedelta(hours=4), partial(_apply, "Belmont Bookkeeping LLC", "Nora Adeyemi", "Chicago"))
    # On a day without a payout run, so that the days to sign do not end between its opening and its approval.
    published = story.at(add_months(month_of(story.msp.today(now)), -2), 9)
    story.plan(published, partial(_publish, story))
    for number, (firm, partner) in enumerate(story.partners.items()):
        if firm not in NOT_SIGNED and partner.is_active:
            story.plan(published + timedelta(hours=5 + number * 9), partial(_sign, story, partner))
    story.plan(now - timedelta(days=1, hours=3), partial(_write_the_next, story))


def _open_the_page(story: "Story", at: datetime) -> None:
    by = story.owner
    for page in pages.set_up(by=by, at=at):
        if page.kind in (SourceKind.CENTRE, SourceKind.VENDOR):
            pages.describe(page, welcome=WELCOME, by=by, at=at)
            pages.open_(page, by=by, at=at)
    everyone = list(SourceKind.values)
    fields.add(label="How large is your firm?", type=FieldType.CHOICE, choices=SIZES, kinds=everyone, by=by, at=at)
    fields.add(
        label="A rule of my profession asks me to disclose referral fees",
        type=FieldType.CHECKBOX,
        kinds=[SourceKind.CENTRE],
        by=by,
        at=at,
    )
    rules.add(kind=SourceKind.VENDOR, approves=False, member=story.manager, by=by, at=at)


def _apply(firm: str, person: str, city: str, at: datetime, kind: str = SourceKind.CENTRE) -> str:
    asked = {field.label: field for field in JoinField.objects.current() if not field.standard}
    said = ("Our clients ask us whom we trust with their computers.", SIZES[1])
    domain = "".join(letter for letter in firm.lower() if letter.isalpha())
    details = {
        "name": firm,
        "contact_name": person,
        "email": f"{person.split()[0].lower()}@{domain}.example",
        "phone": "(630) 555-0142",
        "website": f"https://{domain}.example",
        "city": city,
    }
    given = [
        applications.Answer(str(field.pk), label, answer)
        for (label, field), answer in zip(asked.items(), said, strict=False)
    ]
    token = applications.submit(kind=kind, details=details, answers=given, at=at)
    return str(applications.confirm(token, at=at + timedelta(minutes=12)).pk)


def _declined(story: "Story", at: datetime) -> None:
    pk = _apply("Gridline Cabling", "Walt Gridley", "Gary", at, kind=SourceKind.VENDOR)
    applications.decline(
        Application.objects.get(pk=pk),
        reason="We work with one cabling firm in Indiana and send all of it to them. Ask us again next year.",
        by=story.manager,
        at=at + timedelta(hours=7),
    )


def _publish(story: "Story", at: datetime) -> None:
    draft = agreements.draft(
        kind="",
        title="Referral partner agreement",
        text=AGREEMENT,
        is_required=True,
        grace_days=GRACE_DAYS,
        by=story.owner,
        at=at,
    )
    agreements.publish(draft, by=story.owner, at=at)


def _sign(story: "Story", partner: Partner, at: datetime) -> None:
    version = AgreementVersion.objects.get()
    person = Contact.objects.filter(partner=partner).select_related("partner").order_by("pk")[0]
    terms = offers.shown(partner, currency=story.msp.currency, on=story.msp.today(at))
    signatures.sign(
        version,
        name=person.name,
        text_hash=version.text_sha256,
        terms=terms,
        terms_hash=signatures.terms_sha256(terms),
        ip_address="203.0.113.20",
        user_agent="Mozilla/5.0 (Macintosh; Intel Mac OS X 15_6) Safari/26.0",
        by=person,
        at=at,
    )


def _write_the_next(story: "Story", at: datetime) -> None:
    agreements.draft(
        kind=SourceKind.CENTRE,
        title="Agreement for advisers",
        text=AGREEMENT.replace("# Ending it", "# Independence\nWe never ask you to prefer us.\n\n# Ending it"),
        is_required=True,
        grace_days=30,
        by=story.owner,
        at=at,
    )
