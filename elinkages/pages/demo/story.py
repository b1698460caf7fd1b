"""Eighteen months at Northbeam IT, as a list of events in the order of time, each done through the product's verbs."""

import heapq
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from itertools import count
from random import Random
from typing import Final

from commissions import plans
from commissions.engine import add_months, month_of
from commissions.models import Plan
from commissions.terms import Flat, FullClawback, MrrMultiple, Percent, Terms, Tiered
from elinkages.accounts.models import Membership, Msp
from elinkages.lists import saved
from elinkages.mail.models import Message
from elinkages.pages.demo import books, cast, importing, introductions, joining, standing
from elinkages.pages.demo.cast import Source
from partners import onboarding
from partners.models import Partner, SourceKind
from referrals import pipeline, service_lines
from referrals.models import Referral, ServiceLine

RISING: Final = "Whitmore Law Group"
"""The partner whose rate rises with what they bring."""
WINDOW: Final = FullClawback(90)
PLANS: Final[dict[str, tuple[str, Terms]]] = {
    "": ("Ten percent for a year", Percent(basis_points=1_000, months=12, hold_days=30, clawback=WINDOW)),
    SourceKind.CLIENT: ("Client thank-you", Flat(amount_minor=50_000, trigger="first_payment", clawback=WINDOW)),
    SourceKind.PEER: (
        "One month's MRR",
        MrrMultiple(basis_points=10_000, trigger="first_payment", clawback=WINDOW),
    ),
    SourceKind.VENDOR: (
        "Ten percent of what is paid",
        Percent(basis_points=1_000, base="collected", trigger="first_payment", months=12, hold_days=30),
    ),
    SourceKind.VCIO: ("Five percent for life", Percent(basis_points=500, months=None, hold_days=30)),
}
"""What each kind of partner earns, by name and terms; "" is for all others."""
Event = Callable[[datetime], object]


class Story:
    """The telling: a clock that only events move, and a queue of what is still to happen."""

    def __init__(self, msp: Msp, owner: Membership, manager: Membership, finance: Membership, now: datetime) -> None:
        self.msp, self.owner, self.manager, self.finance, self.now = msp, owner, manager, finance, now
        self.random = Random(20_260)  # noqa: S311 - a story that is the same every time, not a secret
        self.first = add_months(month_of(msp.today(now)), -cast.MONTHS)
        self.queue: list[tuple[datetime, int, Event]] = []
        self.numbers, self.phones = count(), count()
        self.partners: dict[str, Partner] = {}
        self.lines: list[ServiceLine] = []
        self.rising: Plan

    def at(self, day: date, hour: int = 10, minute: int = 0) -> datetime:
        """An instant of the MSP's day."""
        return datetime.combine(day, time(hour, minute), tzinfo=self.msp.zone)

    def plan(self, at: datetime, event: Event) -> None:
        """Let something happen, if it lies in the past."""
        if at < self.now:
            heapq.heappush(self.queue, (at, next(self.numbers), event))

    def tell(self) -> None:
        """Everything, in order; events may plan later ones."""
        self._begin()
        self._recruit()
        introductions.plan(self)
        books.plan(self)
        joining.plan(self)
        standing.plan(self)
        importing.plan(self)
        while self.queue:
            at, _, event = heapq.heappop(self.queue)
            event(at)
        self._look_ahead()
        self._keep_views()
        Message.objects.filter(created_at__lt=self.now - timedelta(days=2)).update(sent_at=self.now, attempts=1)

    # The beginning: plans and who they are for.

    def _begin(self) -> None:
        at = self.at(self.first, 9)
        self.lines = service_lines.seed(at)
        for kind, (name, reward) in PLANS.items():
            plan = self._create(name, reward, at)
            plans.apply(plan, source_kind=kind, valid_from=self.first, by=self.owner, at=at)
        credit = Flat(amount_minor=60_000, trigger="first_payment", paid_in="credit", clawback=WINDOW)
        self.thanks = self._create("Credit on your own invoices", credit, at)
        steps = Tiered(tiers=((0, 800), (500_000, 1_000), (1_500_000, 1_200)), mode="marginal", months=24)
        self.rising = self._create("Rising with what you bring", steps, at)

    def _create(self, name: str, terms: Terms, at: datetime) -> Plan:
        return plans.create(name=name, versioning="pinned", terms=terms, valid_from=self.first, by=self.owner, at=at)

    # Partners: most join in the first half year, a few are still on their way in.

    def _recruit(self) -> None:
        for number, source in enumerate(cast.SOURCES):
            day = self.first + timedelta(days=2 + number * 4 if number < 32 else 380 + number * 3)
            at = self.at(min(day, self.msp.today(self.now) - timedelta(days=2)), 9, number)
            self._add(source, at, joins=number < len(cast.SOURCES) - 4)

    def _add(self, source: Source, at: datetime, *, joins: bool) -> None:
        domain = "".join(letter for letter in source.firm.lower() if letter.isalpha())
        email = {"Petra Park": cast.PETRA.email, "Paul Reyes": cast.PAUL.email}.get(
            source.person, f"{source.person.split()[0].lower()}@{domain}.example"
        )
        partner = onboarding.add(
            kind=source.kind,
            name=source.firm,
            email=email,
            phone=f"(312) 555-0{100 + len(self.partners)}",
            website=f"{domain}.example",
            city=source.city,
            contact_name=source.person,
            by=self.manager,
            at=at,
        )
        if joins:
            onboarding.activate(partner, by=self.manager, at=at + timedelta(days=2))
        self.partners[source.firm] = partner
        if source.firm == RISING:
            plans.apply(self.rising, partner=partner, valid_from=self.first, by=self.owner, at=at)
        if source.firm == cast.PAULS_FIRM:
            plans.apply(self.thanks, partner=partner, valid_from=self.first, by=self.owner, at=at)

    def _keep_views(self) -> None:
        """Marcus shares what he looks at every morning; Olivia keeps hers to herself."""
        at = self.now - timedelta(days=30)
        saved.save(
            "referral-list",
            name="My quiet ones",
            query="needs=stale&owner=me",
            is_shared=True,
            is_default=False,
            by=self.manager,
            at=at,
        )
        saved.save(
            "partner-list",
            name="Accountants and attorneys",
            query="state=active&kind=centre_of_influence&columns=referrals&columns=won&columns=mrr&columns=email",
            is_shared=False,
            is_default=False,
            by=self.owner,
            at=at,
        )

    def _look_ahead(self) -> None:
        """Last thing yesterday: Marcus goes through what is open and notes what is next."""
        at = self.now - timedelta(hours=18)
        for referral in Referral.objects.open().filter(touched_at__isnull=False):
            pipeline.assign(
                referral,
                owner=referral.owner or self.manager,
                next_action=self.random.choice(cast.ACTIONS),
                next_action_on=self.msp.today(self.now) + timedelta(days=self.random.randrange(-1, 15)),
                by=self.manager,
                at=at,
            )
