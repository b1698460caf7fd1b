"""The link that proves a mailbox of a partner's person."""

from typing import Any

from django.http import HttpResponse
from django.utils import timezone

from elinkages.accounts.access import public_of_msp
from elinkages.kernel.pages import page
from elinkages.kernel.refusal import Refused
from partners import addresses


@public_of_msp
def address_confirmation(request: Any, token: str) -> HttpResponse:
    """Reading it changes nothing: programs that check mail open links too."""
    at = timezone.now()
    try:
        found = addresses.confirm(token, at=at) if request.method == "POST" else addresses.find(token, at=at)
    except Refused as refusal:
        return page(request, "public/address/over.html", {"sentence": refusal.message}, status=refusal.status)
    return page(request, "public/address/confirmation.html", {"contact": found, "is_done": request.method == "POST"})
