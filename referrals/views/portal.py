"""A partner sends an introduction and sees where each one stands."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from elinkages.kernel.forms import attempt
from elinkages.kernel.pages import page
from elinkages.kernel.paging import paginate
from elinkages.lists.columns import Field, Kind
from elinkages.lists.own import own_file
from partners.access import PortalRequest, active_portal, portal
from referrals import history, pipeline
from referrals.forms import IntroductionForm
from referrals.models import FULL_SHARE, Answer, Channel, LostReason, Referral, SplitConsent, SplitState, Stage

EXPORTED = (
    Field("Company", lambda one: one.company),
    Field("Contact", lambda one: one.contact_name),
    Field("Stage", lambda one: history.words(one).name),
    Field("What it means", lambda one: history.words(one).meaning),
    Field("Sent", lambda one: one.registered_at, Kind.INSTANT),
)


@active_portal
def new(request: PortalRequest) -> HttpResponse:
    """Send an introduction in half a minute."""
    form = IntroductionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with attempt(form):
            referral = pipeline.submit(
                request.partner, channel=Channel.PORTAL, by=request.contact, at=timezone.now(), **form.facts()
            )
            return redirect("portal:referral-thanks", referral.pk)
    return page(request, "portal/referrals/new.html", {"form": form}, status=422 if form.is_bound else 200)


@portal
@require_safe
def thanks(request: PortalRequest, referral_id: UUID) -> HttpResponse:
    """What happens next, right after sending."""
    referral = _mine(referral_id)
    context = {"referral": referral}
    return page(request, "portal/referrals/thanks.html", context)


@portal
@require_safe
def referral_list(request: PortalRequest) -> HttpResponse:
    """Every introduction this partner sent or shares in, newest first."""
    rows = paginate(Referral.objects.of(request.partner), request, order=("-registered_at", "-pk"))
    items = [{"referral": referral, "words": history.words(referral)} for referral in rows.items]
    asked = SplitConsent.objects.filter(answer=Answer.WAITING, split__state=SplitState.ASKED).exists()
    return page(request, "portal/referrals/list.html", {"rows": rows, "items": items, "is_asked": asked})


@portal
@require_safe
def referral_export(request: PortalRequest) -> HttpResponse:
    """The same as a file."""
    mine = Referral.objects.of(request.partner).order_by("-registered_at", "-pk")
    return own_file(request, request.msp, "Referrals", EXPORTED, mine)


@portal
@require_safe
def detail(request: PortalRequest, referral_id: UUID) -> HttpResponse:
    """Where one introduction stands, in plain words."""
    referral = _mine(referral_id)
    credit = referral.credits.filter(partner=request.partner).first()
    is_own = referral.partner_id == request.partner.pk
    context = {
        "referral": referral,
        "words": history.words(referral),
        "steps": history.steps(referral, list(referral.moves.all()), plain=True),
        "credit": credit,
        "is_shared": credit is not None and credit.basis_points < FULL_SHARE,
        "is_own": is_own,
        "today": request.msp.today(timezone.now()),
        "extensions": list(referral.extensions.order_by("at")) if is_own else [],
        "can_contest": referral.lost_reason in {LostReason.DUPLICATE, LostReason.EXPIRED} and request.partner.is_active,
        "note": referral.note if is_own and referral.channel == Channel.PORTAL else "",
        "is_without_credit": credit is None and is_own and not referral.credit_waits and referral.stage != Stage.LOST,
    }
    return page(request, "portal/referrals/detail.html", context)


def _mine(referral_id: UUID) -> Referral:
    """The database shows a partner its own introductions and those it has a share in; anything else is 404."""
    return get_object_or_404(Referral.objects.all(), pk=referral_id)
