"""The list of clients, and adding those who came without an introduction."""

from datetime import date
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from elinkages.accounts.access import MspRequest, dashboard
from elinkages.kernel.forms import attempt
from elinkages.kernel.match_keys import company_key
from elinkages.kernel.pages import page
from elinkages.kernel.paging import paginate
from referrals import clients, mrr
from referrals.client_forms import ClientForm
from referrals.models import Client, ClientState

FILTERS = {
    "active": "Active",
    "referred": "Referred",
    "left": "Left",
    "all": "All",
}


@dashboard()
def client_list(request: MspRequest) -> HttpResponse:
    """Clients by name, with today's MRR; `?show=` is one of FILTERS, `?q=` how the name begins."""
    today = request.msp.today(timezone.now())
    show = request.GET.get("show", "active")
    show = show if show in FILTERS else "active"
    text = request.GET.get("q", "").strip()[:160]
    found = _shown(show)
    if key := company_key(text):
        found = found.filter(name_key__prefix=key)
    listed = paginate(found.select_related("referral__partner"), request, order=("name_key", "pk"))
    context = {
        "clients": listed,
        "rows": _with_mrr(listed.items, today),
        "show": show,
        "filters": FILTERS,
        "q": text,
        "today": today,
        "has_any": bool(listed) or Client.objects.exists(),
    }
    return page(request, "dashboard/clients/list.html", context)


@dashboard(can="clients.manage")
def client_new(request: MspRequest) -> HttpResponse:
    """Add a client who was not introduced, so that an introduction of the same company is recognized."""
    form = ClientForm(request.POST or None, initial={"since_on": request.msp.today(timezone.now())})
    twins: list[Client] = []
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        twins = [] if data["is_another"] else list(Client.objects.filter(name_key=company_key(data["name"]))[:3])
        if twins:
            form.add_error("name", f"{twins[0].name} is a client already. Open them, or confirm that this is another.")
        else:
            with attempt(form):
                client = clients.create(
                    name=data["name"],
                    website=data["website"],
                    since_on=data["since_on"],
                    by=request.member,
                    at=timezone.now(),
                )
                messages.success(request, f"{client.name} was added.")
                return redirect("dashboard:client", client.pk)
    asks_twice = bool(twins) or bool(request.POST.get("is_another"))
    context = {"form": form, "twins": twins, "asks_twice": asks_twice}
    return page(request, "dashboard/clients/new.html", context, status=422 if form.is_bound else 200)


def _shown(show: str) -> QuerySet[Client]:
    found = Client.objects.all()
    if show == "active":
        return found.filter(state=ClientState.ACTIVE)
    if show == "left":
        return found.filter(state=ClientState.LEFT)
    return found.filter(referral__isnull=False) if show == "referred" else found


def _with_mrr(items: list[Client], today: date) -> list[tuple[Client, int]]:
    levels: dict[UUID, int] = mrr.by_client([client.pk for client in items], on=today)
    return [(client, levels[client.pk]) for client in items]
