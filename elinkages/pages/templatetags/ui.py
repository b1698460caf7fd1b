"""Every component of the interface, as a template tag. Loaded as a builtin: no page needs `load`."""

from collections.abc import Iterable
from datetime import date, datetime, tzinfo
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django.forms.boundfield import BoundField
from django.http import HttpRequest
from django.template import Context, Library
from django.template.loader_tags import BLOCK_CONTEXT_KEY
from django.urls import NoReverseMatch, get_script_prefix
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from elinkages.accounts import doors
from elinkages.kernel import figures
from elinkages.kernel.icons import badge_html, icon_html
from elinkages.kernel.markup import breakable
from elinkages.pages.ui import assets, controls, places, story
from elinkages.pages.ui.problems import problems
from elinkages.pages.ui.steady import UrlNode, steady_tag
from partners.kinds import source_html

register = Library()
ONCE = "_once"

register.tag("url", UrlNode.compile)
register.filter("problems", problems)
steady_tag(register, icon_html, "icon")


@register.simple_tag
def money(minor: int | None, currency: str, dash: bool = False, bare: bool = False) -> SafeString:
    """An amount in minor units; `dash=True` shows zero as a dash, `bare=True` leaves the currency sign out."""
    if minor is None or (dash and minor == 0):
        return figures.NO_MONEY
    return figures.amount_html(minor, currency, bare=bare)


@register.simple_tag
def percent(basis_points: int | None) -> str:
    """A rate in basis points as a percentage."""
    return figures.DASH if basis_points is None else figures.rate(basis_points)


@register.simple_tag(takes_context=True)
def when(context: Context, value: datetime | None) -> SafeString:
    """The day and how long ago; the exact minute on hover, in the zone of the MSP."""
    return figures.instant_html(value, timezone.now(), _zone(context)) if value else figures.NONE


@register.simple_tag(takes_context=True)
def day(context: Context, value: date | None) -> SafeString:
    """A calendar day: `Nov 3, 2026`; of an instant, the day it was in the zone of the MSP."""
    return figures.day_html(_calendar(context, value)) if value else figures.NONE


@register.simple_tag(takes_context=True)
def month(context: Context, value: date | None) -> SafeString:
    """The month a day is in: `November 2026`."""
    return figures.day_html(_calendar(context, value), months=True) if value else figures.NONE


steady_tag(register, badge_html, "badge")
steady_tag(register, source_html, "source_badge")


@register.inclusion_tag("components/field.html")
def field(
    bound: BoundField,
    prefix: str = "",
    suffix: str = "",
    hint: str = "",
    size: str = "",
) -> dict[str, Any]:
    """A label, its control, help under it and what is wrong; size is `short`, `wide` or `beside` (short choices)."""
    return {
        "field": bound,
        "control": controls.control_html(bound),
        "shape": controls.shape_of(bound),
        "is_optional": controls.is_optional(bound),
        "prefix": prefix,
        "suffix": suffix,
        "hint": hint,
        "size": size,
    }


@register.simple_tag
def control(bound: BoundField) -> SafeString:
    """A control alone, for a row of filters; the page gives it its label."""
    return controls.control_html(bound)


@register.inclusion_tag("components/errors.html")
def errors(*forms: controls.AnyForm) -> dict[str, Any]:
    """What is wrong with these forms, each line a link to its control; nothing when nothing is."""
    asked = [form for form in forms if form]
    return {"complaints": controls.complaints(*asked), "has_files": any(form.files for form in asked)}


@register.simple_tag
def once() -> SafeString:
    """The id of this submission: a form that is sent twice has one effect."""
    return format_html('<input type="hidden" name="{}" value="{}">', ONCE, uuid4())


@register.inclusion_tag("components/submit.html")
def submit(label: str, tone: str = "primary", name: str = "", value: str = "", icon: str = "") -> dict[str, str]:
    """The button that sends the form; its label is the verb. Tones: primary, danger, quiet, or none."""
    return {"label": label, "tone": tone, "name": name, "value": value, "icon": icon}


@register.inclusion_tag("components/stat.html")
def stat(
    label: str,
    value: Any = "",
    note: str = "",
    href: str = "",
    tone: str = "",
    change: str = "",
) -> dict[str, Any]:
    """A summary figure with what it means and a link to what it is made of; tone good, warn or bad."""
    return {
        "label": label,
        "value": value,
        "note": note,
        "href": href,
        "tone": tone,
        "change": change,
    }


@register.inclusion_tag("components/empty.html")
def empty(icon: str, title: str, text: str = "", href: str = "", label: str = "") -> dict[str, str]:
    """What will be here, why it matters, and the one button that fills it."""
    return {"icon": icon, "title": title, "text": text, "href": href, "label": label}


@register.inclusion_tag("components/pager.html")
def pager(page: Any) -> dict[str, Any]:
    """Newer and older, for a page with `previous_url` and `next_url`; nothing when it is the only one."""
    return {"page": page}


@register.inclusion_tag("components/export_menu.html", takes_context=True)
def export_menu(context: Context, name: str, **query: Any) -> dict[str, Any]:
    """The files of a page that is a `lists.short.Short` by this name; `query` says of what."""
    url = places.address(f"dashboard:{name}-export")
    return {"url": f"{url}?{urlencode(query)}" if query else url, "csrf_token": context["csrf_token"]}


@register.inclusion_tag("components/history.html", takes_context=True)
def history(context: Context, events: Iterable[Any], empty: str = "Nothing has happened yet.") -> dict[str, Any]:
    """What happened, newest first: who, what and when, from `audit.history(target)`."""
    msp = context.get("msp")
    moments = [story.moment(event, msp.currency if msp else "USD") for event in events]
    return {"moments": moments, "empty": empty, "msp": msp}


@register.inclusion_tag("components/progress.html")
def progress(done: int, total: int, label: str, unit: str = "") -> dict[str, Any]:
    """A real bar with counts; a total of zero means that the end is not known yet."""
    return {"done": done, "total": total, "label": label, "unit": unit}


@register.inclusion_tag("components/chart.html")
def chart(picture: Any) -> dict[str, Any]:
    """A `charts.Chart`: the picture, its legend, and the same numbers in a table under a fold."""
    return {"chart": picture}


@register.inclusion_tag("components/copy.html")
def copy(value: str, label: str = "Copy", name: str = "") -> dict[str, str]:
    """A value the reader takes elsewhere, such as a link, with a button that copies it."""
    return {"value": value, "label": label, "name": name or label}


@register.simple_tag
def initials(name: str) -> str:
    """One or two letters that stand for a name where there is no picture."""
    words = str(name).split()
    return (
        "".join(word[0] for word in (words[0], words[-1]) if word).upper() if len(words) > 1 else str(name)[:1].upper()
    )


@register.simple_tag(takes_context=True)
def block_again(context: Context, name: str) -> SafeString | str:
    """What a page put into a block, once more: the title is in the tab and on the page."""
    block = context.render_context[BLOCK_CONTEXT_KEY].get_block(name)
    return block.render(context) if block else ""


@register.simple_tag(takes_context=True)
def rail(context: Context) -> SafeString:
    """The places of the dashboard, the one the reader is in marked."""
    return places.places_html(places.places(_request(context), places.DASHBOARD))


@register.simple_tag(takes_context=True)
def portal_places(context: Context) -> SafeString:
    """The places of the portal, the one the reader is in marked."""
    return places.places_html(places.places(_request(context), places.PORTAL))


@register.simple_tag
def address(name: str) -> str:
    """The address of a URL name, or nothing where this door does not have it."""
    return places.address(name)


@register.simple_tag(takes_context=True)
def door_url(context: Context, door: str, name: str, *args: Any) -> str:
    """The address of a URL name behind another door, of the same MSP; nothing where that door lacks it."""
    try:
        return doors.url(door, context.get("msp"), name, *args)
    except NoReverseMatch:
        return ""


register.filter(breakable)


@register.filter
def count(value: int) -> str:
    """A number in a table: `1,204`; zero is a dash."""
    return f"{value:,}" if value else figures.NONE


@register.filter
def sentence_start(words: str) -> str:
    """With a capital letter at the start, unless its first word has capitals of its own, such as vCIO."""
    first = words.partition(" ")[0]
    return words if first != first.lower() else words[:1].upper() + words[1:]


@register.filter
def layout(request: Any) -> str:
    """The layout for a page that any door may show: the reader's own frame once we know who reads, else plain."""
    if getattr(request, "member", None):
        return "layouts/dashboard.html"
    return "layouts/portal.html" if getattr(request, "partner", None) else "layouts/plain.html"


@register.simple_tag
def home_url() -> str:
    """Where the door that this page stands behind begins."""
    return get_script_prefix()


@register.simple_tag
def mark_url() -> str:
    """The address of the mark of Elinkages, for the tab."""
    return assets.address("img/mark.svg")


@register.simple_tag(takes_context=True)
def theme(context: Context) -> str:
    """The chosen theme, `light` or `dark`; empty when the device decides. A sample of a page shows its own."""
    request = context.get("request")
    if sample := context.get("sample_theme"):
        return str(sample)
    chosen = request.COOKIES.get("theme", "") if isinstance(request, HttpRequest) else ""
    return chosen if chosen in {"light", "dark"} else ""


@register.simple_tag
def styles() -> SafeString:
    """Every style sheet of the house, one link each."""
    return assets.style_links()


@register.simple_tag(takes_context=True)
def scripts(context: Context) -> SafeString:
    """The import map and the one module that starts the elements, with the nonce of this response."""
    return assets.script_tags(context.get("csp_nonce"))


def _request(context: Context) -> HttpRequest:
    request: HttpRequest = context["request"]
    return request


def _zone(context: Context) -> tzinfo:
    """The zone of the MSP this page belongs to; of the site where it belongs to none."""
    msp = context.get("msp")
    return msp.zone if msp else timezone.get_current_timezone()


def _calendar(context: Context, value: date) -> date:
    return value.astimezone(_zone(context)).date() if isinstance(value, datetime) else value
