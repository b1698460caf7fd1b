"""Every component on one page, with the content a real page would have. For the people who build the house."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from elinkages.kernel.pages import page
from elinkages.pages import charts
from partners.kinds import KINDS

LAYOUTS = ("dashboard", "portal", "plain")


class PartnerForm(forms.Form):
    """One control of every shape."""

    name = forms.CharField(label="Company or person", initial="Harbor & Finch CPAs")
    email = forms.EmailField(label="E-mail", help_text="Where statements and news about referrals go.")
    kind = forms.ChoiceField(label="Kind of source", choices=[(value, kind.label) for value, kind in KINDS.items()])
    reward = forms.DecimalField(label="Share of MRR", initial=10)
    flat = forms.CharField(label="Flat reward", required=False, widget=forms.TextInput(attrs={"inputmode": "decimal"}))
    starts_on = forms.DateField(label="Agreement starts on", widget=forms.DateInput)
    pay_by = forms.ChoiceField(
        label="Pay by",
        choices=[("bank", "Bank transfer"), ("check", "Check"), ("credit", "Credit on the next invoice")],
        widget=forms.RadioSelect,
        initial="bank",
    )
    notes = forms.CharField(label="Notes", required=False, widget=forms.Textarea, help_text="Only your team sees this.")
    file = forms.FileField(label="Signed agreement", required=False)
    consent = forms.BooleanField(label="They agreed to receive e-mail about this program")


@dataclass(frozen=True)
class Happening:
    """A line of the sample history."""

    at: datetime
    action: str
    actor_name: str
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Neighbors:
    """The addresses around a page of a list."""

    previous_url: str = "?before=1"
    next_url: str = "?after=1"


def styleguide(request: HttpRequest) -> HttpResponse:
    """Show every component; 404 outside of development and the demo."""
    if not (settings.DEBUG or settings.DEMO):
        raise Http404
    layout = request.GET.get("layout", "plain")
    return page(request, "public/styleguide.html", _content(layout if layout in LAYOUTS else "plain"))


def _content(layout: str) -> dict[str, Any]:
    now = timezone.now()
    wrong = PartnerForm({"name": "Harbor & Finch CPAs", "email": "dana@harborfinch", "reward": "ten", "pay_by": "bank"})
    return {
        "layout": f"layouts/{layout}.html",
        "form": PartnerForm(),
        "wrong": wrong,
        "events": _history(now),
        "neighbors": Neighbors(),
        "now": now,
        "ago": now - timedelta(days=3),
        "next_month": now.date() + timedelta(days=31),
        "chart": _chart(now.date()),
    }


def _history(now: datetime) -> list[Happening]:
    return [
        Happening(now - timedelta(minutes=12), "payout.approved", "Sam Okafor"),
        Happening(
            now - timedelta(days=2), "referral.won", "Ana Ruiz", {"client": "Brightwater Dental", "mrr_minor": 185_000}
        ),
        Happening(now - timedelta(days=41), "partner.invited", "Ana Ruiz"),
    ]


def _chart(today: date) -> charts.Chart:
    months = charts.months_until(today, 6)
    return charts.stacked_bars(
        "MRR from referred clients",
        [
            charts.Series("Happy client", (410000, 410000, 585000, 585000, 720000, 720000), "client"),
            charts.Series(
                "Center of influence", (180000, 265000, 265000, 450000, 450000, 635000), "centre_of_influence"
            ),
            charts.Series("Peer MSP", (0, 0, 95000, 95000, 95000, 230000), "peer_msp"),
        ],
        labels=months,
        unit=charts.money("USD", period="a month"),
    )
