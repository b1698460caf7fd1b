"""Who somebody is: as allauth finds it out; only looking them up again, which every request does, is compiled once."""

from typing import Any
from uuid import UUID

from allauth.account.auth_backends import AuthenticationBackend

from elinkages.accounts.models import User
from elinkages.kernel.prepared import Prepared

_users = Prepared(lambda pk: User.objects.filter(pk=pk), pk=UUID)


class Backend(AuthenticationBackend):
    """The one of `AUTHENTICATION_BACKENDS`."""

    def get_user(self, user_id: Any) -> User | None:
        """The person of a session, unless they were deactivated."""
        user = _users.first(pk=user_id)
        return user if user is not None and self.user_can_authenticate(user) else None
