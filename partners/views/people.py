"""The people of a partner, and their invitations."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_POST

from elinkages.accounts.access import MspRequest, dashboard
from elinkages.kernel.forms import attempt
from elinkages.kernel.pages import page
from partners import onboarding, people
from partners.forms import ColleagueForm, InvitationForm
from partners.invitations import letter
from partners.models import Contact, Partner, PartnerInvitation, PartnerLogin
from partners.views.dashboard import partner_of


def _person_of(contact_id: UUID) -> Contact:
    return get_object_or_404(Contact.objects.current().select_related("partner"), pk=contact_id)


def _invitation_of(invitation_id: UUID) -> PartnerInvitation:
    return get_object_or_404(PartnerInvitation.objects.select_related("contact__partner"), pk=invitation_id)


@dashboard(can="partners.manage")
def person_new(request: MspRequest, partner_id: UUID) -> HttpResponse:
    """Add a person to a partner."""
    partner = partner_of(partner_id)
    form = ColleagueForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with attempt(form, field=None):
            contact = people.add(partner, **form.cleaned_data, by=request.member, at=timezone.now())
            messages.success(request, f"{contact.name} was added.")
            return redirect("dashboard:partner", partner.pk)
    context = {"form": form, "partner": partner, "contact": None}
    return page(request, "dashboard/partners/person.html", context, status=422 if form.is_bound else 200)


@dashboard(can="partners.manage")
def person_edit(request: MspRequest, contact_id: UUID) -> HttpResponse:
    """Change a person's details."""
    contact = _person_of(contact_id)
    known = ("name", "email", "phone", "can_sign", "sees_earnings")
    initial = {field: getattr(contact, field) for field in known}
    form = ColleagueForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        with attempt(form):
            people.edit(contact, **form.cleaned_data, by=request.member, at=timezone.now())
            messages.success(request, f"{contact.name} was saved.")
            return redirect("dashboard:partner", contact.partner_id)
    context = {"form": form, "partner": contact.partner, "contact": contact}
    return page(request, "dashboard/partners/person.html", context, status=422 if form.is_bound else 200)


@dashboard(can="partners.manage")
@require_POST
def person_removal(request: MspRequest, contact_id: UUID) -> HttpResponse:
    """Take a person off a partner."""
    contact = people.remove(_person_of(contact_id), by=request.member, at=timezone.now())
    messages.success(request, f"{contact.name} was removed and can no longer log in.")
    return redirect("dashboard:partner", contact.partner_id)


@dashboard(can="partners.manage")
def invitation(request: MspRequest, partner_id: UUID) -> HttpResponse:
    """Write an invitation, look at it, send it."""
    partner = partner_of(partner_id)
    choices = _invitable(partner)
    if not choices:
        return page(request, "dashboard/partners/nobody_to_invite.html", {"partner": partner})
    form = InvitationForm(request.POST or None, people=choices, initial={"contact": request.GET.get("person", "")})
    previews = request.POST.get("do") == "preview"
    if request.method == "POST" and form.is_valid() and not previews:
        contact = next(person for person in choices if str(person.pk) == form.cleaned_data["contact"])
        message = form.cleaned_data["message"]
        with attempt(form):
            onboarding.invite(partner, contact=contact, message=message, by=request.member, at=timezone.now())
            messages.success(request, f"The invitation is on its way to {contact.email}.")
            return redirect("dashboard:partner", partner.pk)
    context = {"form": form, "partner": partner, "only": choices[0] if len(choices) == 1 else None}
    context["preview"] = _preview(request, partner, choices, form)
    failed = form.is_bound and not form.is_valid()
    return page(request, "dashboard/partners/invitation.html", context, status=422 if failed else 200)


def _invitable(partner: Partner) -> list[Contact]:
    """People with an address who have neither a login nor an open invitation."""
    waiting = PartnerInvitation.objects.waiting().filter(contact__partner=partner)
    joined = PartnerLogin.objects.open().filter(msp=partner.msp_id, partner=partner)
    taken = {*waiting.values_list("contact", flat=True), *joined.values_list("contact", flat=True)}
    current = Contact.objects.current().filter(partner=partner).exclude(email="")
    return [person for person in current.order_by("pk") if person.pk not in taken]


def _preview(request: MspRequest, partner: Partner, choices: list[Contact], form: InvitationForm) -> dict[str, str]:
    chosen = str(form["contact"].value() or "")
    contact = next((person for person in choices if str(person.pk) == chosen), choices[0])
    message = str(form["message"].value() or "").strip()
    link = "(a link that only they get)"
    context = letter(contact, partner, message, link, request.member, timezone.now()) | {"msp": request.msp}
    with timezone.override(request.msp.zone):
        subject = render_to_string("emails/partner_invitation.subject.txt", context)
        text = render_to_string("emails/partner_invitation.txt", context)
    return {"to": contact.email, "subject": subject.strip(), "text": text}


@dashboard(can="partners.manage")
@require_POST
def invitation_resending(request: MspRequest, invitation_id: UUID) -> HttpResponse:
    """Send an unanswered invitation again."""
    invitation = _invitation_of(invitation_id)
    onboarding.resend(invitation, by=request.member, at=timezone.now())
    messages.success(request, f"A new link is on its way to {invitation.contact.email}. The old one no longer works.")
    return redirect("dashboard:partner", invitation.contact.partner_id)


@dashboard(can="partners.manage")
@require_POST
def invitation_revocation(request: MspRequest, invitation_id: UUID) -> HttpResponse:
    """Take back an unanswered invitation."""
    invitation = onboarding.revoke(_invitation_of(invitation_id), by=request.member, at=timezone.now())
    messages.success(request, f"The invitation of {invitation.contact.name} no longer works.")
    return redirect("dashboard:partner", invitation.contact.partner_id)
