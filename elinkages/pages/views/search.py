"""Search and the command palette: one page, whose middle the palette shows in a dialog."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from elinkages.accounts.access import MspRequest, dashboard
from elinkages.kernel.pages import page
from elinkages.pages import search
from elinkages.pages.search import Group


@dashboard()
@require_safe
def go(request: MspRequest) -> HttpResponse:
    """What `?q=` finds, pages and actions first; without it what was changed last. `?part=1`: the lines alone."""
    text = " ".join(request.GET.get("q", "").split())[: search.TEXT_LENGTH]
    found = search.find(text) if text else [Group("Changed by you last", search.recent(request.member))]
    ways = search.ways(text, request.member)
    groups = [*found, Group("Go to", ways)] if found and text else [Group("Go to", ways), *found]
    context = {"q": text, "groups": [group for group in groups if group.lines], "is_part": "part" in request.GET}
    template = "dashboard/search/_found.html" if "part" in request.GET else "dashboard/search/search.html"
    return page(request, template, context)
