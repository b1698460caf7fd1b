"""The list of clients, and adding those who came without an introduction."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from elinkages.accounts.access import MspRequest, dashboard
from elinkages.kernel.forms import attempt
from elinkages.kernel.match_keys import company_key
from elinkages.kernel.pages import page
from elinkages.lists.pages import list_page
from referrals import clients
from referrals.client_forms import ClientForm
from referrals.listings import CLIENTS
from referrals.models import Client


@dashboard()
@require_safe
def client_list(request: MspRequest) -> HttpResponse:
    """Clients by name, with today's MRR."""
    return list_page(request, CLIENTS, "dashboard/clients/list.html")


@dashboard(can="clients.manage")
def client_new(request: MspRequest) -> HttpResponse:
    """Add a client who was not introduced, so that an introduction of the same company is recognized."""
    form = ClientForm(request.POST or None, initial={"since_on": request.msp.today(timezone.now())})
    twins: list[Client] = []
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        twins = [] if data["is_another"] else list(Client.objects.filter(name_key=company_key(data["name"]))[:3])
        if twins:
            form.add_error(
                "name", f"{twins[0].name} is already a client. Open that one, or confirm that this is a different one."
            )
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
