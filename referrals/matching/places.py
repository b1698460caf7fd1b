"""Who was first: of those that may be one company, clients come before introductions, and each by age."""

from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from referrals.models import Client, Referral


class Place(NamedTuple):
    """Where a record stands among those that may be the same company; places are compared field by field."""

    is_introduction: bool
    since: date | datetime
    """The day of a client, the instant at which an introduction was registered."""
    pk: UUID


def place(record: Referral | Client) -> Place:
    """The place of an introduction or a client."""
    if isinstance(record, Referral):
        return Place(True, record.registered_at, record.pk)
    return Place(False, record.since_on, record.pk)


def place_at(registered_at: datetime) -> Place:
    """The place before all introductions of that instant."""
    return Place(True, registered_at, UUID(int=0))
