"""Letters that wait, and letters that were given up."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from elinkages.mail.models import AccountLetter, Message, waiting
from elinkages.watch.backlogs import Backlog, register


def _again(parked: "QuerySet[Any]", _at: datetime) -> int:
    """As if it had never been tried; the next sweep takes it."""
    return parked.update(parked_at=None, tried_at=None, attempts=0)


register(
    Backlog(
        name="letters",
        title="E-mails of MSPs",
        waiting=lambda: Message.objects.filter(waiting()),
        since="created_at",
        parked=lambda: Message.objects.filter(parked_at__isnull=False, sent_at=None),
        retry=_again,
        error="error",
    )
)
register(
    Backlog(
        name="account-letters",
        title="E-mails about logins",
        waiting=lambda: AccountLetter.objects.filter(waiting()),
        since="created_at",
        parked=lambda: AccountLetter.objects.filter(parked_at__isnull=False, sent_at=None),
        retry=_again,
        error="error",
        is_walled=False,
    )
)
