"""Saving what a list shows under a name, and what can be done with the name afterwards."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone

from elinkages.accounts.access import MspRequest, dashboard
from elinkages.accounts.rights import Role
from elinkages.kernel.forms import attempt
from elinkages.kernel.pages import page
from elinkages.lists import listing as listings
from elinkages.lists import saved
from elinkages.lists.forms import ViewForm
from elinkages.lists.listing import Listing
from elinkages.lists.models import DefaultView, SavedView
from elinkages.lists.scope import Scope


def view_new(request: MspRequest, listing: Listing) -> HttpResponse:
    """Keep what the address of a list shows."""
    form = ViewForm(request.POST or None, may_share=_may_share(request))
    asked = listing.ask(request.GET, Scope.of(request))
    if form.is_valid():
        facts = {"is_shared": False} | form.cleaned_data
        with attempt(form, field="name"):
            query = urlencode(asked.parameters(view=""))
            view = saved.save(listing.name, query=query, by=request.member, at=timezone.now(), **facts)
            messages.success(request, f"“{view}” is saved.")
            return redirect(_show(view))
    context = {"form": form, "listing": listing, "back": _list_url(listing) + asked.query()}
    return page(request, "dashboard/lists/view_new.html", context, status=422 if form.is_bound else 200)


@dashboard()
def view_edit(request: MspRequest, view_id: UUID) -> HttpResponse:
    """Rename a view, share it, begin with it, or let it show what the address says."""
    view = _visible(request, view_id)
    listing = listings.find(view.listing)
    is_default = DefaultView.objects.filter(view=view, member=request.member).exists()
    is_mine = view.owner_id == request.member.pk
    initial = {"name": view.name, "is_shared": view.is_shared, "is_default": is_default}
    form = ViewForm(request.POST or None, initial=initial, may_share=_may_share(request))
    if not is_mine:
        form.fields["name"].disabled = True
        form.fields.pop("is_shared", None)
    if form.is_valid():
        facts: dict[str, Any] = {"is_shared": view.is_shared} | form.cleaned_data
        default = facts.pop("is_default")
        with attempt(form, field="name"):
            if is_mine:
                saved.edit(view, by=request.member, at=timezone.now(), **facts)
            if is_mine and listing and request.POST.get("replace"):
                asked = listing.ask(request.GET, Scope.of(request))
                saved.replace(view, query=urlencode(asked.parameters(view="")), by=request.member)
            saved.set_default(view, is_default=default, by=request.member)
            messages.success(request, f"“{view}” is saved.")
            return redirect(_show(view))
    context = {
        "form": form,
        "view": view,
        "is_mine": is_mine,
        "may_delete": is_mine or request.member.is_owner,
        "can_replace": is_mine and listing and _differs(request, view, listing),
        "back": _show(view),
    }
    return page(request, "dashboard/lists/view_edit.html", context, status=422 if form.is_bound else 200)


@dashboard()
def view_deletion(request: MspRequest, view_id: UUID) -> HttpResponse:
    """Forget a view; the rows of the list stay as they are."""
    view = _visible(request, view_id)
    listing = listings.find(view.listing)
    if request.method == "POST":
        saved.delete(view, by=request.member, at=timezone.now())
        messages.success(request, f"“{view}” is deleted. Nothing else was changed.")
        return redirect(f"{_list_url(listing)}?view=none" if listing else "dashboard:home")
    return page(request, "dashboard/lists/view_deletion.html", {"view": view, "back": _show(view)})


def _visible(request: MspRequest, view_id: UUID) -> SavedView:
    mine = SavedView.objects.filter(Q(owner=request.member) | Q(is_shared=True)).select_related("owner__user")
    found: SavedView = get_object_or_404(mine, pk=view_id)
    return found


def _differs(request: MspRequest, view: SavedView, listing: Listing) -> bool:
    if not request.GET:
        return False
    asked = listing.ask(request.GET, Scope.of(request))
    return urlencode(asked.parameters(view="")) != view.query


def _may_share(request: MspRequest) -> bool:
    return request.member.role != Role.READ_ONLY


def _list_url(listing: Listing) -> str:
    return reverse(f"dashboard:{listing.name}")


def _show(view: SavedView) -> str:
    listing = listings.find(view.listing)
    return f"{_list_url(listing)}?{view.address}" if listing else reverse("dashboard:home")
