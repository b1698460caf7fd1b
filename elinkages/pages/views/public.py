"""The public site."""

from django.http import HttpRequest, HttpResponse

from elinkages.kernel.pages import page


def home(request: HttpRequest) -> HttpResponse:
    """What Elinkages is, and the way in."""
    return page(request, "public/home.html")
