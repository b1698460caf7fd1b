"""Forms of an import: the file, and which of its columns is what."""

from collections.abc import Sequence
from typing import Any

from django import forms

from elinkages.kernel.forms import offer
from integrations.models import Import, ImportKind
from integrations.spreadsheets import files
from integrations.spreadsheets.fields import AMOUNT, DAY, FIELDS, SIGNED
from integrations.spreadsheets.limits import LARGEST_BYTES, MEGABYTE, MOST_ROWS, Unreadable
from integrations.spreadsheets.rules import Status
from integrations.spreadsheets.values import DATE_ORDERS, DECIMAL_MARKS, MONTH_FIRST
from partners.models import SourceKind
from referrals.models import ServiceLine

SAMPLES = 3
SAMPLE_LENGTH = 40
ACCEPTED = ".xlsx,.xlsm,.csv,.tsv,.txt,text/csv,text/plain"
STATUSES = ((Status.NEW, "Not invited yet"), (Status.ACTIVE, "Active"))


class UploadForm(forms.Form):
    """What the rows are, and the file."""

    kind = forms.ChoiceField(
        label="What is in the file?",
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what is in the file."},
    )
    file = forms.FileField(
        label="File",
        widget=forms.FileInput(attrs={"accept": ACCEPTED}),
        help_text=f"Excel workbook (.xlsx) or CSV of up to {LARGEST_BYTES // MEGABYTE} MB and {MOST_ROWS:,} rows.",
        error_messages={"required": "Choose the file to upload.", "empty": "The file is empty."},
    )

    def __init__(self, *args: Any, kinds: Sequence[ImportKind], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "kind", [(kind.value, str(kind.label)) for kind in kinds])

    def clean_file(self) -> Any:
        """A file that is far too large is refused before it is read."""
        file = self.cleaned_data["file"]
        try:
            files.check_size(file.size or 0)
        except Unreadable as refusal:
            raise forms.ValidationError(refusal.message) from refusal
        return file

    def clean(self) -> dict[str, Any]:
        """A browser forgets the file when the page comes back."""
        cleaned = super().clean() or {}
        if "kind" in self.errors and "file" in cleaned:
            self.add_error("file", "Choose the file again.")
        return cleaned


class UndoForm(forms.Form):
    """How many rows the person was told would be taken back."""

    expected = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class SheetForm(forms.Form):
    """Which sheet of a workbook is the list."""

    sheet = forms.ChoiceField(label="Sheet", help_text="The columns are guessed again.")

    def __init__(self, *args: Any, batch: Import, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["sheet"] = batch.sheet
        offer(self, "sheet", [(name, name) for name in batch.sheets])


class ColumnsForm(forms.Form):
    """One choice of column per field, and how to read what the file leaves open."""

    def __init__(
        self, *args: Any, batch: Import, table: files.Table, service_lines: Sequence[ServiceLine], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.batch = batch
        self.specs = FIELDS[batch.kind]
        places = [("", "–"), *((str(place), name) for place, name in enumerate(table.header))]
        for spec in self.specs:
            self.fields[f"column_{spec.name}"] = forms.ChoiceField(
                label=spec.label,
                required=spec.required,
                choices=places,
                initial=str(batch.columns.get(spec.name, "")),
                help_text=spec.help,
                error_messages={"required": f"Choose the column that holds: {spec.label}."},
            )
        self._offer_reading(batch)
        self._offer_defaults(batch, service_lines)
        self.samples = _samples(table)

    def _offer_reading(self, batch: Import) -> None:
        reads = {AMOUNT if spec.reads == SIGNED else spec.reads for spec in self.specs}
        for name, label, choices, default, kind in (
            ("date_order", "Dates are written", DATE_ORDERS, MONTH_FIRST, DAY),
            ("decimal_mark", "Decimals are written with", DECIMAL_MARKS, ".", AMOUNT),
        ):
            if kind in reads:
                guessed = batch.options.get(name)
                self.fields[name] = forms.ChoiceField(
                    label=label,
                    choices=choices,
                    initial=guessed or default,
                    help_text="" if guessed else "The file does not settle this. Look at the samples and choose.",
                )

    def _offer_defaults(self, batch: Import, service_lines: Sequence[ServiceLine]) -> None:
        options, kinds = batch.options, [("", "–"), *SourceKind.choices]
        if batch.kind == ImportKind.PARTNERS:
            self._choice("kind", "Kind of source where the file has none", kinds)
            self._choice("status", "Status where the file has none", STATUSES)
        if batch.kind not in (ImportKind.REFERRALS, ImportKind.CLIENTS):
            return
        if batch.kind == ImportKind.CLIENTS:
            lines = [("", "–"), *((line.name, line.name) for line in service_lines)]
            self._choice("service_line", "Service line where the file has none", lines)
            self._box("creates_service_lines", "Add service lines that are not here yet", options)
        self._box("creates_partners", "Add partners that are not here yet", options)
        self._choice("kind", "Kind of source of added partners", kinds)

    def _choice(self, name: str, label: str, choices: Sequence[tuple[str, str]]) -> None:
        initial = self.batch.options.get(name, "")
        self.fields[name] = forms.ChoiceField(label=label, required=False, choices=choices, initial=initial)

    def _box(self, name: str, label: str, options: dict[str, Any]) -> None:
        self.fields[name] = forms.BooleanField(label=label, required=False, initial=bool(options.get(name)))

    def clean(self) -> dict[str, Any]:
        """Adding partners needs to know of what kind they are."""
        cleaned = super().clean() or {}
        if cleaned.get("creates_partners") and not cleaned.get("kind"):
            self.add_error("kind", "Choose of what kind the added partners are.")
        return cleaned

    @property
    def columns(self) -> dict[str, int]:
        """Field → place of its column, as chosen."""
        chosen = ((spec.name, self.cleaned_data.get(f"column_{spec.name}", "")) for spec in self.specs)
        return {name: int(place) for name, place in chosen if place}

    @property
    def options(self) -> dict[str, Any]:
        """The other choices."""
        return {name: value for name, value in self.cleaned_data.items() if not name.startswith("column_")}

    @property
    def lines(self) -> list[tuple[forms.BoundField, str, bool]]:
        """For each field its control, a sample of the chosen column, and whether it is required."""
        samples = {str(place): sample for place, sample in enumerate(self.samples)}
        found = []
        for spec in self.specs:
            bound = self[f"column_{spec.name}"]
            found.append((bound, samples.get(str(bound.value() or ""), ""), spec.required))
        return found

    @property
    def choices(self) -> list[forms.BoundField]:
        """The controls below the columns."""
        return [bound for bound in self if not bound.name.startswith("column_")]

    @property
    def unused(self) -> list[str]:
        """The columns of the file that no field has, so that nothing is left out by mistake."""
        used = {str(bound.value() or "") for bound, _, _ in self.lines}
        return [name for place, name in enumerate(self.batch.header) if str(place) not in used]


def shorten(text: str) -> str:
    """A cell for a table that shows many."""
    return f"{text[:SAMPLE_LENGTH]}…" if len(text) > SAMPLE_LENGTH else text


def _samples(table: files.Table) -> list[str]:
    """Per column its first filled cells, in one line."""
    found = []
    for place in range(len(table.header)):
        cells = []
        for _, row in table.rows:
            if place < len(row) and row[place] and row[place] not in cells:
                cells.append(" ".join(row[place].split()))
            if len(cells) == SAMPLES:
                break
        found.append(" · ".join(map(shorten, cells)))
    return found
