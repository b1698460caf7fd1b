"""Who somebody is: as allauth finds it out; only looking them up again, which every request does, is compiled once."""

from typing import Any
from uuid import UUID

from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.models import EmailAddress
from django.contrib.auth.tokens import PasswordResetTokenGenerator

from elinkages.accounts import mailboxes
from elinkages.accounts.models import User
from elinkages.kernel.prepared import Prepared

_users = Prepared(lambda pk: User.objects.filter(pk=pk), pk=UUID)


class Backend(AuthenticationBackend):
    """The one of `AUTHENTICATION_BACKENDS`."""

    def _authenticate_by_email(self, email: str, password: str) -> User | None:
        """With the same work for an address that nobody has; where nobody has it, a password is hashed all the same."""
        return next((user for user in mailboxes.whose(email) if self._check_password(user, password)), None)

    def get_user(self, user_id: Any) -> User | None:
        """The person of a session, unless they were deactivated."""
        user = _users.first(pk=user_id)
        return user if user is not None and self.user_can_authenticate(user) else None


class ResetToken(PasswordResetTokenGenerator):
    """What a link for a new password carries: worthless after a login, and once password or addresses have changed."""

    def _make_hash_value(self, user: Any, timestamp: int) -> str:
        addresses = EmailAddress.objects.filter(user_id=user.pk).order_by("email").values_list("email", flat=True)
        return f"{super()._make_hash_value(user, timestamp)}{'|'.join(addresses)}"
