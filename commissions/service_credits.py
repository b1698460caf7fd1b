"""Service credit after it was given: open until it is applied to an invoice of the partner (ADR 34).

A credit is a payout of the credit rail. What of it is open is its amount less its live uses; the books say the same in
the account `credit`, and `check_books` compares the two. Money and credit are never netted with each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Max, Q, QuerySet, Sum
from django.db.models.functions import ExtractYear

from commissions import ledger
from commissions.models import Account, CreditApplication, CreditUse, PaidIn, Payout, PayoutState
from commissions.payouts import letters
from commissions.payouts.due import refuse_if_parked
from elinkages.accounts.models import Membership, Msp
from elinkages.audit import trail
from elinkages.kernel.money import format_money
from elinkages.kernel.refusal import Refused
from elinkages.kernel.tenancy import current_msp_id
from elinkages.kernel.words import say_day
from partners.models import Partner

REFERENCE_LENGTH: Final = 140
REASON_LENGTH: Final = 300


class NotEnough(Refused):
    """More than the partner has open, or nothing at all."""


class Unfit(Refused):
    """The reference or the day cannot be right."""


class UndoneBefore(Refused):
    """The credit is open again already."""


@dataclass(frozen=True, slots=True)
class Credit:
    """A credit that was given, and what of it is open, in minor units."""

    payout: Payout
    open_minor: int


@dataclass(frozen=True, slots=True)
class Balance:
    """What of a partner's service credit is open, in minor units, and in how many credits."""

    partner_id: UUID
    name: str
    minor: int
    credits: int
    oldest_on: date


@dataclass(frozen=True, slots=True)
class YearTotal:
    """What a partner was given in a calendar year, less what was taken back in it: income at fair market value."""

    partner_id: UUID
    name: str
    given: int
    taken_back: int

    @property
    def minor(self) -> int:
        """What the year's tax form counts, in minor units."""
        return self.given - self.taken_back


def given(partner: Partner, *, on: date | None = None) -> list[Credit]:
    """The credits that a partner was given, oldest first; with `on` only those given by that day."""
    live = Sum("credit_uses__minor", filter=Q(credit_uses__application__undone_at__isnull=True))
    found = Payout.objects.filter(partner=partner, paid_in=PaidIn.CREDIT, state=PayoutState.PAID).order_by("number")
    found = found if on is None else found.filter(paid_on__lte=on)
    return [Credit(payout, payout.minor - int(payout.used or 0)) for payout in found.annotate(used=live)]


def open_minor(partner: Partner) -> int:
    """What of a partner's credit is open, in minor units."""
    return sum(credit.open_minor for credit in given(partner))


def balances() -> list[Balance]:
    """Every partner with open credit, by name."""
    with connection.cursor() as cursor:
        cursor.execute(_BALANCES, {"msp": current_msp_id()})
        return [Balance(*row) for row in cursor.fetchall()]


def applications() -> QuerySet[CreditApplication]:
    """What was applied to invoices, newest first."""
    return CreditApplication.objects.select_related("partner").order_by("-number")


def applications_of(partner: Partner) -> list[CreditApplication]:
    """What was applied to a partner's invoices, newest first, with the credits that it came out of."""
    found = applications().filter(partner=partner).prefetch_related("uses__payout")
    return list(found)


def year_totals(year: int) -> list[YearTotal]:
    """What every partner was given and gave back in a calendar year, by name."""
    credits = Payout.objects.filter(paid_in=PaidIn.CREDIT, state__in=[PayoutState.PAID, PayoutState.RETURNED])
    rows = (
        credits.filter(Q(paid_on__year=year) | Q(returned_on__year=year))
        .values("partner_id", "partner__name")
        .annotate(
            given=Sum("minor", filter=Q(paid_on__year=year), default=0),
            taken_back=Sum("minor", filter=Q(returned_on__year=year), default=0),
        )
        .order_by("partner__name_key", "partner_id")
    )
    return [
        YearTotal(row["partner_id"], row["partner__name"], int(row["given"]), int(row["taken_back"])) for row in rows
    ]


def years() -> list[int]:
    """The calendar years in which credit was given, newest first."""
    paid = Payout.objects.filter(paid_in=PaidIn.CREDIT, paid_on__isnull=False)
    found = paid.annotate(year=ExtractYear("paid_on")).values_list("year", flat=True)
    return list(found.order_by("-year").distinct())


@transaction.atomic
def apply(
    partner: Partner, *, minor: int, reference: str, applied_on: date, by: Membership, at: datetime
) -> CreditApplication:
    """Record that credit was applied to an invoice of the partner, out of the oldest credits first; tell the partner.

    Raises NotEnough for more than had been given by that day and is open, Unfit for an empty or too long reference or
    a day to come, Parked while the books are in doubt.
    """
    msp = Msp.objects.get(pk=current_msp_id())
    refuse_if_parked(msp)
    ledger.lock_entries()
    ledger.lock()
    reference = _checked(reference)
    if applied_on > msp.today(at):
        raise Unfit("The day is in the future. Record it once the invoice has been issued.")
    parts = _parts(partner, minor, applied_on, msp.currency)
    number = (CreditApplication.objects.aggregate(last=Max("number"))["last"] or 0) + 1
    application = CreditApplication.objects.create(
        partner=partner,
        number=number,
        minor=minor,
        currency=msp.currency,
        reference=reference,
        applied_on=applied_on,
        applied_at=at,
        applied_by=by,
    )
    uses = [CreditUse(application=application, payout=payout, minor=part) for payout, part in parts]
    CreditUse.objects.bulk_create(uses)
    _post(application, uses, "apply", Account.CREDIT, Account.INVOICES, on=applied_on, by=by, at=at)
    facts = {"amount_minor": minor, "currency": msp.currency, "reference": reference, "applied_on": applied_on}
    trail.record("service_credit.applied", partner, by=by, at=at, **facts)
    letters.applied(application, still_open=open_minor(partner), at=at)
    return application


@transaction.atomic
def undo(application: CreditApplication, *, reason: str, by: Membership, at: datetime) -> CreditApplication:
    """Take back that credit was applied to an invoice: it is open again. Raises UndoneBefore, Parked."""
    msp = Msp.objects.get(pk=current_msp_id())
    refuse_if_parked(msp)
    ledger.lock_entries()
    ledger.lock()
    claimed = CreditApplication.objects.filter(pk=application.pk, undone_at__isnull=True).update(
        undone_at=at, undone_by=by, undone_reason=reason.strip()
    )
    application.refresh_from_db()
    if not claimed:
        raise UndoneBefore(f"{application} has already been undone. Nothing was changed.")
    uses = list(application.uses.order_by("pk"))
    _post(application, uses, "unapply", Account.INVOICES, Account.CREDIT, on=msp.today(at), by=by, at=at)
    facts = {"amount_minor": application.minor, "currency": application.currency, "reference": application.reference}
    trail.record("service_credit.undone", application.partner, by=by, at=at, **facts, reason=reason)
    return application


def _parts(partner: Partner, minor: int, on: date, currency: str) -> list[tuple[Payout, int]]:
    """The amount out of the oldest credits first. Raises NotEnough."""
    credits = given(partner, on=on)
    there = sum(credit.open_minor for credit in credits)
    if minor <= 0:
        raise NotEnough("Enter how much of the credit was applied, above zero.")
    if minor > there:
        amount = format_money(there, currency) if there else "no service credit"
        raise NotEnough(f"{partner.name} had {amount} open on {say_day(on)}. Enter that much or less.")
    parts: list[tuple[Payout, int]] = []
    for credit in credits:
        part = min(minor, credit.open_minor)
        minor -= part
        if part:
            parts.append((credit.payout, part))
    return parts


def _checked(reference: str) -> str:
    reference = " ".join(reference.split())
    if not any(character.isalnum() for character in reference):
        raise Unfit("Enter the number of the invoice that the credit was applied to.")
    if len(reference) > REFERENCE_LENGTH:
        raise Unfit(f"The number of the invoice is longer than {REFERENCE_LENGTH} characters.")
    return reference


def _post(
    application: CreditApplication,
    uses: Sequence[CreditUse],
    kind: str,
    debit: Account,
    credit: Account,
    *,
    on: date,
    by: Membership,
    at: datetime,
) -> None:
    lines = [
        ledger.Line(debit, credit, use.minor, application.currency, application.partner_id, payout_id=use.payout_id)
        for use in uses
    ]
    source = f"credit:{application.pk}:{kind}"
    ledger.post(source=source, kind=kind, lines=lines, effective_on=on, by=by, at=at)


_BALANCES: Final = """
SELECT p.id, p.name, sum(c.open)::bigint, count(*), min(c.paid_on)
FROM (
    SELECT payout.partner_id, payout.paid_on, payout.minor - coalesce((
        SELECT sum(use.minor) FROM commissions_credituse use JOIN commissions_creditapplication application
            ON application.msp_id = use.msp_id AND application.id = use.application_id
        WHERE use.msp_id = %(msp)s AND use.payout_id = payout.id AND application.undone_at IS NULL), 0) AS open
    FROM commissions_payout payout
    WHERE payout.msp_id = %(msp)s AND payout.paid_in = 'credit' AND payout.state = 'paid') c
    JOIN partners_partner p ON p.msp_id = %(msp)s AND p.id = c.partner_id
WHERE c.open > 0 GROUP BY p.id, p.name, p.name_key ORDER BY p.name_key, p.id
"""
