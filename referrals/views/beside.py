"""What the page of an introduction shows beside its stage."""

from typing import Any

from referrals.models import FlagSide, Referral, SplitState


def standing(referral: Referral) -> dict[str, Any]:
    """What the page of an introduction shows beside its stage: flags, the proposal that waits, the case, the days."""
    flags = list(referral.flags.select_related("released_by__user").order_by("pk"))
    waiting = [flag for flag in flags if flag.released_at is None]
    split = referral.splits.order_by("-proposed_at", "-pk").first()
    return {
        "flags": flags,
        "waiting_flags": waiting,
        "flag_question": _question(referral, {flag.side for flag in waiting}),
        "split": split if split and split.state in {SplitState.ASKED, SplitState.AGREED} else None,
        "consents": list(split.consents.select_related("partner").order_by("pk")) if split else [],
        "case": referral.cases.order_by("-opened_at", "-pk").first(),
        "status_links": list(referral.status_links.filter(revoked_at__isnull=True).order_by("issued_at")),
        "extensions": list(referral.extensions.order_by("at")),
    }


def _question(referral: Referral, sides: set[str]) -> str:
    """What the signs that wait ask a person to find out, the likeliest first."""
    if FlagSide.PARTNER in sides:
        return f"Does {referral.partner.name} refer themselves?"
    if FlagSide.PARTNER_IS_STAFF in sides:
        return f"Is {referral.partner.name} one of your own people?"
    if FlagSide.STAFF in sides:
        return f"Is {referral.company} yours, or one of your own people?"
    return f"Is {referral.company} a real introduction?"
