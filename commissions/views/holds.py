"""Placing and lifting holds."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from commissions import holds
from commissions.forms.payouts import ReasonForm
from commissions.models import Hold
from commissions.views.acting import Step, act, sent
from commissions.views.run_page import NoQuestion
from elinkages.accounts.access import MspRequest, dashboard
from partners.models import Partner
from referrals.models import Contract

NOTE = "Nothing is voided. Amounts keep accruing and can be paid once the hold is lifted."


@dashboard(can="payouts.manage")
def hold_new(request: MspRequest) -> HttpResponse:
    """Put a partner (`?partner=`) or a contract (`?contract=`) on hold."""
    subject = _subject(request)
    step = Step(
        title=f"Hold payouts of {subject}",
        button="Hold payouts",
        done=f"Nothing of {subject} is paid until the hold is lifted.",
        back=_page_of(subject),
        crumbs=_crumbs(subject),
        notes=(NOTE,),
        tone="danger final",
    )
    form = ReasonForm(sent(request), label="Why", help_text="Your team and the partner see it.")
    return act(request, form, step, lambda data: holds.place(subject, by=request.member, at=timezone.now(), **data))


@dashboard(can="payouts.manage")
def hold_lifting(request: MspRequest, hold_id: UUID) -> HttpResponse:
    """Lift a hold."""
    hold = get_object_or_404(Hold, pk=hold_id)
    subject = hold.partner or hold.contract
    if subject is None:
        raise Http404("A hold is always on a partner or a contract.")
    step = Step(
        title=f"Lift the hold on {subject}",
        button="Lift the hold",
        done=f"What {subject} is owed can be paid again.",
        back=_page_of(subject),
        crumbs=_crumbs(subject),
        notes=(f"{hold.placed_by_name} placed it: “{hold.reason}”", "The next payout run includes the amounts."),
    )
    form = NoQuestion(sent(request))
    return act(request, form, step, lambda _: holds.lift(hold, by=request.member, at=timezone.now()))


def _subject(request: MspRequest) -> Partner | Contract:
    try:
        if partner_id := request.GET.get("partner"):
            return get_object_or_404(Partner, pk=UUID(partner_id))
        return get_object_or_404(Contract, pk=UUID(request.GET.get("contract", "")))
    except ValueError as error:
        raise Http404("Name a partner or a contract.") from error


def _crumbs(subject: Partner | Contract) -> tuple[tuple[str, str], ...]:
    return ((reverse("dashboard:commission-list"), "Commissions"), (_page_of(subject), str(subject)))


def _page_of(subject: Partner | Contract) -> str:
    name, pk = ("partner", subject.pk) if isinstance(subject, Partner) else ("client", subject.client_id)
    try:
        return reverse(f"dashboard:{name}", args=[pk])
    except NoReverseMatch:
        return reverse("dashboard:commission-list")
