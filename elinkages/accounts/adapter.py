"""allauth, told how Elinkages greets people."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter


class AccountAdapter(DefaultAccountAdapter):
    """Account mails and redirects."""

    def get_login_redirect_url(self, request: Any) -> str:
        """After login: the page that knows where this person belongs."""
        return "/start/"
