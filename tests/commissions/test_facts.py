"""Billing facts: one door, whatever comes twice, late or in the wrong order."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from commissions import facts
from commissions.facts import Applied, Document, Line
from commissions.models import BillingFact, FactKind, LineKind
from elinkages.accounts.models import Membership, Msp
from referrals import contracts
from referrals.models import Contract
from tests import builders

AT = datetime(2026, 7, 1, 15, tzinfo=UTC)


@pytest.fixture
def contract(msp: Msp) -> Contract:
    return builders.a_deal(builders.a_partner())


def invoice(contract: Contract, external_id: str = "INV-1", minor: int = 100_000, **fields: Any) -> Document:
    told: dict[str, Any] = {
        "dated_on": date(2026, 5, 1), "lines": [Line(LineKind.SERVICE, minor, contract.service_line)], **fields
    }  # fmt: skip
    return Document(
        kind=FactKind.INVOICE, source="books", external_id=external_id, client=contract.client, currency="USD", **told
    )


def payment(contract: Contract, external_id: str = "PAY-1", **fields: Any) -> Document:
    told: dict[str, Any] = {"dated_on": date(2026, 5, 20), "applied": [Applied("INV-1", 100_000)], **fields}
    return Document(
        kind=FactKind.PAYMENT, source="books", external_id=external_id, client=contract.client, currency="USD", **told
    )


def revision(contract: Contract) -> int:
    return Contract.objects.get(pk=contract.pk).revision


def test_a_document_is_taken_once_however_often_it_comes(contract: Contract, owner: Membership) -> None:
    first = facts.receive([invoice(contract), payment(contract)], by=owner, at=AT)
    before = revision(contract)
    again = facts.receive([payment(contract), invoice(contract)], by=owner, at=AT + timedelta(days=1))

    assert (len(first.new), len(again.new), len(again.changed), again.unchanged) == (2, 0, 0, 2)
    assert revision(contract) == before
    assert BillingFact.objects.count() == 2


def test_a_changed_document_is_its_next_version_and_revises_the_contract(contract: Contract, owner: Membership) -> None:
    facts.receive([invoice(contract)], by=owner, at=AT)
    before = revision(contract)
    received = facts.receive([invoice(contract, minor=120_000)], by=owner, at=AT)

    assert [(one.version, one.minor, one.is_current) for one in BillingFact.objects.order_by("version")] == [
        (1, 100_000, False),
        (2, 120_000, True),
    ]
    assert len(received.changed) == 1
    assert revision(contract) > before


def test_every_kind_of_document_revises_the_contract_it_is_about(contract: Contract, owner: Membership) -> None:
    documents = [payment(contract), invoice(contract)]
    before = revision(contract)
    facts.receive(documents[:1], by=owner, at=AT)
    assert revision(contract) == before, "nobody knows yet what the payment is for"
    facts.receive(documents[1:2], by=owner, at=AT)
    after_invoice = revision(contract)
    assert after_invoice > before
    facts.receive([payment(contract, is_void=True)], by=owner, at=AT)
    assert revision(contract) > after_invoice


def test_an_invoice_that_moves_to_another_contract_revises_both(contract: Contract, owner: Membership) -> None:
    other = builders.a_contract(contract.client, 50_000)
    facts.receive([invoice(contract, lines=[Line("service", 100_000, contract=contract)])], by=owner, at=AT)
    before = revision(contract), revision(other)
    facts.receive([invoice(contract, lines=[Line("service", 100_000, contract=other)])], by=owner, at=AT)

    assert revision(contract) > before[0]
    assert revision(other) > before[1]


def test_the_earliest_payment_is_the_first_in_whatever_order_they_come(contract: Contract, owner: Membership) -> None:
    late = payment(contract, "PAY-2", dated_on=date(2026, 6, 9), applied=[Applied("INV-1", 10_000)])
    facts.receive([late], by=owner, at=AT)
    facts.receive([payment(contract, applied=[Applied("INV-1", 90_000)])], by=owner, at=AT)
    facts.receive([invoice(contract)], by=owner, at=AT)

    assert Contract.objects.get(pk=contract.pk).first_paid_on == date(2026, 5, 20)


def first_paid(contract: Contract) -> date | None:
    return Contract.objects.get(pk=contract.pk).first_paid_on


def test_when_the_first_payment_is_taken_back_the_next_one_is_the_first(contract: Contract, owner: Membership) -> None:
    first = payment(contract, applied=[Applied("INV-1", 50_000)])
    second = payment(contract, "PAY-2", dated_on=date(2026, 6, 9), applied=[Applied("INV-1", 50_000)])
    facts.receive([invoice(contract), first, second], by=owner, at=AT)
    facts.receive([replace(first, is_void=True)], by=owner, at=AT)
    assert first_paid(contract) == date(2026, 6, 9)
    facts.receive([replace(second, is_void=True)], by=owner, at=AT)
    assert first_paid(contract) is None


def test_a_payment_that_moves_to_a_later_day_and_an_invoice_that_is_voided_correct_the_first_day(
    contract: Contract, owner: Membership
) -> None:
    facts.receive([invoice(contract), payment(contract)], by=owner, at=AT)
    facts.receive([payment(contract, dated_on=date(2026, 6, 2))], by=owner, at=AT)
    assert first_paid(contract) == date(2026, 6, 2)
    facts.receive([invoice(contract, is_void=True)], by=owner, at=AT)
    assert first_paid(contract) is None


def test_a_first_day_that_a_person_typed_outlives_a_later_payment(contract: Contract, owner: Membership) -> None:
    contracts.record_first_payment(contract, on=date(2026, 5, 2), by=owner, at=AT)
    facts.receive([invoice(contract), payment(contract)], by=owner, at=AT)
    facts.receive([payment(contract, is_void=True)], by=owner, at=AT)
    assert first_paid(contract) == date(2026, 5, 2)


def test_lines_find_their_contract_by_service_line_or_because_it_is_the_only_one(
    contract: Contract, owner: Membership
) -> None:
    cloud = builders.a_service_line("Cloud")
    lines = [Line("service", 100, contract.service_line), Line("service", 50, cloud), Line("tax", 12)]
    facts.receive([invoice(contract, lines=lines)], by=owner, at=AT)
    fact = BillingFact.objects.get(is_current=True)
    assert {line.contract_id for line in fact.lines.all()} == {contract.pk}

    second = builders.a_contract(contract.client, 5_000)
    Contract.objects.filter(pk=second.pk).update(service_line=cloud)
    facts.receive([invoice(contract, "INV-2", lines=lines)], by=owner, at=AT)
    found = BillingFact.objects.get(external_id="INV-2")
    assert [line.contract_id for line in found.lines.order_by("position")] == [contract.pk, second.pk, None]


def test_lines_without_a_contract_find_it_once_it_is_there(msp: Msp, owner: Membership) -> None:
    client = builders.a_client()
    line = builders.a_service_line()
    document = Document(
        kind="invoice",
        source="books",
        external_id="INV-1",
        client=client,
        currency="USD",
        dated_on=date(2026, 5, 1),
        lines=[Line("service", 100, line)],
    )
    facts.receive([document], by=owner, at=AT)
    contract = builders.a_contract(client)

    assert facts.rematch_all([client], by=owner, at=AT) == 1
    assert BillingFact.objects.get(is_current=True).lines.get().contract_id == contract.pk
    assert facts.rematch_all([client], by=owner, at=AT) == 0


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"lines": []}, "Invoice INV-1: an invoice has at least one line."),
        ({"lines": [Line("service", -5)]}, "Invoice INV-1: it comes to less than zero. A negative invoice is a credit"),
        ({"applied": [Applied("INV-0", 5)]}, "Invoice INV-1: an invoice is paid by a payment"),
        ({"service_from": date(2026, 5, 1), "service_until": date(2026, 5, 1)}, "its period ends before it begins"),
        ({"lines": [Line("service", 5, service_until=date(2026, 5, 1))]}, "a line's period is empty"),
        ({"external_id": ""}, "it needs an id"),
        ({"lines": [Line("service", 10**16)]}, "larger than any amount"),
    ],
)
def test_an_invoice_that_contradicts_itself_is_refused(
    contract: Contract, owner: Membership, fields: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(facts.InvalidDocument) as refusal:
        facts.receive([invoice(contract, **fields)], by=owner, at=AT)
    assert sentence in refusal.value.message
    assert not BillingFact.objects.exists()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"minor": 50_000}, "its parts for invoices come to more than the whole"),
        ({"applied": [Applied("INV-1", 0)]}, "every part for an invoice is above zero"),
        ({"applied": [Applied("INV-1", 5), Applied("INV-1", 6)]}, "it names one invoice twice"),
        ({"lines": [Line("service", 5)]}, "a payment has no lines"),
    ],
)
def test_a_payment_that_contradicts_itself_is_refused(
    contract: Contract, owner: Membership, fields: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(facts.InvalidDocument) as refusal:
        facts.receive([payment(contract, **fields)], by=owner, at=AT)
    assert sentence in refusal.value.message


def test_money_of_tomorrow_and_in_another_currency_is_refused(contract: Contract, owner: Membership) -> None:
    with pytest.raises(facts.NotYet):
        facts.receive([payment(contract, dated_on=date(2026, 7, 2))], by=owner, at=AT)
    euros = replace(invoice(contract), currency="EUR")
    with pytest.raises(facts.OtherCurrency, match="Say what 1 EUR was in USD that day"):
        facts.receive([euros], by=owner, at=AT)


def test_an_invoice_in_another_currency_has_a_rate_and_is_paid_in_its_own(
    contract: Contract, owner: Membership
) -> None:
    euros = replace(invoice(contract), currency="EUR", rate_millionths=1_087_350)
    for wrong in (
        replace(euros, rate_millionths=0),
        replace(euros, currency="USD"),
        replace(payment(contract), currency="EUR", rate_millionths=1),
    ):
        with pytest.raises(facts.OtherCurrency):
            facts.receive([wrong], by=owner, at=AT)
    facts.receive([euros], by=owner, at=AT)
    assert facts.receive([euros], by=owner, at=AT).unchanged == 1
    with pytest.raises(facts.OtherCurrency, match="is in USD, and invoice"):
        facts.receive([payment(contract)], by=owner, at=AT)
    facts.receive([replace(payment(contract), currency="EUR")], by=owner, at=AT)
    assert facts.of_client(contract.client)[-1].rate == "1.08735"


def test_only_what_a_person_typed_can_be_taken_back_here(contract: Contract, owner: Membership) -> None:
    theirs = facts.receive([invoice(contract)], by=owner, at=AT).new[0]
    with pytest.raises(facts.InvalidDocument):
        facts.void(theirs, by=owner, at=AT)
    typed = replace(invoice(contract), source=facts.MANUAL)
    mine = facts.receive([typed], by=owner, at=AT).new[0]
    assert facts.void(mine, by=owner, at=AT).is_void
    mine.refresh_from_db()
    with pytest.raises(facts.InvalidDocument):
        facts.void(mine, by=owner, at=AT)


def test_facts_are_append_only_in_the_database(contract: Contract, owner: Membership) -> None:
    facts.receive([invoice(contract), payment(contract)], by=owner, at=AT)
    for table in ("commissions_billingfact", "commissions_billingline", "commissions_billingapplication"):
        for query in (f"DELETE FROM {table}", f"UPDATE {table} SET minor = 1"):
            with pytest.raises((ProgrammingError, IntegrityError)), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(query)
