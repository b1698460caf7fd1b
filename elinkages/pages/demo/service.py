"""What becomes of those who sign at Northbeam: contracts, first payments, invoices, growth, and a few farewells."""

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from commissions import deals, facts
from commissions.engine import add_months
from commissions.facts import Document
from commissions.models import BillingFact
from referrals import clients, contracts
from referrals.models import Client, Contract, MovementKind, Referral
from referrals.mrr import timeline

if TYPE_CHECKING:
    from elinkages.pages.demo.story import Event, Story


def win(story: "Story", referral: Referral, at: datetime) -> None:
    """They sign for the first service line, some for a second one, and a few leave again."""
    day = story.msp.today(at)
    starts_on = day + timedelta(days=story.random.randrange(0, 12))
    mrr_minor = referral.expected_mrr_minor or 200_000
    sold = [deals.NewContract(story.lines[0], mrr_minor, starts_on)]
    if story.random.random() < 0.35:
        sold.append(deals.NewContract(story.random.choice(story.lines[1:]), max(10_000, mrr_minor // 5), starts_on))
    client = deals.win(
        referral,
        client_name=referral.company,
        website=referral.website,
        contracts=sold,
        won_on=day,
        by=story.manager,
        at=at,
    )
    for contract in client.contracts.all():
        _live(story, contract, starts_on)
    if story.random.random() < 0.12:
        story.plan(
            story.at(starts_on + timedelta(days=story.random.choice([61, 150, 240]))), _leaving(story, client.pk)
        )


def _live(story: "Story", contract: Contract, starts_on: date) -> None:
    pk = contract.pk
    paid_on = starts_on + timedelta(days=story.random.randrange(12, 34))
    if contract.pins.filter(plan_version__terms__base="collected").exists():
        for number in range(12):
            story.plan(story.at(add_months(starts_on, number), 8), lambda at: _bill(story, pk, at))
    else:
        story.plan(story.at(paid_on, 15), lambda at: _paid(story, pk, at))
    if story.random.random() < 0.4:
        grown = starts_on + timedelta(days=story.random.randrange(90, 240))
        story.plan(story.at(grown), lambda at: _grow(story, pk, at))


def _paid(story: "Story", pk: UUID, at: datetime) -> None:
    contracts.record_first_payment(Contract.objects.get(pk=pk), on=story.msp.today(at), by=story.finance, at=at)


def _bill(story: "Story", pk: UUID, at: datetime) -> None:
    """An invoice with licenses and tax; it is paid three weeks later, now and then in two parts."""
    contract = Contract.objects.select_related("client", "service_line").get(pk=pk)
    day, mrr_minor = story.msp.today(at), timeline(contract).level(story.msp.today(at))
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
    facts.receive([invoice], by=story.finance, at=at)
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
        story.plan(story.at(paid_on, 15), _receives(story, paid))


def _receives(story: "Story", document: Document) -> "Event":
    return lambda at: facts.receive([document], by=story.finance, at=at)


def _grow(story: "Story", pk: UUID, at: datetime) -> None:
    contract = Contract.objects.get(pk=pk)
    newest = contract.movements.order_by("-effective_on", "-pk").first()
    if contract.ends_on is None and newest is not None:
        contracts.move(
            contract,
            kind=MovementKind.EXPANSION,
            effective_on=story.msp.today(at),
            mrr_minor=newest.mrr_minor * story.random.choice([110, 115, 125]) // 100,
            note="More seats",
            by=story.manager,
            at=at,
        )


def _leaving(story: "Story", pk: UUID) -> "Event":
    def happen(at: datetime) -> None:
        clients.leave(
            Client.objects.get(pk=pk),
            on=story.msp.today(at),
            reason="Acquired; the new parent has its own IT",
            by=story.manager,
            at=at,
        )

    return happen
