"""Saved views: a list as somebody likes to see it, for themselves or for everybody at the MSP."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from elinkages.accounts.models import Membership
from elinkages.accounts.rights import Role
from elinkages.audit import trail
from elinkages.kernel.prepared import Prepared
from elinkages.kernel.refusal import Refused
from elinkages.lists.models import QUERY_LENGTH, DefaultView, SavedView

NAME_LENGTH = 60
MOST = 30
"""Views that one person keeps of one list."""


class NameTaken(Refused):
    """Two views of one person would be called the same."""


class Unnamed(Refused):
    """A view without a name cannot be found again."""


class TooMany(Refused):
    """More views than anybody could tell apart."""


class NotYours(Refused):
    """The view is somebody else's."""

    status = 403


def _visible(listing: str, member: UUID) -> QuerySet[SavedView]:
    found = SavedView.objects.filter(Q(owner=member) | Q(is_shared=True), listing=listing)
    default = DefaultView.objects.filter(view=OuterRef("pk"), member=member)
    return found.annotate(**{"is_default": Exists(default)}).order_by("name", "pk")  # declared by the model


_views = Prepared(_visible, listing=str, member=UUID)


def views_of(listing: str, member: Membership) -> list[SavedView]:
    """What a person may choose from: their own views and those that are shared, by name."""
    return _views(listing=listing, member=member.pk)


def save(
    listing: str, *, name: str, query: str, is_shared: bool, is_default: bool, by: Membership, at: datetime
) -> SavedView:
    """Keep what a list shows under a name. Raises Unnamed, NameTaken, TooMany, NotYours."""
    _may_share(is_shared, by)
    _fits(query)
    if SavedView.objects.filter(listing=listing, owner=by).count() >= MOST:
        raise TooMany(f"You already have {MOST} views of this list. Delete one you no longer use.")
    view = SavedView(listing=listing, query=query, owner=by, created_at=at)
    _write(view, name=name, is_shared=is_shared)
    set_default(view, is_default=is_default, by=by)
    if is_shared:
        trail.record("view.shared", view, by=by, at=at)
    return view


def edit(view: SavedView, *, name: str, is_shared: bool, by: Membership, at: datetime) -> SavedView:
    """Rename or share a view of one's own. Raises Unnamed, NameTaken, NotYours."""
    _mine(view, by)
    was_shared = view.is_shared
    if is_shared and not was_shared:
        _may_share(is_shared, by)
    _write(view, name=name, is_shared=is_shared)
    if is_shared != was_shared:
        trail.record("view.shared" if is_shared else "view.unshared", view, by=by, at=at)
    return view


def replace(view: SavedView, *, query: str, by: Membership) -> SavedView:
    """Let a view of one's own show something else from now on. Raises NotYours, TooMany."""
    _mine(view, by)
    _fits(query)
    view.query = query
    view.save(update_fields=["query"])
    return view


def delete(view: SavedView, *, by: Membership, at: datetime) -> None:
    """Forget a view; an owner of the MSP may also forget what others share. Raises NotYours."""
    if not (view.is_shared and by.is_owner):
        _mine(view, by)
    if view.is_shared:
        trail.record("view.deleted", view, by=by, at=at)
    view.delete()


def set_default(view: SavedView, *, is_default: bool, by: Membership) -> None:
    """Let a list begin with this view for one person, or no longer. Raises NotYours for a view they cannot see."""
    if not view.is_shared:
        _mine(view, by)
    if is_default:
        DefaultView.objects.update_or_create(member=by, listing=view.listing, defaults={"view": view})
    else:
        DefaultView.objects.filter(member=by, view=view).delete()


def _write(view: SavedView, *, name: str, is_shared: bool) -> None:
    view.name, view.is_shared = " ".join(name.split())[:NAME_LENGTH], is_shared
    if not view.name:
        raise Unnamed("Give the view a name.")
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError as error:
        raise NameTaken(f"You already have a view called “{view.name}”. Choose another name.") from error
    if not is_shared:
        DefaultView.objects.filter(view=view).exclude(member=view.owner_id).delete()


def _fits(query: str) -> None:
    if len(query) > QUERY_LENGTH:
        raise TooMany("That is more than one view can hold. Remove some filters.")


def _mine(view: SavedView, by: Membership) -> None:
    if view.owner_id != by.pk:
        raise NotYours(f"“{view}” belongs to {view.owner}. Save one of your own instead.")


def _may_share(is_shared: bool, by: Membership) -> None:
    if is_shared and by.role == Role.READ_ONLY:
        raise NotYours("Your role is read-only. Keep the view for yourself, or ask a colleague to share it.")
