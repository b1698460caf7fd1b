"""The outline that a first agreement can begin from: our words with the MSP's numbers, only ever kept as a draft."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from django.template.loader import render_to_string

from elinkages.accounts.models import Membership, Msp
from elinkages.kernel.money import format_money
from elinkages.kernel.refusal import Refused
from elinkages.kernel.words import say_count
from partners.models import AgreementDraft, SourceKind

TITLE: Final = "Referral partner agreement"


class AlreadyBegun(Refused):
    """A version is being written, and nobody's words are written over."""


def begin(msp: Msp, *, kind: str, windows: Sequence[tuple[str, int]], by: Membership, at: datetime) -> AgreementDraft:
    """Keep the outline as the draft for a kind of source ("" for every kind). Raises AlreadyBegun.

    `windows` says for how many days introductions are protected, by the name of the kind of source that sends them.
    """
    values = {"title": TITLE, "text": outline(msp, windows), "edited_at": at, "edited_by": by}
    kept, is_new = AgreementDraft.objects.get_or_create(kind=kind, defaults=values)
    if not is_new:
        whose = f" for {SourceKind(kind).label}" if kind else ""
        raise AlreadyBegun(f"{kept.edited_by} is already writing a version{whose}. Discard that draft to begin again.")
    return kept


def outline(msp: Msp, windows: Sequence[tuple[str, int]]) -> str:
    """The text. What only the MSP can say stands in brackets, and keeps it from being published (agreements.BLANK)."""
    days = {count for _, count in windows}
    context = {
        "msp": msp,
        "windows": [(kind, say_count(count, "day")) for kind, count in windows],
        "same_days": say_count(min(days), "day") if len(days) == 1 else "",
        "minimum": format_money(msp.minimum_payout_minor, msp.currency) if msp.minimum_payout_minor else "",
    }
    return render_to_string("dashboard/agreements/outline.txt", context).strip()
