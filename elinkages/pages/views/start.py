"""After login: where a person belongs, and how an MSP begins."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache

from elinkages.accounts import doors, msps, time_zones
from elinkages.accounts.access import submission_key
from elinkages.accounts.forms.msp import NewMspForm
from elinkages.accounts.models import Membership, Msp, User
from elinkages.kernel import tenancy
from elinkages.kernel.pages import page
from elinkages.kernel.refusal import Refused
from partners.doorways import doorways, open_logins
from referrals import service_lines


@never_cache
@login_required
def start(request: Any) -> HttpResponse:
    """Straight to the only door there is; a choice of several; without one, to a new MSP (our staff: to the admin)."""
    found = doorways(request.user, open_logins(request.user))
    if len(found) == 1:
        return redirect(found[0].url)
    if not found:
        return redirect("admin:index" if request.user.is_staff else "new-msp")
    return page(request, "public/start.html", {"doorways": found})


@never_cache
@login_required
def new_msp(request: Any) -> HttpResponse:
    """Set up an MSP; the person who does it is its first owner."""
    form = NewMspForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        msp_id = msps.new_id(request.user, submission_key(request))
        try:
            msp = _found(msp_id, form.cleaned_data, request.user)
            messages.success(request, f"{msp.name} is ready.")
            return redirect(doors.root("dashboard", msp))
        except Refused as refusal:
            if earlier := _founded_before(msp_id, request.user):
                return redirect(doors.root("dashboard", earlier))
            form.add_error("slug" if isinstance(refusal, msps.SlugTaken) else None, refusal.message)
    context = {"form": form, "zones": time_zones.names(), "site_prefix": f"{request.get_host()}/"}
    return page(request, "public/new_msp.html", context, status=422 if form.is_bound else 200)


def _found(msp_id: UUID, wanted: dict[str, Any], owner: User) -> Msp:
    at = timezone.now()
    with tenancy.use(msp_id):
        msp = msps.found(**wanted, owner=owner, at=at)
        service_lines.seed(at)
        return msp


def _founded_before(msp_id: UUID, user: User) -> Msp | None:
    """What the first copy of this form founded."""
    member = Membership.objects.filter(msp_id=msp_id, user=user).select_related("msp").first()
    return member.msp if member else None
