"""What a partner is told about a payout: that it is paid, came back, or was applied to an invoice as service credit."""

from datetime import datetime
from typing import Any

from commissions.models import CreditApplication, Payout
from elinkages.accounts import doors
from elinkages.kernel.money import format_money
from elinkages.mail import outbox
from partners.models import Partner


def paid(payout: Payout, *, at: datetime) -> None:
    """Tell the partner's people that a payout was paid or given as service credit, with its statement."""
    _send("credit_given" if payout.is_credit else "payout_paid", payout, at)


def returned(payout: Payout, *, at: datetime) -> None:
    """Tell the partner's people that the bank sent a payout back, or that service credit was taken back."""
    _send("credit_taken_back" if payout.is_credit else "payout_returned", payout, at)


def applied(application: CreditApplication, *, still_open: int, at: datetime) -> None:
    """Tell the partner's people which invoice service credit was applied to, and what is `still_open`."""
    context = {
        "application": application,
        "partner": application.partner,
        "amount": format_money(application.minor, application.currency),
        "open": format_money(still_open, application.currency),
        "credit_url": doors.absolute("portal", application.msp, "portal:service-credit"),
    }
    for address, name in _addresses(application.partner).items():
        key = f"credit_applied:{application.pk}:{address}"
        outbox.send(to=address, template="emails/credit_applied", context={**context, "name": name}, key=key, at=at)


def _send(template: str, payout: Payout, at: datetime) -> None:
    context: dict[str, Any] = {
        "payout": payout,
        "partner": payout.partner,
        "amount": format_money(payout.minor, payout.currency),
        "statement_url": doors.absolute("portal", payout.msp, "portal:statement", payout.pk),
        "pdf_url": doors.absolute("portal", payout.msp, "portal:statement-pdf", payout.pk),
    }
    for address, name in _addresses(payout.partner).items():
        key = f"{template}:{payout.pk}:{address}"
        outbox.send(to=address, template=f"emails/{template}", context={**context, "name": name}, key=key, at=at)


def _addresses(partner: Partner) -> dict[str, str]:
    """Address → name of everyone at the partner who reads amounts; the firm's own address where nobody does."""
    contacts = partner.contacts.current().filter(sees_earnings=True).exclude(email="").order_by("pk")
    found = {contact.email.lower(): contact.name for contact in contacts}
    return found or ({partner.email: partner.name} if partner.email else {})
