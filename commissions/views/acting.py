"""One page for every step that asks a question: what will happen, the form, and the verb on the button."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse, HttpResponseRedirect

from elinkages.accounts.access import MspRequest
from elinkages.kernel.forms import attempt
from elinkages.kernel.pages import page


@dataclass(frozen=True)
class Step:
    """What the page says. `crumbs` are (address, name), `notes` the consequences, each a sentence."""

    title: str
    button: str
    done: str
    back: str
    notes: tuple[str, ...] = ()
    crumbs: tuple[tuple[str, str], ...] = ()
    tone: str = "primary"


def sent(request: MspRequest) -> Any:
    """What a form is bound to: the posted data, or nothing when the page is only looked at."""
    return request.POST if request.method == "POST" else None


def act(request: MspRequest, form: Form, step: Step, verb: Callable[[dict[str, Any]], object]) -> HttpResponse:
    """Show the form; once it is sent, call the verb and go back, or show what was typed and why it was refused."""
    if form.is_bound and form.is_valid():
        with attempt(form):
            verb(form.cleaned_data)
        if form.is_valid():
            messages.success(request, step.done)
            return HttpResponseRedirect(step.back)
    status = 422 if form.is_bound else 200
    return page(request, "dashboard/payouts/act.html", {"form": form, "step": step}, status=status)
