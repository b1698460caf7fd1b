"""What must hold of money on invoices, whatever happens to them: pieces, orders, reversals."""

from datetime import date, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from commissions.engine import Billed, Event, Exchange, Invoice, receipts

DAY = date(2026, 5, 1)
KINDS = ("service", "hardware", "tax")
LINES = st.lists(
    st.builds(
        lambda kind, minor, months: Billed(
            "ours" if kind != "hardware" else "theirs", kind, "", minor, DAY + timedelta(days=31 * months)
        ),
        st.sampled_from(KINDS),
        st.integers(1, 10**7),
        st.integers(0, 2),
    ),
    min_size=1,
    max_size=6,
)
EVENTS = st.lists(
    st.tuples(st.sampled_from(["payment", "payment", "credit_note", "refund"]), st.integers(1, 10**7)), max_size=8
)


def counts(line: Billed) -> bool:
    return line.kind == "service"


def total(*invoices: Invoice) -> int:
    return sum(one.eligible_minor for one in receipts(invoices, "ours", counts, "USD"))


def happened(events: list[tuple[str, int]]) -> tuple[Event, ...]:
    return tuple(
        Event(DAY + timedelta(days=number), kind, str(number), minor)  # type: ignore[arg-type]
        for number, (kind, minor) in enumerate(events)
    )


@given(LINES, EVENTS, st.randoms(use_true_random=False))
def test_the_order_in_which_events_are_told_changes_nothing(
    lines: list[Billed], events: list[tuple[str, int]], random: Random
) -> None:
    told = list(happened(events))
    mixed = list(told)
    random.shuffle(mixed)
    whole, again = Invoice(tuple(lines), tuple(told)), Invoice(tuple(reversed(lines)), tuple(mixed))
    assert receipts([whole], "ours", counts, "USD") == receipts([again], "ours", counts, "USD")


@given(LINES, EVENTS)
def test_never_more_than_was_paid_nor_than_the_lines_nor_less_than_nothing(
    lines: list[Billed], events: list[tuple[str, int]]
) -> None:
    for end in range(len(events) + 1):
        part = happened(events[:end])
        paid = sum(one.minor if one.kind == "payment" else -one.minor for one in part if one.kind != "credit_note")
        found = total(Invoice(tuple(lines), part))
        assert 0 <= found <= max(0, paid)
        assert found <= sum(line.minor for line in lines if line.kind == "service")


@given(LINES, st.lists(st.integers(1, 10**6), min_size=1, max_size=6))
def test_pieces_bring_exactly_what_one_payment_would(lines: list[Billed], pieces: list[int]) -> None:
    apart = Invoice(tuple(lines), happened([("payment", minor) for minor in pieces]))
    at_once = Invoice(tuple(lines), happened([("payment", sum(pieces))]))
    assert total(apart) == total(at_once)


@given(LINES, st.integers(1, 10**8))
def test_a_full_refund_and_a_full_credit_note_return_everything(lines: list[Billed], paid: int) -> None:
    whole = sum(line.minor for line in lines)
    for back in (("refund", paid), ("credit_note", whole)):
        assert total(Invoice(tuple(lines), happened([("payment", paid), back]))) == 0


@given(LINES)
def test_paid_in_full_every_line_that_counts_counts_in_full(lines: list[Billed]) -> None:
    whole = Invoice(tuple(lines), happened([("payment", sum(line.minor for line in lines))]))
    assert total(whole) == sum(line.minor for line in lines if line.kind == "service")


@given(LINES, st.lists(st.integers(1, 10**6), min_size=1, max_size=5), st.integers(1, 10**9))
def test_pieces_of_an_invoice_in_another_currency_bring_what_the_whole_would(
    lines: list[Billed], pieces: list[int], rate_millionths: int
) -> None:
    exchange = Exchange("EUR", rate_millionths)
    apart = Invoice(tuple(lines), happened([("payment", minor) for minor in pieces]), exchange)
    at_once = Invoice(tuple(lines), happened([("payment", sum(pieces))]), exchange)
    back = Invoice(tuple(lines), happened([("payment", sum(pieces)), ("refund", sum(pieces))]), exchange)
    assert total(apart) == total(at_once)
    assert total(back) == 0
