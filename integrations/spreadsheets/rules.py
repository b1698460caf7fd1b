"""What holds for a whole file: how cells are read, and what happens to rows that leave something out."""

from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Model

from elinkages.accounts.models import Membership, Msp
from integrations.models import Fate, Import
from integrations.spreadsheets.values import MONTH_FIRST, Reading

REASON_LENGTH = 300

type Values = dict[str, Any]
"""What a row says, by field: text, ISO days, minor units. Fields without a value are not there."""


class Status(StrEnum):
    """What a file can say about where a partner stands."""

    NEW = "new"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Rules:
    """The choices of the person who imports, and the day on which rows are judged."""

    reading: Reading
    today: date
    zone: ZoneInfo
    kind: str = ""
    status: str = Status.NEW
    creates_partners: bool = False
    creates_service_lines: bool = False
    service_line: str = ""
    looks_around: bool = True
    """Whether rows are compared with what is like them. When they are written, the verbs do that."""

    def noon(self, day: str, *, not_after: datetime) -> datetime:
        """An instant on an ISO day at the MSP: noon, or `not_after` when noon has not come yet."""
        instant = datetime.combine(date.fromisoformat(day), time(12), tzinfo=self.zone)
        return min(instant, not_after)


def rules_of(batch: Import, msp: Msp, *, at: datetime) -> Rules:
    """The rules that were chosen for an import."""
    options: dict[str, Any] = batch.options
    return Rules(
        reading=Reading(msp.currency, options.get("date_order") or MONTH_FIRST, options.get("decimal_mark") or "."),
        today=msp.today(at),
        zone=msp.zone,
        kind=options.get("kind", ""),
        status=options.get("status") or Status.NEW,
        creates_partners=bool(options.get("creates_partners")),
        creates_service_lines=bool(options.get("creates_service_lines")),
        service_line=options.get("service_line", ""),
    )


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a row, why, and what it is about when that is here already."""

    fate: str
    reason: str = ""
    target_id: UUID | None = None


def problem(reason: str) -> Verdict:
    """The row is not imported."""
    return Verdict(Fate.ERROR, reason)


@dataclass(frozen=True, slots=True)
class Importer:
    """The member who imports, marked in every history as having done it by a spreadsheet.

    `made` and `changed` are what came of one row, so that it can be taken back: the rows of ours that are new, and
    what a row of ours was before.
    """

    actor_id: UUID
    actor_name: str
    made: list[Model] = field(default_factory=list)
    changed: dict[str, Any] = field(default_factory=dict)

    def for_one_row(self) -> "Importer":
        """The same person with nothing done yet."""
        return Importer(self.actor_id, self.actor_name)


def importer(member: Membership) -> Importer:
    """Who history says did it."""
    return Importer(member.pk, f"{member} (import)")
