"""The look of an MSP: the page that sets it, and the addresses that serve it."""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings as project
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.csp import CSP
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_POST, require_safe

from elinkages.accounts import branding, colors, pictures
from elinkages.accounts.access import MspRequest, dashboard
from elinkages.accounts.forms.msp import BrandForm, LogoForm
from elinkages.accounts.models import Msp
from elinkages.kernel import tenancy
from elinkages.kernel.forms import attempt
from elinkages.kernel.pages import page

FOREVER = "public, max-age=31536000, immutable"
FRAMED: dict[str, Any] = {**project.SECURE_CSP, "frame-ancestors": [CSP.SELF]}


@dashboard(can="settings.manage")
def edit(request: MspRequest) -> HttpResponse:
    """Colors, logo and sender, with a preview in both themes."""
    form = BrandForm(request.POST or None, brand=branding.of(request.msp))
    if request.method == "POST" and form.is_valid():
        with attempt(form, field="accent"):
            branding.change(request.msp, **form.cleaned_data, by=request.member, at=timezone.now())
            messages.success(request, "The branding was saved. Your partners see it right away.")
            return redirect("dashboard:branding")
    context = {"form": form, "logo_form": LogoForm(), **_preview(request, form.chosen_accent)}
    return page(request, "dashboard/settings/branding.html", context, status=422 if form.is_bound else 200)


@dashboard(can="settings.manage")
def logo(request: MspRequest) -> HttpResponse:
    """Upload a logo."""
    form = LogoForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["logo"]
        with attempt(form, field="logo"):
            picture = pictures.logo(file, file.size)
            branding.put_logo(request.msp, picture, by=request.member, at=timezone.now())
            messages.success(request, "The logo was saved.")
            return redirect("dashboard:branding")
    brand_form = BrandForm(brand=branding.of(request.msp))
    context = {"form": brand_form, "logo_form": form, **_preview(request, brand_form.chosen_accent)}
    return page(request, "dashboard/settings/branding.html", context, status=422 if form.is_bound else 200)


@dashboard(can="settings.manage")
@require_POST
def logo_removal(request: MspRequest) -> HttpResponse:
    """Show the name again."""
    branding.remove_logo(request.msp, by=request.member, at=timezone.now())
    messages.success(request, "The logo was removed. Your name stands in its place.")
    return redirect("dashboard:branding")


@xframe_options_sameorigin
@csp_override(FRAMED)
@dashboard(can="settings.manage")
@require_safe
def preview(request: MspRequest) -> HttpResponse:
    """A small portal in one theme and the colors that are tried out; without a theme, how well they can be read."""
    tried = _preview(request, request.GET.get("accent", ""))
    if request.GET.get("theme") in {"light", "dark"}:
        context = {**tried, "sample_theme": request.GET["theme"]}
        return page(request, "dashboard/settings/branding_sample.html", context)
    return page(request, "dashboard/settings/branding.html#preview", tried)


@dashboard(can="settings.manage")
@require_safe
def preview_css(request: MspRequest) -> HttpResponse:
    """The colors that are tried out, as a style sheet."""
    reading = _reading(request.GET.get("accent", "")) or colors.read(branding.HOUSE_LIGHT)
    return _css(branding.css(reading.light, reading.dark), "private, no-store")


@require_safe
def brand_css(request: HttpRequest, slug: str) -> HttpResponse:
    """The colors of an MSP, kept by browsers for as long as its version stays the same."""
    brand = branding.of(_msp(slug))
    return _css(branding.css(brand.accent_light, brand.accent_dark), _kept(request, brand.version))


@require_safe
def brand_logo(request: HttpRequest, slug: str) -> HttpResponse:
    """The logo of an MSP."""
    msp = _msp(slug)
    with tenancy.use(msp.pk):
        brand, content = branding.of(msp), branding.logo(msp)
    if not content:
        raise Http404("This MSP has no logo.")
    headers = {"Cache-Control": _kept(request, brand.version), "Content-Disposition": 'inline; filename="logo.png"'}
    return HttpResponse(content, content_type="image/png", headers=headers)


def _msp(slug: str) -> Msp:
    if found := Msp.objects.filter(slug=slug).first():
        return found
    raise Http404("No such MSP.")


def _kept(request: HttpRequest, version: str) -> str:
    return FOREVER if version and request.GET.get("v") == version else "no-cache"


def _css(text: str, cache: str) -> HttpResponse:
    return HttpResponse(text, content_type="text/css; charset=utf-8", headers={"Cache-Control": cache})


def _reading(accent: str) -> colors.Reading | None:
    try:
        return colors.read(accent)
    except ValueError:
        return None


def _preview(request: MspRequest, accent: str) -> dict[str, Any]:
    reading = _reading(accent) or colors.read(branding.of(request.msp).accent_light)
    asked = urlencode({"accent": reading.asked})
    return {
        "reading": reading,
        "sample_url": f"{reverse('dashboard:branding-preview')}?{asked}",
        "sample_css": f"{reverse('dashboard:branding-preview-css')}?{asked}",
    }
