"""Lists and bundles as files: asked for on a page, written by a worker from one snapshot, fetched by a link that ages
quickly.

The bytes lie in the database, behind the walls of what they were made of, until they expire. A list of a few hundred
rows is written at once, by the same steps.
"""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

from django.core import signing
from django.core.cache import cache
from django.db.models import F, QuerySet
from django.http import QueryDict

from elinkages.accounts.models import Membership, Msp
from elinkages.audit import trail
from elinkages.kernel import locks
from elinkages.kernel.actors import System
from elinkages.kernel.refusal import Refused
from elinkages.kernel.tenancy import current_msp_id
from elinkages.lists import listing as listings
from elinkages.lists import wanted as bundles
from elinkages.lists import writing
from elinkages.lists.listing import Asked
from elinkages.lists.models import QUERY_LENGTH, UNFINISHED, Export, ExportFile, ExportFormat, ExportState
from elinkages.lists.scope import Scope
from elinkages.lists.wanted import Wanted

logger = logging.getLogger(__name__)

AT_ONCE = 500
"""Rows of a list that are written while the page waits."""
MOST = 250_000
FORMATS = (ExportFormat.CSV, ExportFormat.XLSX)
KEPT_FOR = timedelta(hours=24)
LINK_SECONDS = 600
STANDSTILL = timedelta(minutes=3)
MOST_ATTEMPTS = 3
SYSTEM = System("Exports")
_SALT = "elinkages.lists.export"


class UnknownFormat(Refused):
    """Not one of those that are offered."""


class TooLong(Refused):
    """More rows than a file may have."""


class AddressTooLong(Refused):
    """What was asked for does not fit into what is remembered of it."""


class LinkTooOld(Refused):
    """The link was for somebody else, or its minutes are over."""

    status = 410


class Gone(Refused):
    """The file was deleted, or was never finished."""

    status = 410


def of_list(asked: Asked) -> Wanted:
    """What an address of a list shows, all pages of it."""
    return Wanted(
        name=asked.listing.name,
        title=asked.listing.title,
        query=asked.query(view="").removeprefix("?"),
        right=asked.listing.right,
        formats=FORMATS,
        at_once=AT_ONCE,
        most=MOST,
        too_long=f"A file can have {MOST:,} rows, and this list has more. Narrow it down with a filter.",
        count=lambda most: writing.count(asked, most=most),
        write=lambda format_, file, progress: writing.write(asked, format_, file, progress=progress),
    )


def start(wanted: Wanted, *, format_: str, by: Membership, at: datetime) -> Export:
    """Ask for a file; a short one is ready at once. Raises UnknownFormat, AddressTooLong, TooLong."""
    if format_ not in wanted.formats:
        raise UnknownFormat(f"Choose {' or '.join(ExportFormat(one).label for one in wanted.formats)}.")
    if len(wanted.query) > QUERY_LENGTH:
        raise AddressTooLong("That is more than one file can hold. Remove some filters.")
    rows = wanted.count(wanted.most)
    if rows > wanted.most:
        raise TooLong(wanted.too_long)
    export = Export.objects.create(
        listing=wanted.name,
        title=wanted.title,
        query=wanted.query,
        format=format_,
        rows=rows,
        asked_by=by,
        asked_at=at,
        moved_at=at,
    )
    trail.record("export.asked", export, by=by, at=at, rows=rows, filters=export.query)
    if rows <= wanted.at_once:
        take(export.pk, at=at)
        with written(export, wanted) as (content, count):
            finish(export.pk, content, count, at=at)
        export.refresh_from_db()
    return export


def take(export_id: UUID, *, at: datetime) -> Export | None:
    """The export to write, its attempt counted; None when it is written, or is given up."""
    waiting = Export.objects.filter(pk=export_id, state__in=UNFINISHED)
    taken = waiting.filter(attempts__lt=MOST_ATTEMPTS).update(
        state=ExportState.RUNNING, attempts=F("attempts") + 1, moved_at=at
    )
    if not taken:
        fail(export_id, f"The file could not be written: {MOST_ATTEMPTS} attempts ended without an answer.", at=at)
        return None
    return Export.objects.select_related("asked_by__user").get(pk=export_id)


def wanted_of(export: Export, *, at: datetime) -> Wanted | None:
    """What an export is to hold; None when its person may no longer see it, or it is gone."""
    by = export.asked_by
    if not _may(export, by) or not by.user.is_active:
        return None
    scope = Scope(Msp.objects.get(pk=current_msp_id()), by, at)
    if listing := listings.find(export.listing):
        return of_list(listing.ask(QueryDict(export.query), scope))
    bundle = bundles.find(export.listing)
    return bundle.wanted(QueryDict(export.query), scope) if bundle else None


@contextmanager
def written(export: Export, wanted: Wanted) -> Iterator[tuple[bytes, int]]:
    """The bytes of an export and how many rows they hold.

    A transaction hides what it writes until it ends, so progress is told beside it.
    """
    with tempfile.TemporaryFile() as file:
        key = _progress_key(export.pk)
        count = wanted.write(export.format, file, lambda rows: cache.set(key, rows, LINK_SECONDS))
        file.seek(0)
        yield file.read(), count


def finish(export_id: UUID, content: bytes, rows: int, *, at: datetime) -> None:
    """Keep the file; of two workers that wrote it, the first one's is kept."""
    done = Export.objects.filter(pk=export_id, state=ExportState.RUNNING).update(
        state=ExportState.DONE, rows=rows, size=len(content), finished_at=at, moved_at=at, expires_at=at + KEPT_FOR
    )
    if done:
        ExportFile.objects.create(export_id=export_id, content=content)


def fail(export_id: UUID, sentence: str, *, at: datetime) -> None:
    """Give up on a file that is not written."""
    unfinished = Export.objects.filter(pk=export_id, state__in=UNFINISHED)
    if unfinished.update(state=ExportState.FAILED, error=sentence[:300], finished_at=at, moved_at=at):
        trail.record("export.failed", Export.objects.get(pk=export_id), by=SYSTEM, at=at, reason=sentence)


def rows_done(export: Export) -> int:
    """How many rows a worker has written so far."""
    return int(cache.get(_progress_key(export.pk)) or 0)


def ticket(export: Export) -> str:
    """What a link to the file carries: it is good for its person and for ten minutes."""
    return signing.TimestampSigner(salt=_SALT).sign(_subject(export))


def fetch(export: Export, key: str, *, by: Membership, at: datetime) -> bytes:
    """The bytes, for the person who asked. Raises LinkTooOld, Gone."""
    try:
        subject = signing.TimestampSigner(salt=_SALT).unsign(key, max_age=LINK_SECONDS)
    except signing.BadSignature as error:
        raise LinkTooOld("This link is too old. Open your exports and download the file from there.") from error
    if subject != _subject(export) or export.asked_by_id != by.pk:
        raise LinkTooOld("This link is for someone else. Export the list yourself.")
    if not _may(export, by):
        raise Gone("You no longer have access to what is in this file.")
    file = ExportFile.objects.filter(export=export).first()
    if file is None:
        raise Gone(f"The file was deleted: files are kept for {KEPT_FOR // timedelta(hours=1)} hours. Export it again.")
    trail.record("export.fetched", export, by=by, at=at)
    return bytes(file.content)


def expire(at: datetime) -> int:
    """Delete the files of the active MSP whose time is over, and say how many."""
    over = list(Export.objects.filter(state=ExportState.DONE, expires_at__lte=at).values_list("pk", flat=True))
    ExportFile.objects.filter(export__in=over).delete()
    Export.objects.filter(pk__in=over).update(state=ExportState.EXPIRED, moved_at=at)
    return len(over)


def standing_still(at: datetime) -> QuerySet[Export]:
    """Exports of the active MSP that a worker should be busy with, and that nobody took for a while."""
    return Export.objects.filter(state__in=UNFINISHED, moved_at__lt=at - STANDSTILL).order_by("moved_at")


def is_ours(export_id: UUID) -> bool:
    """Whether this unit of work has the export to itself; held until it ends."""
    return locks.try_to_hold(f"export:{export_id}")


def _may(export: Export, by: Membership) -> bool:
    source = listings.find(export.listing) or bundles.find(export.listing)
    return source is not None and by.may(source.right)


def _subject(export: Export) -> str:
    return f"{export.pk}:{export.asked_by_id}"


def _progress_key(export_id: UUID) -> str:
    return f"export-rows:{export_id}"
