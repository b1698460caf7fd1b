"""docs/algorithms/commission.md, executed: every number on the page is what the engine says."""

import json
from datetime import date
from typing import Any

import pytest

from commissions.engine import (
    Deal,
    Exchange,
    Movement,
    Pause,
    Receipt,
    Standing,
    Version,
    accrues_on,
    add_months,
    earning_months,
    eligible_collected,
    evaluate,
    hold_until,
    payable_now,
    split,
    targets,
    terms_for,
    tier_period,
)
from commissions.terms import Combined, Tiered, describe, from_json
from elinkages.kernel.money import format_money, parse_money
from tests.tables import rows

PAGE = "commission.md"
TERMS = {row["Name"]: from_json(json.loads(row["Terms"])) for row in rows(PAGE, "Name", "Terms", "In words")}
FACTS = {row["Name"]: json.loads(row["Facts"]) for row in rows(PAGE, "Name", "Facts")}
Row = dict[str, str]


def a_deal(name: str) -> Deal:
    """The contract of that name on the page, read from its facts."""
    facts: dict[str, Any] = dict(FACTS[name])
    currency = facts.pop("currency", "USD")
    exchange = Exchange(*facts.pop("exchange")) if "exchange" in facts else None
    receipts = [
        Receipt(day(on), day(paid), minor(amount, currency), day(until[0]) if until else None)
        for on, paid, amount, *until in facts.pop("receipts", [])
    ]
    if "collected_monthly" in facts:
        first, months, amount = facts.pop("collected_monthly")
        days = [add_months(day(first), index) for index in range(months)]
        receipts = [Receipt(one, one, minor(amount, currency)) for one in days]
    return Deal(
        currency=currency,
        mrr_minor=minor(facts.pop("mrr"), currency),
        movements=tuple(Movement(day(on), minor(to, currency)) for on, to in facts.pop("movements", [])),
        pauses=tuple(Pause(day(start), day(end)) for start, end in facts.pop("pauses", [])),
        receipts=tuple(receipts),
        exchange=exchange,
        **{name: day(value) for name, value in facts.items()},
    )


def day(text: str) -> date:
    return date.fromisoformat(text)


def month(text: str) -> date:
    return date.fromisoformat(f"{text}-01")


def minor(text: str, currency: str = "USD") -> int:
    return parse_money(text, currency).minor


def single(name: str) -> Any:
    terms = TERMS[name]
    assert not isinstance(terms, Combined)
    return terms


def named(row: Row) -> str:
    return " ".join(
        row[key] for key in ("#", "Reset", "Day", "Terms", "Contract", "Month", "Balance", "Pool") if row.get(key)
    )


def every(*columns: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", rows(PAGE, *columns), ids=named)


@pytest.mark.parametrize("row", rows(PAGE, "Name", "Terms", "In words"), ids=lambda row: row["Name"])
def test_terms_are_said_as_the_page_says(row: Row) -> None:
    assert describe(TERMS[row["Name"]], "USD") == row["In words"]


@every("#", "Terms", "Contract", "Month", "Target", "Reason")
def test_a_target_and_its_reason_are_as_the_page_says(row: Row) -> None:
    deal = a_deal(row["Contract"])
    line = evaluate(single(row["Terms"]), deal, month(row["Month"]))
    assert format_money(line.amount_minor, deal.currency).replace("\xa0", " ") == row["Target"]
    assert line.reason.replace("\xa0", " ") == row["Reason"]
    assert json.loads(json.dumps(line.inputs)) == line.inputs
    assert all(line.steps)


@every("#", "Terms", "Contract", "Month", "Before", "Total", "Target", "Reason")
def test_tiers_pay_what_the_page_says(row: Row) -> None:
    terms = single(row["Terms"])
    assert isinstance(terms, Tiered)
    count = int if terms.tier_base == "wins" else minor
    standing = Standing(count(row["Before"]), count(row["Total"])) if row["Total"] else None
    line = evaluate(terms, a_deal(row["Contract"]), month(row["Month"]), standing=standing)
    assert format_money(line.amount_minor, "USD") == row["Target"]
    assert line.reason == row["Reason"]
    assert json.loads(json.dumps(line.inputs)) == line.inputs


@every("Reset", "Day", "From", "Until")
def test_tiers_count_in_the_period_of_the_page(row: Row) -> None:
    reset: Any = row["Reset"]
    start, until = tier_period(reset, day(row["Day"]), date(2025, 1, 31))
    assert [str(start), str(until or "")] == [row["From"], row["Until"]]


@every("#", "Terms", "Contract", "Through", "Months", "Total")
def test_whole_terms_come_to_what_the_page_says(row: Row) -> None:
    terms, deal, through = single(row["Terms"]), a_deal(row["Contract"]), month(row["Through"])
    lines = targets(terms, deal, through)
    assert len(lines) == int(row["Months"])
    assert format_money(sum(line.amount_minor for line in lines.values()), "USD") == row["Total"]
    assert tuple(lines) == earning_months(terms, deal, through)
    assert lines == {one: evaluate(terms, deal, one) for one in lines}


@every("#", "Invoice", "Eligible", "Paid before", "Paid", "Eligible part")
def test_payments_fall_on_lines_as_the_page_says(row: Row) -> None:
    lines = {key: minor(amount) for key, amount in json.loads(row["Invoice"]).items()}
    eligible = frozenset(row["Eligible"].split(", "))
    part = eligible_collected(lines, eligible, minor(row["Paid before"]), minor(row["Paid"]))
    assert format_money(part, "USD") == row["Eligible part"]


@every("#", "Terms", "Contract", "Month", "Accrues on", "Held until")
def test_holds_end_when_the_page_says(row: Row) -> None:
    asked = single(row["Terms"]), a_deal(row["Contract"]), month(row["Month"])
    assert str(accrues_on(*asked)) == row["Accrues on"]
    assert str(hold_until(*asked)) == row["Held until"]


@every("#", "Pool", "Shares", "Parts", "Stays with the MSP")
def test_pools_are_shared_as_the_page_says(row: Row) -> None:
    found = split(minor(row["Pool"]), list(json.loads(row["Shares"]).items()))
    assert found.partners == {key: minor(part) for key, part in json.loads(row["Parts"]).items()}
    assert format_money(found.kept, "USD") == row["Stays with the MSP"]


@every("#", "Balance", "Minimum", "Paid")
def test_a_run_pays_what_the_page_says(row: Row) -> None:
    paid = payable_now(minor(row["Balance"]), minor(row["Minimum"]))
    assert format_money(paid, "USD") == row["Paid"]


@every("#", "Won on", "Month", "Policy", "Terms")
def test_the_version_in_force_is_the_one_on_the_page(row: Row) -> None:
    change = date(2026, 7, 1)
    versions = [Version(date(2026, 1, 1), change, TERMS["10%"]), Version(change, None, TERMS["7%"])]
    policy: Any = row["Policy"]
    found = terms_for(versions, won_on=day(row["Won on"]), month=month(row["Month"]), policy=policy)
    assert found == TERMS[row["Terms"]]
