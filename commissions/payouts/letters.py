"""What a partner is told about a payout: when it is paid, and when the bank sent it back."""

from datetime import datetime
from typing import Any

from commissions.models import Payout
from elinkages.accounts import doors
from elinkages.kernel.money import format_money
from elinkages.mail import outbox


def paid(payout: Payout, *, at: datetime) -> None:
    """Tell the partner's people that a payout was paid, with its statement."""
    _send("paid", payout, at)


def returned(payout: Payout, *, at: datetime) -> None:
    """Tell the partner's people that the bank sent a payout back."""
    _send("returned", payout, at)


def _send(what: str, payout: Payout, at: datetime) -> None:
    context: dict[str, Any] = {
        "payout": payout,
        "partner": payout.partner,
        "amount": format_money(payout.minor, payout.currency),
        "statement_url": doors.absolute("portal", payout.msp, "portal:statement", payout.pk),
        "pdf_url": doors.absolute("portal", payout.msp, "portal:statement-pdf", payout.pk),
    }
    for address, name in _addresses(payout).items():
        key = f"payout_{what}:{payout.pk}:{address}"
        outbox.send(to=address, template=f"emails/payout_{what}", context={**context, "name": name}, key=key, at=at)


def _addresses(payout: Payout) -> dict[str, str]:
    """Address → name of everyone at the partner who reads amounts; the firm's own address where nobody does."""
    contacts = payout.partner.contacts.current().filter(sees_earnings=True).exclude(email="").order_by("pk")
    found = {contact.email.lower(): contact.name for contact in contacts}
    return found or ({payout.partner.email: payout.partner.name} if payout.partner.email else {})
