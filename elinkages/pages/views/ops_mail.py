"""For operations staff: what the demo would have sent."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.csp import CSP
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override

from elinkages.accounts.access import ops
from elinkages.kernel.pages import page
from elinkages.pages import mail_files
from elinkages.pages.mail_files import FiledLetter

BODY_ONLY: dict[str, Any] = {
    "default-src": [CSP.NONE],
    "style-src": [CSP.UNSAFE_INLINE],
    "img-src": ["data:"],
    "frame-ancestors": [CSP.SELF],
    "sandbox": True,
}
"""A letter is shown as a mail program would: its own styles, and nothing that runs or calls home."""


@ops
def letters(request: HttpRequest) -> HttpResponse:
    """The newest letters, or why there are none."""
    context = {"here": "mail", "is_filed": mail_files.folder() is not None, "letters": list(mail_files.newest())}
    return page(request, "ops/mail.html", context)


@ops
def letter(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """One letter as text, and as HTML in a frame."""
    return page(request, "ops/letter.html", {"letter": _found(name, number)})


@xframe_options_sameorigin
@csp_override(BODY_ONLY)
@ops
def letter_html(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """The HTML of a letter, alone."""
    return HttpResponse(_found(name, number).html)


def _found(name: str, number: int) -> FiledLetter:
    if found := mail_files.find(name, number):
        return found
    raise Http404("No such e-mail.")
