"""Amounts that are owed, written straight into the books: for tests that begin where accruals end."""

from datetime import UTC, date, datetime

from commissions import ledger
from commissions.models import Account, Entry, EntryKind, PaidIn, Pool, Stage
from elinkages.kernel.actors import System
from partners.models import Partner
from referrals.models import Contract

BY = System("Test")
MONTH = date(2026, 1, 1)


def noon(day: date) -> datetime:
    """Midday in UTC: the same calendar day in New York."""
    return datetime(day.year, day.month, day.day, 17, tzinfo=UTC)


def accrued(
    partner: Partner,
    minor: int,
    *,
    on: date = date(2026, 2, 1),
    hold_until: date | None = None,
    contract: Contract | None = None,
    month: date = MONTH,
    paid_in: PaidIn = PaidIn.MONEY,
) -> Entry:
    """An amount in the books that is held until a day (by default the day it was accrued on)."""
    pool = Pool.objects.create(
        contract=contract,
        component=f"test {Pool.objects.count()}",
        earning_month=month,
        seq=1,
        currency="USD",
        amount_minor=minor,
        shared_minor=minor,
        input_sha256=b"0" * 32,
        reason=f"10% of MRR for {month:%B %Y}",
        explain={"steps": ["a × b"], "inputs": {}, "shares": [[str(partner.pk), 10_000]]},
        computed_at=noon(on),
    )
    entry = Entry.objects.create(
        pool=pool,
        partner=partner,
        kind=EntryKind.CLAWBACK if minor < 0 else EntryKind.ACCRUAL,
        earning_month=month,
        posting_month=on.replace(day=1),
        minor=minor,
        currency="USD",
        hold_until=hold_until or on,
        paid_in=paid_in,
        created_at=noon(on),
    )
    _post(entry, Account.EXPENSE, Account.ACCRUED, "accrual", on)
    return entry


def payable(
    partner: Partner,
    minor: int,
    *,
    on: date = date(2026, 2, 1),
    contract: Contract | None = None,
    paid_in: PaidIn = PaidIn.MONEY,
) -> Entry:
    """An amount that may be paid from a day on."""
    entry = accrued(partner, minor, on=on, contract=contract, paid_in=paid_in)
    entry.stage = Stage.PAYABLE
    entry.save(update_fields=["stage"])
    _post(entry, Account.ACCRUED, Account.PAYABLE, "release", on)
    return entry


def _post(entry: Entry, debit: Account, credit: Account, kind: str, on: date) -> None:
    line = ledger.Line(debit, credit, entry.minor, entry.currency, entry.partner_id, entry.pk)
    ledger.post(source=f"{kind}:{entry.pk}", kind=kind, lines=[line], effective_on=on, by=BY, at=noon(on))
