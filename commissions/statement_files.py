"""Statements as files: a PDF under the MSP's name, and the same lines as CSV."""

from collections.abc import Iterator, Sequence
from datetime import datetime, time
from typing import Any, Final

from commissions.models import EntryKind, PayoutState
from commissions.monthly import Booking, MonthStatement
from commissions.statements import Line, Statement
from elinkages.accounts import branding
from elinkages.accounts.models import Msp
from elinkages.kernel import csv_cells, pdf
from elinkages.kernel.money import bare_money, format_money, plain_money
from elinkages.kernel.words import say_day

HEADER: Final = ("Type", "Date", "Client", "Service line", "Earned in", "Why", "Amount", "Currency", "Reference")


def payout_pdf(statement: Statement, msp: Msp) -> bytes:
    """The statement of a payout, always the same bytes while nothing about it changes."""
    return payout_pdfs([statement], msp)[0]


def payout_pdfs(statements: Sequence[Statement], msp: Msp) -> list[bytes]:
    """The same of several payouts, set together."""
    head, files = branding.letterhead(msp)
    documents = [(head | _payout_data(one, msp), _set_at(one, msp)) for one in statements]
    return pdf.render_many("statement", documents, files=files)


def _payout_data(statement: Statement, msp: Msp) -> dict[str, Any]:
    payout = statement.payout
    return {
        "title": f"Statement {payout.number}",
        "partner": payout.partner.name,
        "facts": _payout_facts(statement),
        "notice": _notice(statement),
        "currency": payout.currency,
        "opening": None,
        "lines": [_line(line, payout.currency) for line in statement.lines],
        "added": ["Earned", bare_money(statement.earned, payout.currency)] if statement.taken_back else None,
        "taken_back": ["Taken back", bare_money(statement.taken_back, payout.currency)],
        "payments": [],
        "closing": [_outcome(statement), format_money(payout.minor, payout.currency)],
        "foot": _foot(msp),
    }


def _set_at(statement: Statement, msp: Msp) -> datetime:
    return datetime.combine(statement.payout.paid_on or statement.last_month, time(12), tzinfo=msp.zone)


def month_pdf(statement: MonthStatement, msp: Msp, *, at: datetime) -> bytes:
    """The statement of a month as the books stand at an instant; the same bytes all day."""
    currency, today = statement.currency, msp.today(at)
    head, files = branding.letterhead(msp)
    data: dict[str, Any] = {
        **head,
        "title": f"Account statement, {statement.month:%B %Y}",
        "partner": statement.partner.name,
        "facts": [["As recorded on", say_day(today)]],
        "notice": "" if statement.is_over else "This month is not over: more may be added.",
        "currency": currency,
        "opening": [f"Owed on {say_day(statement.month)}", bare_money(statement.opening, currency)],
        "lines": [_booking(booking, currency) for booking in statement.bookings],
        "added": ["Added in this month", bare_money(statement.added, currency)],
        "taken_back": None,
        "payments": [
            [say_day(payment.on), payment.label, payment.payout.reference, bare_money(payment.minor, currency)]
            for payment in statement.payments
        ],
        "closing": [_owed(statement), format_money(statement.closing, currency)],
        "foot": _foot(msp),
    }
    return pdf.render("statement", data, at=datetime.combine(today, time(), tzinfo=msp.zone), files=files)


def payout_csv(statement: Statement) -> bytes:
    """The lines of a payout and what was paid, one row each."""
    return csv_cells.write([HEADER, *payout_rows(statement)])


def payout_rows(statement: Statement) -> Iterator[Sequence[str]]:
    """The same, without the head."""
    payout = statement.payout
    for line in statement.lines:
        yield _row(line.entry.get_kind_display(), line, payout.currency)
    paid_on = payout.paid_on.isoformat() if payout.paid_on else ""
    told, amount = f"Statement {payout.number}", plain_money(payout.minor, payout.currency)
    yield (_outcome(statement), paid_on, "", "", "", told, amount, payout.currency, payout.reference)


def month_csv(statement: MonthStatement) -> bytes:
    """Opening balance, every line, every payment, closing balance; the amounts add up to the last one."""
    return csv_cells.write(_month_rows(statement))


def _month_rows(statement: MonthStatement) -> Iterator[Sequence[str]]:
    currency = statement.currency
    yield HEADER
    yield _balance_row("Opening balance", statement.opening, currency)
    for booking in statement.bookings:
        yield _row(booking.label or EntryKind.ACCRUAL.label, booking, currency)
    for payment in statement.payments:
        amount = plain_money(payment.minor, currency)
        yield (payment.label, payment.on.isoformat(), "", "", "", "", amount, currency, payment.payout.reference)
    yield _balance_row("Closing balance", statement.closing, currency)


def _balance_row(label: str, minor: int, currency: str) -> Sequence[str]:
    return (label, "", "", "", "", "", plain_money(minor, currency), currency, "")


def _row(kind: str, line: Line | Booking, currency: str) -> Sequence[str]:
    earned = f"{line.entry.earning_month:%Y-%m}"
    origin = line.origin
    amount = plain_money(line.minor, currency)
    return (kind, "", origin.name, origin.service_line, earned, line.reason, amount, currency, "")


def _line(line: Line, currency: str) -> dict[str, str]:
    is_commission = line.entry.kind == EntryKind.ACCRUAL
    why = line.reason if is_commission else f"{line.entry.get_kind_display()}: {line.reason}"
    return _cells(line, why, currency)


def _booking(booking: Booking, currency: str) -> dict[str, str]:
    why = f"{booking.label}: {booking.reason}" if booking.label else booking.reason
    return _cells(booking, why, currency)


def _cells(line: Line | Booking, why: str, currency: str) -> dict[str, str]:
    return {
        "client": line.origin.name,
        "service_line": line.origin.service_line,
        "month": f"{line.entry.earning_month:%b %Y}",
        "why": why,
        "amount": bare_money(line.minor, currency),
    }


def _payout_facts(statement: Statement) -> list[list[str]]:
    payout = statement.payout
    period = f"{statement.first_month:%B %Y}"
    if not statement.is_one_month:
        period += f" to {statement.last_month:%B %Y}"
    facts = [["Earned in", period]]
    if payout.paid_on:
        facts.append(["Given on" if payout.is_credit else "Paid on", say_day(payout.paid_on)])
    if payout.reference:
        facts.append(["Bank reference", payout.reference])
    return [*facts, ["Our reference", payout.code]]


def _notice(statement: Statement) -> str:
    if statement.payout.is_credit and statement.payout.state == PayoutState.RETURNED:
        return f"This credit was taken back. {statement.payout.ended_reason} The whole amount is payable again."
    if statement.payout.is_credit:
        return "This is service credit: it is applied to your invoices and not paid in money."
    if statement.payout.state == PayoutState.RETURNED:
        return f"This payment came back. {statement.payout.ended_reason} The whole amount is payable again."
    return ""


def _outcome(statement: Statement) -> str:
    state = statement.payout.state
    if statement.payout.is_credit:
        return "Given as service credit, taken back" if state == PayoutState.RETURNED else "Given as service credit"
    if state == PayoutState.RETURNED:
        return "Paid, came back"
    return "Paid" if state == PayoutState.PAID else "On its way"


def _owed(statement: MonthStatement) -> str:
    return "Owed at the end of the month" if statement.is_over else "Owed now"


def _foot(msp: Msp) -> str:
    brand = branding.of(msp)
    return f"{brand.name}. Questions: {brand.reply_to}" if brand.reply_to else brand.name
