"""allauth, told how Elinkages greets people, writes to them and sends them on."""

from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from elinkages.accounts import confirmation
from elinkages.mail import outbox

ASK_FOR = {
    "reauthenticate": "Use your password",
    "mfa_reauthenticate": "Use a code",
    "mfa_reauthenticate:webauthn": "Use a passkey",
}


SENTENCES = {
    "account_inactive": "This account is closed.",
    "cannot_remove_primary_email": "We write to this address. Make another one primary first.",
    "duplicate_email": "You already have this address.",
    "email_password_mismatch": "That e-mail address and password do not match.",
    "email_taken": "There is already an account with this e-mail address.",
    "enter_current_password": "Enter your current password.",
    "incorrect_code": "That code is not right. Only the newest one works, and only for a few minutes.",
    "incorrect_password": "That is not your password.",
    "too_many_login_attempts": "Too many attempts. Wait five minutes, then try again.",
    "unverified_primary_email": "Confirm this address first, with the code we send to it.",
    "rate_limited": "That was too many times in a row. Wait a few minutes, then try again.",
}
"""What is wrong with a form of an account, in our words."""


class AccountAdapter(DefaultAccountAdapter):
    """Account mails and redirects."""

    error_messages = DefaultAccountAdapter.error_messages | SENTENCES

    def get_login_redirect_url(self, request: Any) -> str:
        """After login: the page that knows where this person belongs."""
        return "/start/"

    def is_safe_url(self, url: str | None) -> bool:
        """A `next` leads to a path of this site, never to a host, not even by a list of them."""
        return url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    def get_reset_password_from_key_url(self, key: str) -> str:
        """The link of a reset letter, at the site's own address whatever Host the request named."""
        return str(settings.SITE_URL + urlsplit(super().get_reset_password_from_key_url(key)).path)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Write a letter that a worker sends: how long a mail server takes tells nobody who has an account."""
        values = {"email": email, **_at_our_address(context)}
        mail: EmailMultiAlternatives = self.render_mail(template_prefix, email, values)
        html = [str(content) for content, kind in mail.alternatives if kind == "text/html"]
        outbox.send_to_person(
            to=email,
            about=template_prefix.rpartition("/")[2].replace("_", " "),
            subject=str(mail.subject),
            text=str(mail.body),
            html=html[0] if html else "",
            at=timezone.now(),
        )

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """A login is a confirmation too: nobody is asked for a password twice within a quarter of an hour."""
        return not confirmation.is_recent(self.request)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """In our words."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        return [{**method, "description": ASK_FOR.get(method["id"], method["description"])} for method in methods]

    def get_logout_redirect_url(self, request: Any) -> str:
        """After leaving a portal's own host name: to our address, where the login itself ends."""
        at_portal = getattr(request, "portal_domain", None) is not None
        return f"{settings.SITE_URL}/accounts/logout/" if at_portal else str(super().get_logout_redirect_url(request))

    def get_password_change_redirect_url(self, request: Any) -> str:
        """After a password change: back to work."""
        return "/start/"


def _at_our_address(context: dict[str, Any]) -> dict[str, Any]:
    """The same with every link at the site's own address: allauth makes some of the Host that a request named."""
    links = {name: value for name, value in context.items() if name.endswith("_url") and isinstance(value, str)}
    return {**context, **{name: settings.SITE_URL + urlsplit(link).path for name, link in links.items()}}
