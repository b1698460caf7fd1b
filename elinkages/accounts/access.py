"""Who may open what: the decorators of the doors, and the one unit of work of every request."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import get_script_prefix
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from elinkages.accounts import arrivals, confirmation, factors
from elinkages.accounts.models import Membership, Msp, Submission, User
from elinkages.accounts.rights import RIGHTS
from elinkages.kernel import tenancy
from elinkages.kernel.pages import page
from elinkages.kernel.prepared import Prepared
from elinkages.kernel.refusal import Refused

View = Callable[..., HttpResponse]
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class MspRequest(HttpRequest):
    """A request inside the dashboard; typing only."""

    door: str
    msp: Msp
    member: Membership
    user: User


def dashboard(*, can: str = "view", recent: bool = False) -> Callable[[View], View]:
    """Open the MSP's dashboard to its people with the right `can` (a key of rights.RIGHTS).

    Signed out: to the login. Not of this MSP: 404. Of this MSP without the right: 403 with a sentence.
    `recent`: what is sent here moves money or opens secrets. Whoever may move money needs a second factor first, and
    everybody shows once more who they are when that was long ago; what was typed survives the detour (`confirmation`).
    The view runs as one unit of work, see `unit_of_work`.
    """
    if can not in RIGHTS:
        raise KeyError(f"No such right: {can}")

    def decorate(view: View) -> View:
        @wraps(view)
        def opened(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return to_login(request)
            member = _member(request)
            if member is None:
                raise Http404("Not one of this MSP's people.")
            member.msp, member.user = request.msp, request.user
            request.member = member
            if not member.may(can):
                return page(request, "403.html", {"right": can}, status=403)
            request.second_factor_due_at = None if member.has_second_factor else factors.due_at(member)
            if detour := _detour(request, is_sensitive=recent and request.method not in SAFE):
                return detour
            return unit_of_work(request, view, *args, **kwargs)

        return _known(opened, right=can, recent=recent)

    return decorate


def _known(view: View, **facts: object) -> View:
    """What can be read of a view from outside; decorators above it carry it on, as they do Django's own marks."""
    vars(view).update(facts)
    return view


_members = Prepared(
    lambda msp, user: (
        Membership.objects.active().annotate(has_second_factor=factors.of_user()).filter(msp=msp, user=user)
    ),
    msp=UUID,
    user=UUID,
)


def _member(request: Any) -> Any:
    return _members.first(msp=request.msp.pk, user=request.user.pk)


def _detour(request: Any, *, is_sensitive: bool) -> HttpResponse | None:
    """What a person must do before this request: get a second factor, or show once more who they are."""
    due = request.second_factor_due_at
    if due is not None and (due <= timezone.now() or (is_sensitive and factors.moves_money(request.member))):
        return confirmation.leave(request, "second-factor")
    if is_sensitive and not confirmation.is_recent(request):
        return confirmation.ask(request)
    return None


def recent(view: View) -> View:
    """As `dashboard(recent=True)`, for views behind other doors; goes outermost."""

    @wraps(view)
    def opened(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated and request.method not in SAFE and not confirmation.is_recent(request):
            return confirmation.ask(request)
        return view(request, *args, **kwargs)

    return _known(opened, recent=True)


def public_of_msp(view: View) -> View:
    """Open a public page of the MSP whose `slug` the address carries: signed in or not, behind that MSP's walls.

    No such MSP: 404. The view runs as one unit of work, see `unit_of_work`.
    """

    @wraps(view)
    def opened(request: Any, slug: str, *args: Any, **kwargs: Any) -> HttpResponse:
        request.msp = Msp.objects.filter(slug=slug).first()
        if request.msp is None:
            raise Http404("No such MSP.")
        return unit_of_work(request, view, *args, **kwargs)

    return opened


def ops(view: View) -> View:
    """Open a page to our operations staff, who need a second factor, and show who they are before they send anything.

    For everybody else it does not exist.
    """

    @wraps(view)
    def opened(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return to_login(request)
        if not request.user.is_staff:
            raise Http404("For operations staff.")
        if factors.is_missing(request.user):
            return confirmation.leave(request, "second-factor")
        return recent(view)(request, *args, **kwargs)

    return opened


def to_login(request: Any) -> HttpResponse:
    """To the login page, and back here afterwards; from a portal's own host name by way of our address."""
    if getattr(request, "portal_domain", None) is not None:
        return arrivals.leave(request, request.msp)
    return redirect_to_login(request.get_full_path(), "/accounts/login/")


def unit_of_work(request: Any, view: View, *args: Any, as_partner: UUID | None = None, **kwargs: Any) -> HttpResponse:
    """Run a view in one transaction for `request.msp`, in the portal as one partner of it.

    An answer of 400 or more leaves nothing behind. A `Refused` becomes a page with its sentence and status.
    A form that carries `_once` has its effect once: its copy is redirected to what the first one led to.
    A closed MSP answers everybody with a page that says so. Nobody keeps a copy of an answer, unless its view says so.
    """
    response = _worked(request, view, *args, as_partner=as_partner, **kwargs)
    # What one person may see must not be found in a cache by the next one at this computer.
    response.headers.setdefault("Cache-Control", "private, no-store")
    return response


def _worked(request: Any, view: View, *args: Any, as_partner: UUID | None, **kwargs: Any) -> HttpResponse:
    if request.msp.is_closed(timezone.now()):
        return page(request, "closed.html", status=410)
    try:
        with tenancy.use(request.msp.pk, partner_id=as_partner, reads_only=request.method in SAFE):
            response = _once(request, view, *args, **kwargs)
            if response.status_code >= 400:
                transaction.set_rollback(True)
            return response
    except Refused as refusal:
        back = _back(request)
        return page(request, "refused.html", {"message": refusal.message, "back": back}, status=refusal.status)


def _once(request: Any, view: View, *args: Any, **kwargs: Any) -> HttpResponse:
    key = submission_key(request)
    if key is None:
        return view(request, *args, **kwargs)
    receipt, is_first = Submission.objects.get_or_create(key=key, defaults={"path": request.path[:300]})
    if not is_first:
        return HttpResponseRedirect(receipt.location or get_script_prefix(), status=303)
    response = view(request, *args, **kwargs)
    if 300 <= response.status_code < 400:
        receipt.location = response["Location"][:600]
        receipt.save(update_fields=["location"])
    else:
        receipt.delete()
    return response


def submission_key(request: HttpRequest) -> UUID | None:
    """What `{% once %}` put into the form that was sent; None for a page that is read, or without it."""
    if request.method in SAFE:
        return None
    text = request.POST.get("_once", "")
    return UUID(text) if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text) else None


def _back(request: Any) -> str:
    """The page that a refused action came from, when it is one of ours; else where the door begins."""
    referer = str(request.headers.get("referer", ""))
    own = f"{request.scheme}://{request.get_host()}"
    path = referer.removeprefix(own)
    is_ours = referer.startswith(f"{own}/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None)
    return path if is_ours else get_script_prefix()
