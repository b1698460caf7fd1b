"""What the worked examples are told with: facts come in, a day passes, and the books are proved after each."""

from datetime import UTC, date, datetime
from typing import Any

from commissions import accruals, facts, invariants
from commissions.facts import Applied, Document, Line
from commissions.models import AccruedMonth, Entry, Pool, Stage
from commissions.terms import Percent
from elinkages.kernel.actors import System
from referrals.models import Contract

BY = System("Test")
COLLECTED = Percent(basis_points=1_000, base="collected", trigger="first_payment")
"""A tenth of what is paid."""
LINES = {"service": 320_000, "pass_through": 90_000, "hardware": 85_000, "tax": 46_250}
"""Of an invoice on which the first counts only."""


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 17, tzinfo=UTC)


def run(today: date) -> int:
    """What beat does on a day; then the books are right, and a second time changes nothing."""
    at = noon(today)
    posted = accruals.accrue(today=today, at=at) + accruals.release(today=today, at=at)
    pools = Pool.objects.count()
    assert accruals.accrue(today=today, at=at) == 0, "a rerun writes nothing"
    AccruedMonth.objects.all().delete()
    assert accruals.accrue(today=today, at=at) == 0, "nor does one that looks at every contract again"
    assert Pool.objects.count() == pools, "a rerun computes nothing"
    assert invariants.check(today=today) == []
    return posted


def told(**where: object) -> list[tuple[str, str, str, int]]:
    """(earning month, posting month, kind, minor) of the entries that count, in order."""
    entries = Entry.objects.filter(**where).exclude(stage=Stage.VOID).order_by("earning_month", "pk")
    return [(f"{one.earning_month:%Y-%m}", f"{one.posting_month:%Y-%m}", one.kind, one.minor) for one in entries]


def total(**where: object) -> int:
    return sum(minor for *_, minor in told(**where))


def pay(contract: Contract, on: date, minor: int, *, for_: str = "1", key: str = "", **fields: Any) -> None:
    """A payment for an invoice."""
    key = key or f"{for_}-{on}"
    receive(contract, "payment", key, on, applied=[Applied(for_, minor)], **fields)


def bill(contract: Contract, on: date, lines: dict[str, int], *, key: str = "1", **fields: Any) -> None:
    """An invoice with lines by kind."""
    receive(contract, "invoice", key, on, lines=[Line(kind, minor) for kind, minor in lines.items()], **fields)


def receive(contract: Contract, kind: str, key: str, on: date, **fields: Any) -> None:
    fields = {"currency": contract.currency, **fields}
    document = Document(kind=kind, source="books", external_id=key, client=contract.client, dated_on=on, **fields)
    facts.receive([document], by=BY, at=noon(date(2027, 12, 1)))
