"""What a list is read for: an MSP, one of its people, and a moment."""

from datetime import date, datetime
from functools import cached_property
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils import timezone

from elinkages.accounts import doors
from elinkages.accounts.access import MspRequest
from elinkages.accounts.models import Membership, Msp


class Scope:
    """Handed to every cell and filter; nothing in a list asks for the clock or the request.

    `kept` is for what several of them need and one query gives.
    """

    def __init__(self, msp: Msp, member: Membership, at: datetime) -> None:
        self.msp = msp
        self.member = member
        self.at = at
        self.kept: dict[str, Any] = {}
        self._around: dict[str, tuple[str, str]] = {}

    @classmethod
    def of(cls, request: MspRequest) -> "Scope":
        """That of a request."""
        return cls(request.msp, request.member, timezone.now())

    @cached_property
    def zone(self) -> ZoneInfo:
        """The MSP's zone."""
        return self.msp.zone

    @cached_property
    def today(self) -> date:
        """The day at the MSP."""
        return self.at.astimezone(self.zone).date()

    def path(self, name: str) -> str:
        """The address of a page that takes no argument."""
        return doors.here(f"dashboard:{name}")

    def url(self, name: str, pk: UUID) -> str:
        """The address of a row's page; the pattern is reversed once for all rows."""
        if name not in self._around:
            self._around[name] = doors.around(f"dashboard:{name}")
        before, after = self._around[name]
        return f"{before}{pk}{after}"
