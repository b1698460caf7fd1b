"""Building the join page: which kinds are open, what is asked, what happens by itself."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from elinkages.accounts import doors
from elinkages.accounts.access import MspRequest, dashboard
from elinkages.kernel.forms import attempt
from elinkages.kernel.pages import page
from partners.joining import fields, pages, rules
from partners.joining.forms import ApplicationForm, NewQuestionForm, QuestionForm, RuleForm, WelcomeForm
from partners.markup import blocks
from partners.models import FieldType, JoinField, JoinPage, JoinRule, SourceKind
from partners.views.applications import deciders

HOME = "dashboard:join-page"


@dashboard()
def join_page(request: MspRequest) -> HttpResponse:
    """Everything about joining on one page."""
    found = {one.kind: one for one in JoinPage.objects.all()}
    listed = [(found[kind], _address(request, kind)) for kind in SourceKind.values if kind in found]
    context = {
        "pages": listed,
        "address": doors.absolute("public", None, "join", request.msp.slug),
        "is_open": any(one.is_open for one, _ in listed),
        "fields": list(JoinField.objects.current()),
        "removed": list(JoinField.objects.filter(removed_at__isnull=False).order_by("label", "pk")),
        "rules": rules.listed(),
    }
    return page(request, "dashboard/joining/join_page.html", context)


def _address(request: MspRequest, kind: str) -> str:
    return doors.absolute("public", None, "join-kind", request.msp.slug, pages.SLUGS[kind])


@dashboard(can="partners.manage")
@require_POST
def setting_up(request: MspRequest) -> HttpResponse:
    """Begin with a closed page and a first form."""
    pages.set_up(by=request.member, at=timezone.now())
    messages.success(
        request, "Here is a form to start from. Change it, look at the preview, then open it for a kind of source."
    )
    return redirect(HOME)


@dashboard(can="partners.manage")
def welcome(request: MspRequest, join_page_id: UUID) -> HttpResponse:
    """What stands above the form of one kind, and how all of it looks."""
    found = get_object_or_404(JoinPage.objects.all(), pk=join_page_id)
    form = WelcomeForm(request.POST or None, initial={"welcome": found.welcome})
    if request.method == "POST" and form.is_valid() and request.POST.get("do") != "preview":
        with attempt(form):
            pages.describe(found, welcome=form.cleaned_data["welcome"], by=request.member, at=timezone.now())
            messages.success(request, "The welcome was saved.")
            return redirect(HOME)
    context = {
        "form": form,
        "join_page": found,
        "welcome": blocks(str(form["welcome"].value() or "")),
        "preview": ApplicationForm(
            questions=fields.asked(found.kind), prefix="preview", purpose="preview", at=timezone.now()
        ),
    }
    failed = form.is_bound and not form.is_valid()
    return page(request, "dashboard/joining/welcome.html", context, status=422 if failed else 200)


@dashboard(can="partners.manage")
@require_POST
def opening(request: MspRequest, join_page_id: UUID) -> HttpResponse:
    """Let visitors apply as this kind."""
    found = pages.open_(_page_of(join_page_id), by=request.member, at=timezone.now())
    messages.success(request, f"The join page is open for {found}.")
    return redirect(HOME)


@dashboard(can="partners.manage")
@require_POST
def closing(request: MspRequest, join_page_id: UUID) -> HttpResponse:
    """Take the page of this kind away."""
    found = pages.close(_page_of(join_page_id), by=request.member, at=timezone.now())
    messages.success(request, f"The join page is closed for {found}. What was sent stays.")
    return redirect(HOME)


@dashboard(can="partners.manage")
def field_new(request: MspRequest) -> HttpResponse:
    """Add a question."""
    form = NewQuestionForm(request.POST or None, initial={"type": FieldType.TEXT})
    if request.method == "POST" and form.is_valid():
        with attempt(form):
            field = fields.add(**form.cleaned_data, by=request.member, at=timezone.now())
            messages.success(request, f"“{field.label}” is now the last question on the form.")
            return redirect(HOME)
    context = {"form": form, "question": None}
    return page(request, "dashboard/joining/field.html", context, status=422 if form.is_bound else 200)


@dashboard(can="partners.manage")
def field_edit(request: MspRequest, join_field_id: UUID) -> HttpResponse:
    """Change a question."""
    field = _field_of(join_field_id)
    form = QuestionForm(request.POST or None, initial=_known(field)).without(*_settled(field))
    if request.method == "POST" and form.is_valid():
        answers = {"kinds": field.kinds, **form.cleaned_data}
        with attempt(form):
            fields.edit(field, **answers, by=request.member, at=timezone.now())
            messages.success(request, f"“{field.label}” was saved.")
            return redirect(HOME)
    context = {"form": form, "question": field}
    return page(request, "dashboard/joining/field.html", context, status=422 if form.is_bound else 200)


def _known(field: JoinField) -> dict[str, object]:
    known = {name: getattr(field, name) for name in ("label", "help_text", "is_required", "kinds")}
    return known | {"choices": "\n".join(field.choices)}


def _settled(field: JoinField) -> list[str]:
    """What cannot be changed: choices of what is no choice, and when a question is asked that always is."""
    choices = [] if field.type == FieldType.CHOICE else ["choices"]
    return choices + (["is_required", "kinds"] if field.is_always_asked else [])


@dashboard(can="partners.manage")
@require_POST
def field_move(request: MspRequest, join_field_id: UUID) -> HttpResponse:
    """Ask a question one place earlier or later."""
    field = _field_of(join_field_id)
    fields.move(field, up=request.POST.get("to") == "up", by=request.member, at=timezone.now())
    return redirect(f"{doors.url('dashboard', request.msp, HOME)}#questions")


@dashboard(can="partners.manage")
@require_POST
def field_removal(request: MspRequest, join_field_id: UUID) -> HttpResponse:
    """Take a question off the form."""
    field = fields.remove(_field_of(join_field_id), by=request.member, at=timezone.now())
    messages.success(request, f"“{field.label}” is off the form. Answers already given stay.")
    return redirect(HOME)


@dashboard(can="partners.manage")
@require_POST
def field_restoring(request: MspRequest, join_field_id: UUID) -> HttpResponse:
    """Put a question back."""
    field = fields.restore(_field_of(join_field_id), by=request.member, at=timezone.now())
    messages.success(request, f"“{field.label}” is now the last question on the form.")
    return redirect(HOME)


@dashboard(can="partners.manage")
def rule_new(request: MspRequest) -> HttpResponse:
    """Add a rule."""
    questions, team = list(JoinField.objects.current()), deciders(request)
    initial = {"member": str(request.member.pk)}
    form = RuleForm(request.POST or None, initial=initial, questions=questions, team=team)
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data
        field = next((one for one in questions if str(one.pk) == chosen["field"]), None)
        member = next(one for one in team if str(one.pk) == chosen["member"])
        answers = chosen | {"field": field, "member": member, "approves": bool(chosen["approves"])}
        with attempt(form):
            rules.add(**answers, by=request.member, at=timezone.now())
            messages.success(request, "The rule applies to applications that are confirmed from now on.")
            return redirect(HOME)
    return page(request, "dashboard/joining/rule.html", {"form": form}, status=422 if form.is_bound else 200)


@dashboard(can="partners.manage")
@require_POST
def rule_move(request: MspRequest, join_rule_id: UUID) -> HttpResponse:
    """Ask a rule before the one above it."""
    rules.move_up(_rule_of(join_rule_id), by=request.member, at=timezone.now())
    return redirect(f"{doors.url('dashboard', request.msp, HOME)}#rules")


@dashboard(can="partners.manage")
@require_POST
def rule_removal(request: MspRequest, join_rule_id: UUID) -> HttpResponse:
    """Forget a rule."""
    rules.remove(_rule_of(join_rule_id), by=request.member, at=timezone.now())
    messages.success(request, "The rule was removed. What it decided stands.")
    return redirect(HOME)


def _page_of(join_page_id: UUID) -> JoinPage:
    return get_object_or_404(JoinPage.objects.all(), pk=join_page_id)


def _field_of(join_field_id: UUID) -> JoinField:
    return get_object_or_404(JoinField.objects.all(), pk=join_field_id)


def _rule_of(join_rule_id: UUID) -> JoinRule:
    return get_object_or_404(JoinRule.objects.select_related("field", "member__user"), pk=join_rule_id)
