"""What every template knows of the door it stands behind."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from elinkages.accounts import branding


def door(request: HttpRequest) -> dict[str, Any]:
    """`msp`, its `brand`, `member`, `can` (rights by name), when a second factor is due, is this the demo."""
    member = getattr(request, "member", None)
    msp = getattr(request, "msp", None)
    return {
        "door": getattr(request, "door", "public"),
        "msp": msp,
        "brand": SimpleLazyObject(lambda: branding.of(msp)) if msp else None,
        "member": member,
        "partner": getattr(request, "partner", None),
        "contact": getattr(request, "contact", None),
        "can": member.can if member else {},
        "second_factor_due_at": getattr(request, "second_factor_due_at", None),
        "is_demo": settings.DEMO,
    }
