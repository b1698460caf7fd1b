"""Pages for what went wrong, in words."""

from django.http import HttpRequest, HttpResponse

from elinkages.kernel.pages import page


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was older than the login, or came from elsewhere; nothing was changed."""
    message = (
        "This form is too old, or it was opened before you logged in. Nothing was changed. "
        "Go back, reload the page and send it again."
    )
    return page(request, "refused.html", {"message": message, "back": "/"}, status=403)
