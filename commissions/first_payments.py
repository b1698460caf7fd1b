"""The day on which the first invoice of a contract was paid, as billing facts tell it.

A day that a person typed stays unless a payment was earlier.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

from django.db import connection

from elinkages.kernel.actors import Actor
from elinkages.kernel.tenancy import current_msp_id
from referrals import contracts
from referrals.models import Contract


def note(fact_ids: Sequence[UUID], *, by: Actor, at: datetime) -> None:
    """The earliest payment for a contract is its first: the same day, whatever came in first."""
    with connection.cursor() as cursor:
        cursor.execute(_FIRST_PAID, {"msp": current_msp_id(), "facts": list(fact_ids)})
        days: dict[UUID, date] = dict(cursor.fetchall())
    paid = {one: days[one.pk] for one in Contract.objects.filter(pk__any_of=days).order_by("pk")}
    if paid:
        contracts.record_first_payments(paid, by=by, at=at)


def noted_from(fact_ids: Sequence[UUID]) -> list[UUID]:
    """Contracts whose first payment is known from these facts, which are about to be replaced."""
    if not fact_ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_NOTED, {"msp": current_msp_id(), "facts": list(fact_ids)})
        return [contract_id for (contract_id,) in cursor.fetchall()]


def correct(contract_ids: Sequence[UUID], *, by: Actor, at: datetime) -> None:
    """Their first payment is the earliest that is left, or there is none."""
    if not contract_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(_LEFT, {"msp": current_msp_id(), "contracts": list(contract_ids)})
        days: dict[UUID, date] = dict(cursor.fetchall())
    known = Contract.objects.filter(pk__any_of=contract_ids).order_by("pk")
    corrected = {one: days.get(one.pk) for one in known if one.first_paid_on != days.get(one.pk)}
    if corrected:
        contracts.record_first_payments(corrected, by=by, at=at)


_PAYMENTS: Final = """commissions_billingfact invoice
    JOIN commissions_billingline line ON line.msp_id = invoice.msp_id AND line.fact_id = invoice.id
    JOIN referrals_contract contract ON contract.msp_id = invoice.msp_id AND contract.id = line.contract_id
    JOIN commissions_billingapplication application ON application.msp_id = invoice.msp_id
        AND application.source = invoice.source AND application.invoice_external_id = invoice.external_id
    JOIN commissions_billingfact payment ON payment.msp_id = invoice.msp_id AND payment.id = application.fact_id
        AND payment.kind = 'payment' AND payment.is_current AND NOT payment.is_void
WHERE invoice.msp_id = %(msp)s AND invoice.kind = 'invoice' AND invoice.is_current AND NOT invoice.is_void
"""
"""Every payment for every contract, by the lines of the invoices that it is for."""
# The queries below are put together from this constant alone; every value is a parameter (S608).
_FIRST_PAID: Final = f"""
WITH touched AS (
    SELECT DISTINCT application.source, application.invoice_external_id AS external_id
    FROM commissions_billingapplication application
    WHERE application.msp_id = %(msp)s AND application.fact_id = ANY(%(facts)s)
    UNION SELECT fact.source, fact.external_id FROM commissions_billingfact fact
    WHERE fact.msp_id = %(msp)s AND fact.id = ANY(%(facts)s) AND fact.kind = 'invoice')
SELECT contract.id, min(payment.dated_on) FROM {_PAYMENTS}
    AND (invoice.source, invoice.external_id) IN (SELECT source, external_id FROM touched)
GROUP BY contract.id, contract.first_paid_on
HAVING contract.first_paid_on IS NULL OR min(payment.dated_on) < contract.first_paid_on
"""
_NOTED: Final = f"""
SELECT DISTINCT contract.id FROM {_PAYMENTS}
    AND (invoice.id = ANY(%(facts)s) OR payment.id = ANY(%(facts)s)) AND payment.dated_on = contract.first_paid_on
"""
_LEFT: Final = f"""
SELECT contract.id, min(payment.dated_on) FROM {_PAYMENTS} AND contract.id = ANY(%(contracts)s) GROUP BY contract.id
"""
