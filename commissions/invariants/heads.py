"""Heads of the ledgers, published outside of the database: who rewrites books and chain is found out.

Each night the last journal's hash of every MSP goes into a log line and into an append-only file, which belongs on
storage of somebody else's. `manage.py check_books --heads FILE` looks for every published head in the database: a
journal that is missing or says something else was changed by somebody who could switch the triggers off.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from commissions.models import Journal
from elinkages.accounts.models import Msp
from elinkages.kernel import tenancy


@dataclass(frozen=True, slots=True)
class Head:
    """The last journal of an MSP, at an instant."""

    msp_id: UUID
    seq: int
    hash: str
    at: datetime


def current(at: datetime) -> Head | None:
    """The head of the current MSP; None before its first journal."""
    last = Journal.objects.order_by("-seq").values_list("seq", "hash").first()
    return Head(tenancy.current_msp_id(), last[0], bytes(last[1]).hex(), at) if last else None


def publish(head: Head, file: Path) -> None:
    """Append one line and wait until it is on the disk."""
    file.parent.mkdir(parents=True, exist_ok=True)
    line = {"at": head.at.isoformat(), "msp": str(head.msp_id), "seq": head.seq, "head": head.hash}
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
    try:
        os.write(descriptor, f"{json.dumps(line)}\n".encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def published(file: Path) -> Iterator[Head]:
    """Every head of a file; raises ValueError for a line that is none."""
    for number, line in enumerate(file.read_text().splitlines(), 1):
        try:
            read = json.loads(line)
            yield Head(UUID(read["msp"]), int(read["seq"]), read["head"], datetime.fromisoformat(read["at"]))
        except (KeyError, TypeError, ValueError) as problem:
            raise ValueError(f"Line {number} of {file} is not a head of a ledger.") from problem


def differences(file: Path, *, only: Msp | None = None) -> list[str]:
    """What the database no longer says as it was published, one sentence each. Raises what `published` raises."""
    by_msp: dict[UUID, list[Head]] = {}
    for head in published(file):
        by_msp.setdefault(head.msp_id, []).append(head)
    slugs = dict(Msp.objects.values_list("pk", "slug"))
    found: list[str] = []
    for msp_id, heads in by_msp.items():
        if only is not None and msp_id != only.pk:
            continue
        if msp_id not in slugs:
            found.append(f"{msp_id}: the MSP is gone; {heads[-1].at:%Y-%m-%d} it had {heads[-1].seq} journals")
            continue
        with tenancy.use(msp_id):
            found += _of_one_msp(slugs[msp_id], heads)
    return found


def _of_one_msp(slug: str, heads: list[Head]) -> Iterator[str]:
    wanted = {head.seq for head in heads}
    rows = Journal.objects.filter(seq__in=wanted).values_list("seq", "hash")
    hashes = {seq: bytes(hash_).hex() for seq, hash_ in rows}
    for head in heads:
        if head.seq not in hashes:
            yield f"{slug}: journal {head.seq} is missing; it was the last one at {head.at:%Y-%m-%d %H:%M} UTC"
        elif hashes[head.seq] != head.hash:
            yield f"{slug}: journal {head.seq} says something else than at {head.at:%Y-%m-%d %H:%M} UTC"
