"""The admin's site: one login for everybody, and one unit of work around every page inside an MSP.

What our staff sends is asked for once more like money is (docs/adr/0027): a visit opens other people's books.
"""

from functools import update_wrapper
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.views import LogoutView, redirect_to_login
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path
from django.utils import timezone

from elinkages.accounts import confirmation, factors, msps
from elinkages.accounts.access import SAFE
from elinkages.accounts.models import Msp
from elinkages.accounts.ops import visits
from elinkages.accounts.ops.forms import ClosingForm, EnterForm
from elinkages.kernel import tenancy


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # subscriptable in the stubs only
    """A table that our staff may read. Only such tables are in this admin."""

    actions = None
    show_full_result_count = False
    list_per_page = 50
    view_on_site = False

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        """Only by a column that the list shows, and not through it to a row beside it.

        `?password__startswith=` and `?user__password__startswith=` would tell what nobody may read.
        """
        is_shown = lookup.partition("__")[0] in {*self.list_display, *self.list_filter}
        return is_shown and super().lookup_allowed(lookup, value, request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Being staff is the one right here."""
        return bool(request.user.is_staff)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Being staff is the one right here."""
        return bool(request.user.is_staff)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False


class WalledAdmin(ReadOnlyAdmin):
    """A tenant's table: only inside an entered MSP, in a transaction that the database keeps read-only."""

    def changelist_view(self, request: Any, extra_context: Any = None) -> Any:
        """The list, or how to get to it."""
        return self._inside(request) or super().changelist_view(request, extra_context)

    def changeform_view(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """One row, or how to get to it."""
        return self._inside(request) or super().changeform_view(request, *args, **kwargs)

    def history_view(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Django's own log of one row, or how to get to it."""
        return self._inside(request) or super().history_view(request, *args, **kwargs)

    def delete_view(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Refused, but not before an MSP is entered."""
        return self._inside(request) or super().delete_view(request, *args, **kwargs)

    def _inside(self, request: Any) -> HttpResponse | None:
        if request.visit is None:
            context = {**self.admin_site.each_context(request), "title": "Enter an MSP first"}
            return TemplateResponse(request, "admin/enter_first.html", context)
        with transaction.get_connection().cursor() as cursor:
            cursor.execute("SET LOCAL transaction_read_only = on")
        return None


class OpsSite(admin.AdminSite):
    """The admin at /ops/."""

    site_header = "Elinkages operations"
    site_title = "Elinkages operations"
    index_title = "Tables"
    site_url = "/start/"

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Take only our own read-only tables; what other packages would register stays out."""
        if admin_class is not None and issubclass(admin_class, ReadOnlyAdmin):
            super().register(model_or_iterable, admin_class, **options)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Render at once, inside the entered MSP; for people who are not staff these pages do not exist."""
        return self._opened(view, super().admin_view(view, cacheable), is_inside=True)

    def _outside(self, view: Any) -> Any:
        """The same, for a page that is about MSPs and inside of none."""
        return self._opened(view, super().admin_view(view), is_inside=False)

    def _opened(self, view: Any, checked: Any, *, is_inside: bool) -> Any:
        def opened(request: Any, *args: Any, **kwargs: Any) -> Any:
            if request.user.is_authenticated and not self.has_permission(request):
                raise Http404("For operations staff.")
            if request.user.is_authenticated and factors.is_missing(request.user):
                return confirmation.leave(request, "second-factor")
            if request.user.is_authenticated and request.method not in SAFE and not confirmation.is_recent(request):
                return confirmation.ask(request)
            request.visit = visits.current(request)
            if request.visit is None or not is_inside:
                return checked(request, *args, **kwargs)
            with tenancy.use(request.visit.msp.pk):
                response = checked(request, *args, **kwargs)
                if hasattr(response, "render"):
                    response.render()
                if response.status_code >= 400:
                    transaction.set_rollback(True)
                return response

        return update_wrapper(opened, view)

    def each_context(self, request: Any) -> dict[str, Any]:
        """The banner's visit, beside what Django gives."""
        return {**super().each_context(request), "visit": getattr(request, "visit", None)}

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Django's, without a second password form, and the doors into and out of an MSP."""
        own: list[URLPattern | URLResolver] = [
            path("enter/", self._outside(self.enter), name="enter"),
            path("leave/", self._outside(self.leave), name="leave"),
            path("closing/<uuid:msp_id>/", self._outside(self.closing), name="closing"),
        ]
        unwanted = {"view_on_site", "autocomplete", "password_change_done"}
        kept = [entry for entry in super().get_urls() if getattr(entry, "name", None) not in unwanted]
        return [*own, *kept]

    def login(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """There is one login for everybody."""
        if self.has_permission(request):
            return redirect("admin:index")
        if request.user.is_authenticated:
            raise Http404("For operations staff.")
        return redirect_to_login(request.GET.get("next") or "/ops/", settings.LOGIN_URL)

    def logout(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """A visit ends with the session; the page after it is the public one."""
        return LogoutView.as_view(next_page="/")(request)

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """There is one password form for everybody."""
        return redirect("account_change_password")

    def enter(self, request: Any) -> HttpResponse:
        """Enter one MSP with a reason and for a time."""
        form = EnterForm(request.POST or None, initial={"msp": request.GET.get("msp")})
        if request.method == "POST" and form.is_valid():
            msp, at = form.cleaned_data["msp"], timezone.now()
            with tenancy.use(msp.pk):
                visit = visits.enter(
                    msp,
                    reason=form.cleaned_data["reason"],
                    minutes=int(form.cleaned_data["minutes"]),
                    by=request.user,
                    at=at,
                )
            visits.remember(request, visit)
            messages.success(request, f"You are in {msp}. The reason is in its history.")
            return redirect("admin:index")
        context = {**self.each_context(request), "title": "Enter an MSP", "form": form}
        return TemplateResponse(request, "admin/enter.html", context, status=422 if form.is_bound else 200)

    def leave(self, request: Any) -> HttpResponse:
        """Leave the MSP."""
        if request.method == "POST" and request.visit is not None:
            with tenancy.use(request.visit.msp.pk):
                visits.leave(request.visit, by=request.user, at=timezone.now())
            visits.remember(request, None)
            messages.success(request, f"You left {request.visit.msp}.")
        return redirect("admin:index")

    def closing(self, request: Any, msp_id: UUID) -> HttpResponse:
        """Set the day from which nobody enters an MSP and nothing runs in it, or take it back."""
        msp = get_object_or_404(Msp, pk=msp_id)
        form = ClosingForm(request.POST if "reason" in request.POST else None)
        if request.method == "POST" and ("open" in request.POST or form.is_valid()):
            with tenancy.use(msp.pk):
                if "open" in request.POST:
                    msps.keep_open(msp, by=request.user, at=timezone.now())
                else:
                    days, reason = int(form.cleaned_data["days"]), form.cleaned_data["reason"]
                    msps.close(msp, reason=reason, days=days, by=request.user, at=timezone.now())
            messages.success(request, f"{msp} was changed. It is in its history.")
            return redirect("admin:accounts_msp_changelist")
        context = {**self.each_context(request), "title": f"Close {msp}", "form": form, "msp": msp}
        return TemplateResponse(request, "admin/closing.html", context, status=422 if form.is_bound else 200)
