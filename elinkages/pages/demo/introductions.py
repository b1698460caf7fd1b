"""Introductions at Northbeam: one company after the other, with an outcome that was decided beforehand."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from elinkages.pages.demo import cast, service
from elinkages.pages.demo.cast import Source
from partners.models import Contact, Partner
from referrals import common_keys, pipeline
from referrals.models import Channel, LostReason, Referral

if TYPE_CHECKING:
    from elinkages.pages.demo.story import Event, Story

REFERRALS: Final = 160
WON: Final = 45
LOST: Final = 84


def plan(story: "Story") -> None:
    """Put every introduction into the queue of the story, and the company that two partners sent."""
    names = _companies(story)
    span = (story.msp.today(story.now) - story.first).days
    for number, outcome in enumerate(_outcomes(story)):
        # The later, the more: the power bends an even spread toward the present.
        day = story.first + timedelta(days=20 + int((span - 22) * ((number + 1) / REFERRALS) ** 0.75))
        at = story.at(day, story.random.randrange(8, 18), story.random.randrange(60))
        story.plan(at, _introduction(story, next(names), _sender(story, at), outcome))
    firms = [story.partners[cast.PETRAS_FIRM], story.partners["Whitmore Law Group"]]
    for partner, hours in zip(firms, (26, 3), strict=True):
        story.plan(story.now - timedelta(hours=hours), _twice(story, partner))
    story.plan(story.now - timedelta(days=12), lambda at: _franchise(story, at))


def _outcomes(story: "Story") -> list[str]:
    """What becomes of each introduction, by age: the newest are open, and so are some of the last months."""
    decided = ["won"] * WON + ["lost"] * LOST
    story.random.shuffle(decided)
    is_open = {*range(REFERRALS - 8, REFERRALS), *story.random.sample(range(100, REFERRALS - 8), 23)}
    return ["open" if number in is_open else decided.pop() for number in range(REFERRALS)]


def _sender(story: "Story", at: datetime) -> Source:
    joined = [source for source in cast.SOURCES[:-4] if story.partners[source.firm].created_at < at - timedelta(days=3)]
    return story.random.choices(joined, [source.weight for source in joined])[0]


def _companies(story: "Story") -> Iterator[tuple[str, str]]:
    pairs = [(place, trade) for place in cast.PLACES for trade in cast.TRADES]
    story.random.shuffle(pairs)
    for place, (trade, short) in pairs:
        yield f"{place} {trade}", f"{place.lower().replace(' ', '')}{short}.example"


def _introduction(story: "Story", company: tuple[str, str], source: Source, outcome: str) -> "Event":
    def happen(at: datetime) -> None:
        name, domain = company
        first, last = story.random.choice(cast.FIRST_NAMES), story.random.choice(cast.LAST_NAMES)
        partner = story.partners[source.firm]
        is_portal = story.random.random() < 0.7
        contact = Contact.objects.filter(partner=partner).first()
        referral = pipeline.submit(
            partner,
            company=name,
            contact_name=f"{first} {last}",
            contact_email=f"{first.lower()}@{domain}",
            contact_phone=f"(773) 555-{1_000 + next(story.phones)}",
            website=domain,
            note=story.random.choice(cast.NOTES),
            channel=Channel.PORTAL if is_portal else Channel.DASHBOARD,
            expected_mrr_minor=story.random.randrange(6, 60) * 10_000,
            owner=story.manager,
            by=contact if is_portal and contact else story.manager,
            at=at,
        )
        _follow(story, referral.pk, at, outcome)

    return happen


def _twice(story: "Story", partner: Partner) -> "Event":
    def happen(at: datetime) -> None:
        pipeline.submit(
            partner,
            company="Stonebridge Dental Group" if partner.name == cast.PETRAS_FIRM else "Stonebridge Dental, LLC",
            contact_name="Walter Stone",
            contact_email="walter@stonebridgedental.example",
            website="stonebridgedental.example",
            note=cast.NOTES[2],
            channel=Channel.PORTAL,
            by=Contact.objects.filter(partner=partner).get(),
            at=at,
        )

    return happen


def _franchise(story: "Story", at: datetime) -> None:
    """Two stores of one franchise, which share its domain and nothing else."""
    stores = {"Juice House Wicker Park": cast.PETRAS_FIRM, "Lakeview Smoothies": "Whitmore Law Group"}
    for company, firm in stores.items():
        channel, by = Channel.DASHBOARD, story.manager
        store = pipeline.submit(
            story.partners[firm], company=company, website="brightjuice.example", channel=channel, by=by, at=at
        )
        pipeline.touch(store, by=by, at=at)
    shown = common_keys.effect("domain", "brightjuice.example").matches
    common_keys.set_aside("domain", "brightjuice.example", shown=shown, by=story.manager, at=at)


def _follow(story: "Story", pk: UUID, at: datetime, outcome: str) -> None:
    touched = at + timedelta(hours=story.random.randrange(1, 30))
    qualified = touched + timedelta(days=story.random.randrange(2, 9))
    proposed = qualified + timedelta(days=story.random.randrange(5, 18))
    ended = proposed + timedelta(days=story.random.randrange(6, 35))
    is_fresh = at > story.now - timedelta(days=2)
    far = story.random.randrange(0 if is_fresh else 1, 4) if outcome == "open" else 3
    steps: list[tuple[datetime, Event]] = [
        (touched, lambda now: _do(pk, lambda referral: pipeline.touch(referral, by=story.manager, at=now))),
        (qualified, lambda now: _do(pk, lambda referral: _qualify(story, referral, now))),
        (proposed, lambda now: _do(pk, lambda referral: pipeline.propose(referral, by=story.manager, at=now))),
    ]
    for when, step in steps[:far]:
        story.plan(when, step)
    if outcome == "won":
        story.plan(ended, lambda now: _do(pk, lambda referral: service.win(story, referral, now)))
    elif outcome == "lost":
        story.plan(ended, lambda now: _do(pk, lambda referral: _lose(story, referral, now)))


def _do(pk: UUID, verb: Callable[[Referral], object]) -> None:
    verb(Referral.objects.get(pk=pk))


def _qualify(story: "Story", referral: Referral, at: datetime) -> None:
    pipeline.qualify(referral, by=story.manager, at=at)
    pipeline.assign(
        referral,
        owner=story.manager if story.random.random() < 0.7 else story.owner,
        next_action=story.random.choice(cast.ACTIONS),
        next_action_on=story.msp.today(at) + timedelta(days=story.random.randrange(3, 25)),
        by=story.manager,
        at=at,
    )


def _lose(story: "Story", referral: Referral, at: datetime) -> None:
    reason = story.random.choice([reason for reason in LostReason if reason != LostReason.DUPLICATE])
    pipeline.lose(referral, reason=reason, by=story.manager, at=at)
