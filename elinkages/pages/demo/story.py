"""Eighteen months at Northbeam IT, as a list of events in the order of time, each done through the product's verbs."""

import heapq
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from itertools import count
from random import Random
from typing import Any, Final
from uuid import UUID

from dateutil.relativedelta import relativedelta

from commissions import accruals, deals, facts, holds, payouts, plans, service_credits
from commissions.facts import Document
from commissions.models import BillingFact, Payout, PayoutRun, PayoutState, Plan, Rail
from commissions.terms import Flat, FullClawback, MrrMultiple, Percent, Terms, Tiered
from elinkages.accounts.models import Membership, Msp
from elinkages.kernel.refusal import Refused
from elinkages.lists import saved
from elinkages.mail.models import Message
from elinkages.pages.demo import cast, importing, joining, standing
from elinkages.pages.demo.cast import Source
from partners import onboarding
from partners.models import Contact, Partner, SourceKind
from referrals import clients, contracts, pipeline, service_lines
from referrals.models import Channel, Client, Contract, LostReason, MovementKind, Referral, ServiceLine
from referrals.mrr import timeline

MONTHS: Final = 18
REFERRALS: Final = 160
WON: Final = 45
LOST: Final = 84
RISING: Final = "Whitmore Law Group"
"""The partner whose rate rises with what they bring."""
Event = Callable[[datetime], object]


class Story:
    """The telling: a clock that only events move, and a queue of what is still to happen."""

    def __init__(self, msp: Msp, owner: Membership, manager: Membership, finance: Membership, now: datetime) -> None:
        self.msp, self.owner, self.manager, self.finance, self.now = msp, owner, manager, finance, now
        self.random = Random(20_260)  # noqa: S311 - a story that is the same every time, not a secret
        self.first = (msp.today(now).replace(day=1)) - relativedelta(months=MONTHS)
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
        self._introduce()
        self._keep_books()
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
        window = FullClawback(90)
        terms: dict[str, tuple[str, Terms]] = {
            "": ("Ten percent for a year", Percent(basis_points=1_000, months=12, hold_days=30, clawback=window)),
            SourceKind.CLIENT: (
                "Client thank-you",
                Flat(amount_minor=50_000, trigger="first_payment", clawback=window),
            ),
            SourceKind.PEER: (
                "One month's MRR",
                MrrMultiple(basis_points=10_000, trigger="first_payment", clawback=window),
            ),
            SourceKind.VENDOR: (
                "Ten percent of what is paid",
                Percent(basis_points=1_000, base="collected", trigger="first_payment", months=12, hold_days=30),
            ),
            SourceKind.VCIO: ("Five percent for life", Percent(basis_points=500, months=None, hold_days=30)),
        }
        for kind, (name, reward) in terms.items():
            plan = plans.create(
                name=name, versioning="pinned", terms=reward, valid_from=self.first, by=self.owner, at=at
            )
            plans.apply(plan, source_kind=kind, valid_from=self.first, by=self.owner, at=at)
        self.thanks = plans.create(
            name="Credit on your own invoices",
            versioning="pinned",
            terms=Flat(amount_minor=60_000, trigger="first_payment", paid_in="credit", clawback=window),
            valid_from=self.first,
            by=self.owner,
            at=at,
        )
        steps = Tiered(tiers=((0, 800), (500_000, 1_000), (1_500_000, 1_200)), mode="marginal", months=24)
        self.rising = plans.create(
            name="Rising with what you bring",
            versioning="pinned",
            terms=steps,
            valid_from=self.first,
            by=self.owner,
            at=at,
        )

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

    # Introductions: one company after the other, with an outcome that was decided beforehand.

    def _introduce(self) -> None:
        names = self._companies()
        span = (self.msp.today(self.now) - self.first).days
        for number, outcome in enumerate(self._outcomes()):
            # The later, the more: the power bends an even spread toward the present.
            day = self.first + timedelta(days=20 + int((span - 22) * ((number + 1) / REFERRALS) ** 0.75))
            at = self.at(day, self.random.randrange(8, 18), self.random.randrange(60))
            self.plan(at, self._introduction(next(names), self._sender(at), outcome))
        firms = [self.partners[cast.PETRAS_FIRM], self.partners["Whitmore Law Group"]]
        for partner, hours in zip(firms, (26, 3), strict=True):
            self.plan(self.now - timedelta(hours=hours), self._twice(partner))

    def _outcomes(self) -> list[str]:
        """What becomes of each introduction, by age: the newest are open, and so are some of the last months."""
        decided = ["won"] * WON + ["lost"] * LOST
        self.random.shuffle(decided)
        is_open = {*range(REFERRALS - 8, REFERRALS), *self.random.sample(range(100, REFERRALS - 8), 23)}
        return ["open" if number in is_open else decided.pop() for number in range(REFERRALS)]

    def _sender(self, at: datetime) -> Source:
        joined = [
            source for source in cast.SOURCES[:-4] if self.partners[source.firm].created_at < at - timedelta(days=3)
        ]
        return self.random.choices(joined, [source.weight for source in joined])[0]

    def _companies(self) -> Iterator[tuple[str, str]]:
        pairs = [(place, trade) for place in cast.PLACES for trade in cast.TRADES]
        self.random.shuffle(pairs)
        for place, (trade, short) in pairs:
            yield f"{place} {trade}", f"{place.lower().replace(' ', '')}{short}.example"

    def _introduction(self, company: tuple[str, str], source: Source, outcome: str) -> Event:
        def happen(at: datetime) -> None:
            name, domain = company
            first, last = self.random.choice(cast.FIRST_NAMES), self.random.choice(cast.LAST_NAMES)
            partner = self.partners[source.firm]
            is_portal = self.random.random() < 0.7
            contact = Contact.objects.filter(partner=partner).first()
            referral = pipeline.submit(
                partner,
                company=name,
                contact_name=f"{first} {last}",
                contact_email=f"{first.lower()}@{domain}",
                contact_phone=f"(773) 555-{1_000 + next(self.phones)}",
                website=domain,
                note=self.random.choice(cast.NOTES),
                channel=Channel.PORTAL if is_portal else Channel.DASHBOARD,
                expected_mrr_minor=self.random.randrange(6, 60) * 10_000,
                owner=self.manager,
                by=contact if is_portal and contact else self.manager,
                at=at,
            )
            self._follow(referral.pk, at, outcome)

        return happen

    def _twice(self, partner: Partner) -> Event:
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

    def _follow(self, pk: UUID, at: datetime, outcome: str) -> None:
        touched = at + timedelta(hours=self.random.randrange(1, 30))
        qualified = touched + timedelta(days=self.random.randrange(2, 9))
        proposed = qualified + timedelta(days=self.random.randrange(5, 18))
        ended = proposed + timedelta(days=self.random.randrange(6, 35))
        is_fresh = at > self.now - timedelta(days=2)
        far = self.random.randrange(0 if is_fresh else 1, 4) if outcome == "open" else 3
        steps: list[tuple[datetime, Event]] = [
            (touched, lambda now: self._do(pk, lambda referral: pipeline.touch(referral, by=self.manager, at=now))),
            (qualified, lambda now: self._do(pk, lambda referral: self._qualify(referral, now))),
            (proposed, lambda now: self._do(pk, lambda referral: pipeline.propose(referral, by=self.manager, at=now))),
        ]
        for when, step in steps[:far]:
            self.plan(when, step)
        if outcome == "won":
            self.plan(ended, lambda now: self._do(pk, lambda referral: self._win(referral, now)))
        elif outcome == "lost":
            self.plan(ended, lambda now: self._do(pk, lambda referral: self._lose(referral, now)))

    def _do(self, pk: UUID, verb: Callable[[Referral], object]) -> None:
        verb(Referral.objects.get(pk=pk))

    def _qualify(self, referral: Referral, at: datetime) -> None:
        pipeline.qualify(referral, by=self.manager, at=at)
        pipeline.assign(
            referral,
            owner=self.manager if self.random.random() < 0.7 else self.owner,
            next_action=self.random.choice(cast.ACTIONS),
            next_action_on=self.msp.today(at) + timedelta(days=self.random.randrange(3, 25)),
            by=self.manager,
            at=at,
        )

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

    def _lose(self, referral: Referral, at: datetime) -> None:
        reason = self.random.choice([reason for reason in LostReason if reason != LostReason.DUPLICATE])
        pipeline.lose(referral, reason=reason, by=self.manager, at=at)

    def _win(self, referral: Referral, at: datetime) -> None:
        day = self.msp.today(at)
        starts_on = day + timedelta(days=self.random.randrange(0, 12))
        mrr_minor = referral.expected_mrr_minor or 200_000
        sold = [deals.NewContract(self.lines[0], mrr_minor, starts_on)]
        if self.random.random() < 0.35:
            sold.append(deals.NewContract(self.random.choice(self.lines[1:]), max(10_000, mrr_minor // 5), starts_on))
        client = deals.win(
            referral,
            client_name=referral.company,
            website=referral.website,
            contracts=sold,
            won_on=day,
            by=self.manager,
            at=at,
        )
        for contract in client.contracts.all():
            self._live(contract, starts_on)
        if self.random.random() < 0.12:
            self.plan(self.at(starts_on + timedelta(days=self.random.choice([61, 150, 240]))), self._leaving(client.pk))

    def _live(self, contract: Contract, starts_on: date) -> None:
        pk = contract.pk
        paid_on = starts_on + timedelta(days=self.random.randrange(12, 34))
        if contract.pins.filter(plan_version__terms__base="collected").exists():
            for number in range(12):
                self.plan(self.at(starts_on + relativedelta(months=number), 8), lambda at: self._bill(pk, at))
        else:
            self.plan(self.at(paid_on, 15), lambda at: self._paid(pk, at))
        if self.random.random() < 0.4:
            grown = starts_on + timedelta(days=self.random.randrange(90, 240))
            self.plan(self.at(grown), lambda at: self._grow(pk, at))

    def _paid(self, pk: UUID, at: datetime) -> None:
        contracts.record_first_payment(Contract.objects.get(pk=pk), on=self.msp.today(at), by=self.finance, at=at)

    def _bill(self, pk: UUID, at: datetime) -> None:
        """An invoice with licenses and tax; it is paid three weeks later, now and then in two parts."""
        contract = Contract.objects.select_related("client", "service_line").get(pk=pk)
        day, mrr_minor = self.msp.today(at), timeline(contract).level(self.msp.today(at))
        if not mrr_minor or not contract.is_running(day):
            return
        number = f"INV-{1000 + BillingFact.objects.filter(kind='invoice').count()}"
        lines = [
            facts.Line("service", mrr_minor, contract.service_line),
            facts.Line("pass_through", mrr_minor // 4, contract.service_line, description="Microsoft 365"),
            facts.Line("tax", mrr_minor // 20),
        ]
        said: dict[str, Any] = {"source": facts.MANUAL, "client": contract.client, "currency": contract.currency}
        invoice = Document(kind="invoice", external_id=number, number=number, dated_on=day, lines=lines, **said)
        facts.receive([invoice], by=self.finance, at=at)
        whole = sum(line.minor for line in lines)
        parts = [whole // 2, whole - whole // 2] if number.endswith("7") else [whole]
        for turn, minor in enumerate(parts):
            paid_on = day + timedelta(days=21 + 20 * turn)
            paid = Document(
                kind="payment",
                external_id=f"{number}-{turn}",
                dated_on=paid_on,
                applied=[facts.Applied(number, minor)],
                **said,
            )
            self.plan(self.at(paid_on, 15), self._receives(paid))

    def _receives(self, document: Document) -> Event:
        return lambda at: facts.receive([document], by=self.finance, at=at)

    def _grow(self, pk: UUID, at: datetime) -> None:
        contract = Contract.objects.get(pk=pk)
        newest = contract.movements.order_by("-effective_on", "-pk").first()
        if contract.ends_on is None and newest is not None:
            contracts.move(
                contract,
                kind=MovementKind.EXPANSION,
                effective_on=self.msp.today(at),
                mrr_minor=newest.mrr_minor * self.random.choice([110, 115, 125]) // 100,
                note="More seats",
                by=self.manager,
                at=at,
            )

    def _leaving(self, pk: UUID) -> Event:
        def happen(at: datetime) -> None:
            clients.leave(
                Client.objects.get(pk=pk),
                on=self.msp.today(at),
                reason="Acquired; the new parent has its own IT",
                by=self.manager,
                at=at,
            )

        return happen

    # The books: a nightly accrual on the first of every month, a payout run in the middle of it.

    def _keep_books(self) -> None:
        for months in range(1, MONTHS + 1):
            first = self.first + relativedelta(months=months)
            self.plan(self.at(first, 5), self._accrue)
            self.plan(self.at(first + timedelta(days=14), 5), self._accrue)
        days = [self.first + relativedelta(months=months, days=14) for months in range(1, MONTHS + 1)]
        past = [day for day in days if self.at(day) < self.now - timedelta(days=12)]
        for day in past:
            self.plan(self.at(day, 11), self._pay(settle=day != past[-1]))
        self.plan(self.now - timedelta(hours=20), self._accrue)
        self.plan(self.now - timedelta(hours=19), self._open)
        self.plan(self.now - timedelta(days=12), self._hold)

    def _accrue(self, at: datetime) -> None:
        accruals.accrue(today=self.msp.today(at), at=at)
        accruals.release(today=self.msp.today(at), at=at)

    def _open(self, at: datetime) -> PayoutRun | None:
        try:
            return payouts.open_run(cutoff_on=self.msp.today(at), by=self.finance, at=at).run
        except Refused:
            return None

    def _give(self, at: datetime) -> None:
        """Service credit for who asked for it; most of it goes off the next invoice, the rest stays open."""
        try:
            run = payouts.open_run(cutoff_on=self.msp.today(at), rail=Rail.CREDIT, by=self.finance, at=at).run
        except Refused:
            return
        approved = at + timedelta(hours=20)
        payouts.release(payouts.approve(run, by=self.owner, at=approved), by=self.finance, at=approved)
        for balance in service_credits.balances():
            partner, later = Partner.objects.get(pk=balance.partner_id), approved + timedelta(hours=1)
            minor, on = min(balance.minor, 45_000), self.msp.today(later)
            service_credits.apply(
                partner, minor=minor, reference=f"NB-{on:%y%m}-17", applied_on=on, by=self.finance, at=later
            )

    def _pay(self, *, settle: bool) -> Event:
        def happen(at: datetime) -> None:
            self._give(at)
            run = self._open(at)
            if run is None:
                return
            approved = at + timedelta(hours=20)
            run = payouts.approve(run, by=self.owner, at=approved)
            payouts.release(run, by=self.finance, at=approved + timedelta(minutes=20))
            paid_on = self.msp.today(at) + timedelta(days=3)
            sent = list(Payout.objects.filter(run=run, state=PayoutState.SUBMITTED).order_by("number"))
            for payout in sent if settle else sent[:-2]:
                when = self.at(paid_on, 9)
                payouts.settle(
                    payout, reference=f"ACH {paid_on:%y%m%d}-{payout.number}", paid_on=paid_on, by=self.finance, at=when
                )

        return happen

    def _hold(self, at: datetime) -> None:
        partner = self.partners["Lakeshore Networks"]
        holds.place(partner, reason="They and Quad Cities both say they sent the same client", by=self.owner, at=at)
