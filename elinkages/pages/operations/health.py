"""Every MSP at a glance: measured once a minute by the worker, one MSP after the other, and kept in Redis.

Only numbers and instants leave an MSP's unit of work. What they are made of is behind the door that asks for a reason.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from commissions.models import PayoutRun, RunState
from elinkages.accounts.models import Msp
from elinkages.kernel import tenancy
from elinkages.watch import archive, backlogs, shared
from elinkages.watch.metrics import ACCRUALS, BOOKS

IN_FLIGHT: Final = (RunState.DRAFT, RunState.APPROVED, RunState.RELEASED)
ACCRUED_WITHIN: Final = timedelta(minutes=45)
CHECKED_WITHIN: Final = timedelta(hours=26)
MOVES_WITHIN: Final = timedelta(minutes=15)
FAILURES_OF: Final = timedelta(hours=24)


def measure(at: datetime) -> dict[str, Any]:
    """Ask every MSP for its figures and keep the picture; one MSP that cannot be asked is counted, and stops nobody."""
    msps, unwalled = list(Msp.objects.order_by("pk")), [one for one in backlogs.known() if not one.is_walled]
    per_msp: dict[str, dict[str, Any]] = {}
    for msp in msps:
        with tenancy.use(msp.pk):
            per_msp[str(msp.pk)] = {
                "runs": PayoutRun.objects.filter(state__in=IN_FLIGHT).count(),
                "backlogs": {one.name: one.figures() for one in backlogs.known() if one.is_walled},
            }
    parts = [found["backlogs"] for found in per_msp.values()] + [{one.name: one.figures() for one in unwalled}]
    picture = {
        "at": at.timestamp(),
        "msps": len(msps),
        "parked": sum(msp.is_parked for msp in msps),
        "ids": list(per_msp),
        "backlogs": {
            one.name: _together([part[one.name] for part in parts if one.name in part]) for one in backlogs.known()
        },
        "per_msp": per_msp,
        "archive_fails": archive.is_failing(),
    }
    shared.keep_picture(picture)
    return picture


def _together(figures: list[dict[str, Any]]) -> dict[str, Any]:
    oldest = [one["oldest"] for one in figures if one["oldest"]]
    return {
        "waiting": sum(one["waiting"] for one in figures),
        "oldest": min(oldest, default=None),
        "parked": sum(one["parked"] for one in figures),
    }


@dataclass(frozen=True, slots=True)
class BacklogLine:
    """What waits of one kind."""

    name: str
    title: str
    waiting: int
    oldest: datetime | None
    parked: int
    can_retry: bool
    is_walled: bool


@dataclass(frozen=True, slots=True)
class Health:
    """One MSP at a glance."""

    msp: Msp
    accrued_at: datetime | None
    checked_at: datetime | None
    runs: int
    failures: int
    lines: list[BacklogLine] = field(default_factory=list)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def waiting(self) -> int:
        """Rows that wait."""
        return sum(line.waiting for line in self.lines)

    @property
    def parked(self) -> int:
        """Rows that were given up."""
        return sum(line.parked for line in self.lines)

    @property
    def complaints(self) -> list[str]:
        """What somebody should look at, worst first."""
        stuck = [line for line in self.lines if line.oldest and self.at - line.oldest > MOVES_WITHIN]
        found = [
            (self.msp.is_parked, "Payouts stopped"),
            (not self._recent(self.accrued_at, ACCRUED_WITHIN), "Accruals late"),
            (not self._recent(self.checked_at, CHECKED_WITHIN), "Books not checked"),
            *((True, f"{line.title} stand still") for line in stuck),
            (bool(self.parked), f"{self.parked} parked"),
            (bool(self.failures), f"{self.failures} failed"),
        ]
        return [text for is_so, text in found if is_so]

    @property
    def tone(self) -> str:
        """The badge tone of the first complaint."""
        if self.msp.is_parked:
            return "bad"
        return "warn" if self.complaints else "good"

    def _recent(self, then: datetime | None, within: timedelta) -> bool:
        """Whether something happened lately; an MSP that was just founded has as long as any other."""
        return self.at - (then or self.msp.created_at) <= within


def overview(at: datetime) -> list[Health]:
    """Every MSP, those with complaints first."""
    picture, failed = shared.picture(), _failures_by_msp(at)
    accrued, checked = shared.last_successes(ACCRUALS), shared.last_successes(BOOKS)
    found = [
        Health(
            msp=msp,
            accrued_at=_instant(accrued.get(str(msp.pk))),
            checked_at=_instant(checked.get(str(msp.pk))),
            runs=picture.get("per_msp", {}).get(str(msp.pk), {}).get("runs", 0),
            failures=failed.get(str(msp.pk), 0),
            lines=list(_lines(picture.get("per_msp", {}).get(str(msp.pk), {}).get("backlogs", {}))),
            at=at,
        )
        for msp in Msp.objects.order_by("name", "pk")
    ]
    return sorted(found, key=lambda one: (not one.msp.is_parked, not one.complaints))


def totals() -> list[BacklogLine]:
    """What waits, of all MSPs together."""
    return list(_lines(shared.picture().get("backlogs", {})))


def _lines(figures: dict[str, dict[str, Any]]) -> Iterator[BacklogLine]:
    for one in backlogs.known():
        if found := figures.get(one.name):
            oldest = _instant(found["oldest"])
            can_retry = one.retry is not None
            yield BacklogLine(one.name, one.title, found["waiting"], oldest, found["parked"], can_retry, one.is_walled)


def measured_at() -> datetime | None:
    """When the figures were measured; None when they never were."""
    return _instant(shared.picture().get("at"))


def failures(at: datetime) -> list[dict[str, Any]]:
    """The tasks that failed lately, newest first, with the MSP's name."""
    names = {str(pk): name for pk, name in Msp.objects.values_list("pk", "name")}
    found = shared.failures(since=(at - FAILURES_OF).timestamp())
    return [one | {"at": _instant(one["at"]), "msp_name": names.get(one["msp"], "")} for one in found]


def _failures_by_msp(at: datetime) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in shared.failures(since=(at - FAILURES_OF).timestamp()):
        counts[one["msp"]] = counts.get(one["msp"], 0) + 1
    return counts


def _instant(seconds: float | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
