"""A client's documents as they are now, and what was paid and credited on each invoice."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from commissions.engine import rate_digits
from commissions.models import BillingApplication, BillingFact, BillingLine, FactKind
from referrals.models import Client

MANUAL: Final = "manual"
"""The source of documents that a person typed."""
SPREADSHEET: Final = "spreadsheet"
"""The source of documents that a person brought in a file."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A document as it is now; of an invoice also what was paid (less refunds) and credited, in minor units."""

    fact: BillingFact
    lines: tuple[BillingLine, ...]
    paid_minor: int = 0
    credited_minor: int = 0
    invoices: tuple[str, ...] = ()

    @property
    def rate(self) -> str:
        """The rate at which an invoice in another currency counts; empty for every other document."""
        return rate_digits(self.fact.rate_millionths) if self.fact.rate_millionths else ""

    @property
    def open_minor(self) -> int:
        """What is still to be paid of an invoice."""
        return max(0, self.fact.minor - self.credited_minor - self.paid_minor)


def of_client(client: Client) -> list[Standing]:
    """A client's documents as they are now, newest first; voided ones too. Three queries."""
    found = list(BillingFact.objects.filter(client=client, is_current=True).order_by("-dated_on", "-pk"))
    lines: dict[UUID, list[BillingLine]] = {}
    for line in BillingLine.objects.filter(fact__in=found).select_related("service_line").order_by("position"):
        lines.setdefault(line.fact_id, []).append(line)
    numbers = {
        (one.source, one.external_id): one.number or one.external_id for one in found if one.kind == FactKind.INVOICE
    }
    by_id = {one.pk: one for one in found}
    sums: dict[tuple[str, str], list[int]] = {}
    named: dict[UUID, list[str]] = {}
    for part in BillingApplication.objects.filter(fact__in=found).order_by("pk"):
        key, fact = (part.source, part.invoice_external_id), by_id[part.fact_id]
        named.setdefault(fact.pk, []).append(numbers.get(key, part.invoice_external_id))
        if not fact.is_void:
            paid, credited = sums.setdefault(key, [0, 0]), fact.kind == FactKind.CREDIT_NOTE
            paid[credited] += -part.minor if fact.kind == FactKind.REFUND else part.minor
    return [_standing(one, lines.get(one.pk, []), sums, named.get(one.pk, [])) for one in found]


def _standing(
    one: BillingFact, lines: Sequence[BillingLine], sums: dict[tuple[str, str], list[int]], invoices: Sequence[str]
) -> Standing:
    is_invoice = one.kind == FactKind.INVOICE
    paid, credited = sums.get((one.source, one.external_id), [0, 0]) if is_invoice else [0, 0]
    return Standing(one, tuple(lines), paid, credited, tuple(invoices))


def open_to(client: Client, kind: str) -> list[Standing]:
    """The invoices typed here that a payment, credit note or refund can be for, those to be paid first."""
    typed = [
        one
        for one in of_client(client)
        if one.fact.kind == FactKind.INVOICE and one.fact.source == MANUAL and not one.fact.is_void
    ]
    if kind == FactKind.REFUND:
        typed = [one for one in typed if one.paid_minor]
    return sorted(typed, key=lambda one: not one.open_minor)
