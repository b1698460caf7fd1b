"""All statements of a payout run in one download: a PDF for every partner in a ZIP, or every line in one CSV."""

import re
import zipfile
from collections.abc import Iterator
from datetime import datetime, time
from io import TextIOWrapper
from itertools import batched
from typing import IO, Final
from uuid import UUID

from django.db.models import QuerySet
from django.http import QueryDict

from commissions.earnings import TOLD
from commissions.models import Payout, PayoutRun
from commissions.statement_files import HEADER, payout_pdfs, payout_rows
from commissions.statements import Statement, statements
from elinkages.accounts.models import Msp
from elinkages.kernel import csv_cells
from elinkages.lists.models import ExportFormat
from elinkages.lists.scope import Scope
from elinkages.lists.wanted import Bundle, Progress, Wanted, register

TOGETHER: Final = 25
"""Statements that are read, and set by one press, at a time."""
MOST: Final = 1_000
"""Each is some 40 kB with its fonts, and the file is once in memory as a whole; a press sets twenty in a second."""
_NOT_IN_A_NAME: Final = re.compile(r"[^\w &',.-]+")


class RunStatements(Bundle):
    """`?run=<id>`: the statements of what is on its way, was paid or came back."""

    name = "run-statements"
    formats = (ExportFormat.ZIP, ExportFormat.CSV)

    def wanted(self, query: QueryDict, scope: Scope) -> Wanted | None:
        """Those of the run that the address names."""
        run = _run(query.get("run", ""))
        return self.of(run, scope) if run else None

    def of(self, run: PayoutRun, scope: Scope) -> Wanted:
        """Those of one run, always written by a worker."""
        told = told_in(run)
        return Wanted(
            name=self.name,
            title=f"Statements of run {run.number}",
            query=f"run={run.pk}",
            right=self.right,
            formats=self.formats,
            at_once=0,
            most=MOST,
            too_long=f"One file holds the statements of {MOST:,} payouts, and this run has more. Open them one by one.",
            count=lambda most: told[: most + 1].count(),
            write=lambda format_, file, progress: _write(told, scope.msp, format_, file, progress),
        )


RUN_STATEMENTS = register(RunStatements())


def told_in(run: PayoutRun) -> QuerySet[Payout]:
    """The payouts of a run that have a statement, by number."""
    return Payout.objects.filter(run=run, state__in=TOLD).select_related("partner", "run").order_by("number")


def _run(text: str) -> PayoutRun | None:
    try:
        found: PayoutRun | None = PayoutRun.objects.filter(pk=UUID(text)).first()
    except ValueError:
        return None
    return found


def _write(told: QuerySet[Payout], msp: Msp, format_: str, file: IO[bytes], progress: Progress) -> int:
    pieces = (statements(some) for some in batched(told.iterator(chunk_size=TOGETHER), TOGETHER))
    write = _zip if format_ == ExportFormat.ZIP else _csv
    done = 0
    for count in write(pieces, msp, file):
        done += count
        progress(done)
    return done


def _zip(pieces: Iterator[list[Statement]], msp: Msp, file: IO[bytes]) -> Iterator[int]:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for some in pieces:
            for one, content in zip(some, payout_pdfs(some, msp), strict=True):
                archive.writestr(_entry(one, msp), content)
            yield len(some)


def _csv(pieces: Iterator[list[Statement]], msp: Msp, file: IO[bytes]) -> Iterator[int]:
    text = TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    csv_cells.add([("Partner", *HEADER)], text)
    for some in pieces:
        for one in some:
            csv_cells.add(((one.payout.partner.name, *row) for row in payout_rows(one)), text)
        yield len(some)
    text.detach()


def _entry(one: Statement, msp: Msp) -> zipfile.ZipInfo:
    """`Statement 118, Harbor & Finch CPAs.pdf`: the number makes it the only one, and the same rows the same bytes."""
    payout = one.payout
    name = " ".join(_NOT_IN_A_NAME.sub(" ", payout.partner.name).split())[:60].strip(" .")
    day = payout.paid_on or msp.today(payout.run.released_at or payout.run.opened_at)
    moment = datetime.combine(day, time())
    entry = zipfile.ZipInfo(f"Statement {payout.number}, {name}.pdf", moment.timetuple()[:6])
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry
