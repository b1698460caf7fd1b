"""One row after the other: cells become values, and rows of the same thing in one file are found."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from django.db.models import Model

from integrations.models import Fate, ImportKind
from integrations.spreadsheets import billing_rows, client_rows, opening_rows, partner_rows, referral_rows
from integrations.spreadsheets.fields import FIELDS, Field
from integrations.spreadsheets.files import Table
from integrations.spreadsheets.rules import REASON_LENGTH, Importer, Rules, Values, Verdict
from integrations.spreadsheets.values import NotReadable, read_cell


class Kind(Protocol):
    """What a module does for one kind of row."""

    def refine(self, values: Values, rules: Rules) -> list[str]:
        """Finish the values of a row in place; returns what is wrong."""

    def identities(self, values: Values) -> list[str]:
        """By what another row of the file would be the same."""

    def subject(self, values: Values) -> str:
        """Whom a row is about."""

    def judge(self, many: Sequence[Values], rules: Rules) -> list[Verdict]:
        """The fate of each row."""

    def write_many(
        self, many: Sequence[Values], rules: Rules, *, by: Sequence[Importer], at: datetime
    ) -> Sequence[Model]:
        """Do what rows say, each with its importer, no two about the same subject; all or none. Raises Refused."""


KINDS: dict[str, Kind] = {
    ImportKind.PARTNERS: partner_rows,
    ImportKind.REFERRALS: referral_rows,
    ImportKind.CLIENTS: client_rows,
    ImportKind.OPENING: opening_rows,
    ImportKind.INVOICES: billing_rows.INVOICES,
    ImportKind.PAYMENTS: billing_rows.PAYMENTS,
    ImportKind.CREDITS: billing_rows.CREDITS,
}


@dataclass(slots=True)
class Draft:
    """A row that was read. `twin` says which earlier row of the file is the same, `part_of` to which it belongs."""

    number: int
    cells: list[str]
    values: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    twin: str = ""
    part_of: int = 0


def drafts(table: Table, kind: str, columns: dict[str, int], rules: Rules) -> Iterator[Draft]:
    """Every row of a file, read by the chosen columns, in its order."""
    read = _drafts(table, kind, columns, rules)
    gatherer = KINDS[kind]
    if not isinstance(gatherer, billing_rows.Documents):
        return read
    whole = list(read)
    gatherer.gather(whole)
    return iter(whole)


def _drafts(table: Table, kind: str, columns: dict[str, int], rules: Rules) -> Iterator[Draft]:
    seen: dict[str, int] = {}
    fields = [(one, columns[one.name]) for one in FIELDS[kind] if one.name in columns]
    for number, cells in table.rows:
        draft = Draft(number, cells)
        _read(draft, fields, rules, len(table.header))
        draft.problems += KINDS[kind].refine(draft.values, rules)
        if not draft.problems:
            _find_twin(draft, KINDS[kind].identities(draft.values), seen)
        yield draft


def _read(draft: Draft, fields: Sequence[tuple[Field, int]], rules: Rules, width: int) -> None:
    if any(draft.cells[width:]):
        draft.problems.append(
            f"The row has {len(draft.cells)} cells and the header {width}."
            " Perhaps a cell with a comma in it lacks quotation marks."
        )
        return
    for one, place in fields:
        cell = draft.cells[place] if place < len(draft.cells) else ""
        try:
            value = read_cell(one, cell, rules.reading)
        except NotReadable as error:
            draft.problems.append(str(error))
            continue
        if value is not None:
            draft.values[one.name] = value
        elif one.required and one.name != "partner":
            draft.problems.append(f"{one.label} is empty.")
    needs_partner = any(one.name == "partner" and one.required for one, _ in fields)
    if needs_partner and not (draft.values.get("partner") or draft.values.get("partner_email")) and not draft.problems:
        draft.problems.append("Partner is empty.")


def _find_twin(draft: Draft, identities: Sequence[str], seen: dict[str, int]) -> None:
    for identity in identities:
        if earlier := seen.get(identity):
            draft.twin = f"The same {identity.partition(':')[0]} as in row {earlier:,}, which is used."
            return
    seen.update(dict.fromkeys(identities, draft.number))


def judge(many: Sequence[Draft], kind: str, rules: Rules) -> list[Verdict]:
    """The fate of each draft: what is wrong with it, its twin, or what its kind makes of it."""
    judged: list[Verdict | None] = []
    open_values = []
    for draft in many:
        if draft.problems:
            judged.append(Verdict(Fate.ERROR, " ".join(draft.problems)[:REASON_LENGTH]))
        elif draft.twin:
            judged.append(Verdict(Fate.DUPLICATE, draft.twin))
        elif draft.part_of:
            judged.append(Verdict(Fate.PART, f"Belongs to row {draft.part_of:,}."))
        else:
            judged.append(None)
            open_values.append(draft.values)
    found = iter(KINDS[kind].judge(open_values, rules) if open_values else [])
    return [verdict or next(found) for verdict in judged]
