"""Changing many rows: what is chosen, the question, and what became of each row."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from elinkages.accounts.access import MspRequest, dashboard
from elinkages.audit import trail
from elinkages.kernel.forms import attempt
from elinkages.kernel.pages import page
from elinkages.kernel.words import say_count
from elinkages.lists import changes
from elinkages.lists import listing as listings
from elinkages.lists.actions import Action
from elinkages.lists.listing import Listing
from elinkages.lists.models import Change, ChangeState, ItemState
from elinkages.lists.scope import Scope
from elinkages.lists.tasks import nudge_change

NAMED = 8
"""How many of the chosen rows the question names."""


def change_new(request: MspRequest, listing: Listing, action: Action) -> HttpResponse:
    """Ask once for all chosen rows (`?id=` each, or `?all=1` and the filters), then change them."""
    scope = Scope.of(request)
    asked = listing.ask(request.GET, scope)
    outlook = action.outlook(changes.chosen(asked, None if request.GET.get("all") else _ids(request)), scope)
    targets = outlook.targets
    back = reverse(f"dashboard:{listing.name}") + asked.query()
    form = action.form(request.POST if request.method == "POST" else None, scope)
    if form.is_valid():
        with attempt(form):
            facts, expected = action.facts(form.cleaned_data), _expected(request)
            change = changes.start(listing, action, targets, facts, expected=expected, by=request.member, at=scope.at)
            return _after(request, change, back)
    if not targets and request.method == "GET":
        messages.info(request, " ".join(outlook.notes) or "Nothing is selected. Tick the rows you mean.")
        return redirect(back)
    context = {
        "form": form,
        "listing": listing,
        "action": action,
        "count": len(targets),
        "what": say_count(len(targets), listing.noun),
        "button": f"{action.verb} {say_count(len(targets), listing.noun)}",
        "tone": "danger final" if action.tone == "danger" else "primary",
        "names": _names(listing, action, targets[:NAMED]),
        "more": max(0, len(targets) - NAMED),
        "notes": outlook.notes,
        "back": back,
    }
    return page(request, "dashboard/lists/change_new.html", context, status=422 if form.is_bound else 200)


@dashboard()
@require_safe
def change_detail(request: MspRequest, change_id: UUID) -> HttpResponse:
    """What became of every row."""
    change = _change(request, change_id)
    context = _standing(change) | {
        "refused": changes.refused(change),
        "can_undo": changes.can_undo(change, request.member),
        "events": trail.history(change),
    }
    return page(request, "dashboard/lists/change.html", context)


@dashboard()
@require_safe
def change_progress(request: MspRequest, change_id: UUID) -> HttpResponse:
    """The bar alone; when all is done, the page that is looked at is loaded again."""
    change = _change(request, change_id)
    answer = page(request, "dashboard/lists/_change_progress.html", _standing(change))
    if not change.is_moving:
        answer["HX-Refresh"] = "true"
    return answer


@dashboard()
@require_POST
def change_undo(request: MspRequest, change_id: UUID) -> HttpResponse:
    """Take a change back."""
    change = changes.undo(_change(request, change_id), by=request.member, at=timezone.now())
    if change.is_moving:
        nudge_change(change)
    else:
        messages.success(request, f"{say_count(changes.counts(change)[ItemState.UNDONE], 'row')} taken back.")
    return redirect("dashboard:change", change.pk)


def _after(request: MspRequest, change: Change, back: str) -> HttpResponse:
    """Back to the list with a toast when all went well; else to what became of each row."""
    if change.state != ChangeState.DONE:
        nudge_change(change)
        return redirect("dashboard:change", change.pk)
    counts = changes.counts(change)
    if counts[ItemState.REFUSED]:
        return redirect("dashboard:change", change.pk)
    details = reverse("dashboard:change", args=[change.pk])
    messages.success(request, f"{change}: done.", extra_tags=details)
    return redirect(back)


def _standing(change: Change) -> dict[str, Any]:
    counts = changes.counts(change)
    is_undo = change.state in (ChangeState.UNDOING, ChangeState.UNDONE)
    left = counts[ItemState.DONE] if change.state == ChangeState.UNDOING else counts[ItemState.WAITING]
    listing = listings.find(change.listing)
    return {
        "change": change,
        "counts": counts,
        "done": change.total - left,
        "is_undo": is_undo,
        "listing": listing,
        "back": reverse(f"dashboard:{listing.name}") if listing else "",
    }


def _change(request: MspRequest, change_id: UUID) -> Change:
    """One's own; an owner sees everybody's."""
    found = Change.objects.select_related("by__user", "undone_by__user")
    if not request.member.is_owner:
        found = found.filter(by=request.member)
    change: Change = get_object_or_404(found, pk=change_id)
    return change


def _ids(request: MspRequest) -> list[UUID]:
    found = []
    for text in request.GET.getlist("id")[: changes.MOST]:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


def _expected(request: MspRequest) -> int:
    text = request.POST.get("count", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else -1


def _names(listing: Listing, action: Action, targets: Sequence[UUID]) -> list[str]:
    rows = listing.model._default_manager.in_bulk(targets)
    return [action.called(rows[pk]) for pk in targets if pk in rows]


def opened(listing: Listing, action: Action) -> Any:
    """The view of one list's action, behind the action's right."""
    return dashboard(can=action.right)(lambda request: change_new(request, listing, action))
