"""What the MSP sells, in its own words. Contracts and plans are told apart by it."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Max, QuerySet

from elinkages.audit import trail
from elinkages.kernel.actors import Actor
from elinkages.kernel.refusal import Refused
from referrals.models import ServiceLine

USUAL = ("Managed services", "Security", "Cloud and backup", "Voice and internet", "Projects")
"""What most MSPs sell; every name can be changed."""
NAME_LENGTH = 80


class NameTaken(Refused):
    """Two service lines cannot have one name."""


class LastLine(Refused):
    """A contract needs a service line to be for."""


def seed(at: datetime) -> list[ServiceLine]:
    """Give a new MSP the usual service lines. It has none yet."""
    return ServiceLine.objects.bulk_create(
        ServiceLine(name=name, position=position) for position, name in enumerate(USUAL, start=1)
    )


def every() -> QuerySet[ServiceLine]:
    """The active MSP's service lines in its order, archived ones too."""
    return ServiceLine.objects.order_by("position", "name")


def in_use() -> QuerySet[ServiceLine]:
    """Those that a new contract can be for."""
    return every().filter(archived_at__isnull=True)


def add(name: str, *, by: Actor, at: datetime) -> ServiceLine:
    """Add one at the end. Raises NameTaken."""
    last = ServiceLine.objects.aggregate(last=Max("position"))["last"] or 0
    line = ServiceLine(name=name.strip(), position=last + 1)
    _save(line)
    trail.record("service_line.added", line, by=by, at=at)
    return line


def rename(line: ServiceLine, *, name: str, by: Actor, at: datetime) -> ServiceLine:
    """Change what it is called, everywhere it is shown. Raises NameTaken."""
    before, line.name = line.name, name.strip()
    if before != line.name:
        _save(line)
        trail.record("service_line.renamed", line, by=by, at=at, before=before)
    return line


def archive(line: ServiceLine, *, by: Actor, at: datetime) -> ServiceLine:
    """Keep it from new contracts; contracts that have it stay as they are. Raises LastLine."""
    if {other.pk for other in in_use().select_for_update()} <= {line.pk}:
        raise LastLine(f"{line.name} is the only one left. Add another service line first.")
    if ServiceLine.objects.filter(pk=line.pk, archived_at__isnull=True).update(archived_at=at):
        line.archived_at = at
        trail.record("service_line.archived", line, by=by, at=at)
    return line


def restore(line: ServiceLine, *, by: Actor, at: datetime) -> ServiceLine:
    """Offer it for new contracts again."""
    if ServiceLine.objects.filter(pk=line.pk, archived_at__isnull=False).update(archived_at=None):
        line.archived_at = None
        trail.record("service_line.restored", line, by=by, at=at)
    return line


def _save(line: ServiceLine) -> None:
    try:
        with transaction.atomic():
            line.save()
    except IntegrityError as problem:
        raise NameTaken(f"There is a service line named {line.name}. Choose a different name.") from problem
