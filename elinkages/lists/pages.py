"""The page of a list: what its template needs, and the one view that every list is shown by."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseRedirect
from django.utils.safestring import SafeString

from elinkages.accounts import doors
from elinkages.accounts.access import MspRequest
from elinkages.kernel.pages import page
from elinkages.kernel.paging import Page, paginate
from elinkages.lists import saved
from elinkages.lists.actions import Action
from elinkages.lists.filters import Filter
from elinkages.lists.listing import COLUMNS, VIEW, Asked, Listing
from elinkages.lists.models import SavedView
from elinkages.lists.scope import Scope
from elinkages.lists.table import table_html
from elinkages.lists.toolbar import Choice, Link, boxes_html, chips_html, hidden_html, selects_html, tabs_html


class ListPage:
    """Everything that `layouts/listing.html` shows; what is costly is made when it is asked for."""

    def __init__(self, asked: Asked, found: Page[Any], views: Sequence[SavedView]) -> None:
        self.asked = asked
        self.page = found
        self.views = views
        self.listing = asked.listing
        self.scope = asked.scope

    def __bool__(self) -> bool:
        return bool(self.page)

    @cached_property
    def lines(self) -> Sequence[Any]:
        """What the columns are given."""
        return self.listing.lines(self.page.items, self.scope)

    @cached_property
    def actions(self) -> list[tuple[Action, str]]:
        """What this person may do to many rows, with its address."""
        may = self.scope.member.may
        return [
            (action, doors.here(f"dashboard:{self.listing.name}-{action.name}"))
            for action in self.listing.actions
            if may(action.right)
        ]

    @cached_property
    def table(self) -> SafeString:
        """The rows."""
        return table_html(self.asked, self.page.items, self.lines, has_boxes=bool(self.actions))

    @cached_property
    def is_unused(self) -> bool:
        """Whether there is nothing at all yet; only asked when nothing was found."""
        return not self.page and not self.listing.rows(self.scope).exists()

    @property
    def is_used(self) -> bool:
        """Whether there is anything at all."""
        return bool(self.page) or not self.is_unused

    @property
    def is_plain(self) -> bool:
        """Whether the usual rows are shown."""
        return self.asked.is_plain

    @property
    def text(self) -> str:
        """What was searched."""
        return self.asked.text

    @property
    def everything(self) -> str:
        """The address of the list as it is without any filter."""
        return doors.here(f"dashboard:{self.listing.name}") + f"?{VIEW}=none"

    @cached_property
    def tabs(self) -> SafeString | str:
        """The saved views, after the list as it comes."""
        if not self.views:
            return ""
        bare = not self.asked.view or self.asked.view == "none"
        mine = [Link(str(view), f"?{view.address}", str(view.pk) == self.asked.view) for view in self.views]
        return tabs_html("Views", [Link("All", f"?{VIEW}=none", bare), *mine])

    @cached_property
    def view(self) -> SavedView | None:
        """The saved view that is open."""
        return next((view for view in self.views if str(view.pk) == self.asked.view), None)

    @cached_property
    def is_changed(self) -> bool:
        """Whether what is shown differs from the saved view that is open, or from the list as it comes."""
        return urlencode(self.asked.parameters(view="")) != (self.view.query if self.view else "")

    @cached_property
    def keep_url(self) -> str:
        """Where what is shown is kept as a view."""
        return doors.here(f"dashboard:{self.listing.name}-view-new") + self.asked.query(view="")

    @cached_property
    def export_url(self) -> str:
        """Where what is shown is exported."""
        return doors.here(f"dashboard:{self.listing.name}-export") + self.asked.query(view="")

    @cached_property
    def chips(self) -> list[SafeString]:
        """The filters that are links."""
        return [chips_html(one.label, self._links(one)) for one in self.listing.filters if one.shown == "chips"]

    @cached_property
    def led_here(self) -> SafeString | str:
        """Filters that something else has led to, each with the way out."""
        links = [
            Link(one.called(value, self.scope) if one.called else value, self.asked.query(**{one.name: ""}), True, True)
            for one in self.listing.filters
            if one.shown == "link" and (value := self.asked.values[one.name])
        ]
        return chips_html("Only", links) if links else ""

    @cached_property
    def selects(self) -> SafeString:
        """The filters that are controls, and the orders where there is a choice: on a phone no head can be clicked."""
        choices = [self._choice(one) for one in self.listing.filters if one.shown == "select"]
        if len(self.listing.orders) > 1:
            orders = [(one.name, one.label, one is self.asked.order) for one in self.listing.orders]
            choices.append(Choice("sort", "Order", orders, "phone-only"))
        return selects_html(choices)

    @cached_property
    def columns(self) -> SafeString:
        """The columns to choose from, after the first, which is always there."""
        shown = self.asked.columns
        return boxes_html(COLUMNS, [(one.name, one.label, one in shown) for one in self.listing.columns[1:]])

    @cached_property
    def kept(self) -> SafeString:
        """What the form of filters has no control for, and the address must not lose."""
        controls = {one.name for one in self.listing.filters if one.shown == "select"} | {"q", "sort", COLUMNS}
        return hidden_html((name, value) for name, value in self.asked.parameters() if name not in controls)

    @cached_property
    def selected(self) -> SafeString:
        """What says which rows match, for a change of all of them."""
        return hidden_html((name, value) for name, value in self.asked.parameters(view="") if name != COLUMNS)

    def _choice(self, one: Filter) -> Choice:
        value = self.asked.values[one.name]
        options = [(option, label, option == value) for option, label in one.options(self.scope)]
        return Choice(one.name, one.label, [("", one.everything, False), *options])

    def _links(self, one: Filter) -> list[Link]:
        value = self.asked.values[one.name]
        links = [Link(one.everything, self.asked.query(**{one.name: ""}), not value)] if one.everything else []
        settles = bool(one.everything) or bool(self.listing.default(one.name, {}))
        for option, label in one.options(self.scope):
            is_on = option == value
            leads_away = is_on and not settles
            links.append(Link(label, self.asked.query(**{one.name: "" if leads_away else option}), is_on, leads_away))
        return links


def list_page(
    request: MspRequest,
    listing: Listing,
    template: str,
    *,
    around: Mapping[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    """Show a list; without a query, as the person's own default view of it if there is one.

    `around`: what else the template shows, such as a form that was refused.
    """
    views = saved.views_of(listing.name, request.member)
    if status == 200 and not request.GET and (default := next((view for view in views if view.is_default), None)):
        return HttpResponseRedirect(f"{request.path}?{default.address}")
    scope = Scope.of(request)
    asked = listing.ask(request.GET, scope)
    found = paginate(asked.rows(), request, order=asked.order.by)
    context = {"list": ListPage(asked, found, views), **listing.above(scope), **(around or {})}
    return page(request, template, context, status=status)
