"""An uploaded spreadsheet: its bytes, the columns that were chosen, and the fate of every row."""

from typing import ClassVar

from django.db import models

from elinkages.accounts.models import Membership
from elinkages.kernel.constraints import Transitions, one_of, paired
from elinkages.kernel.tenancy import TenantForeignKey, TenantModel, walls


class ImportKind(models.TextChoices):
    """What the rows are."""

    PARTNERS = "partners", "Partners"
    REFERRALS = "referrals", "Referrals"
    CLIENTS = "clients", "Won clients"
    OPENING = "opening", "Opening balances"
    INVOICES = "invoices", "Invoices"
    PAYMENTS = "payments", "Payments"
    CREDITS = "credits", "Credit notes"


class ImportState(models.TextChoices):
    """Where an import stands."""

    UPLOADED = "uploaded", "Choose columns"
    CHECKING = "checking", "Checking rows"
    CHECKED = "checked", "Ready to import"
    IMPORTING = "importing", "Importing"
    DONE = "done", "Imported"
    FAILED = "failed", "Failed"
    DISCARDED = "discarded", "Discarded"
    UNDOING = "undoing", "Taking back"
    UNDONE = "undone", "Taken back"


class Import(TenantModel):
    """One upload, from the file to the rows that it became. The file is kept so that the worker can read it."""

    kind = models.CharField(max_length=10, choices=ImportKind.choices)
    file_name = models.CharField(max_length=200)
    content = models.BinaryField()
    encoding = models.CharField(max_length=40)
    delimiter = models.CharField(max_length=1, blank=True)
    sheet = models.CharField(max_length=255, blank=True, help_text="Of a workbook: the sheet that is read.")
    sheets = models.JSONField(default=list, help_text="Of a workbook: the sheets that hold something.")
    header = models.JSONField()
    columns = models.JSONField(default=dict, help_text="Field → the index of its column.")
    options = models.JSONField(default=dict, help_text="Date order and decimal sign, where the file leaves a choice.")
    state = models.CharField(max_length=10, choices=ImportState.choices, default=ImportState.UPLOADED)
    summary = models.JSONField(default=dict, help_text="Fate → rows, once all are checked and once all are imported.")
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    begun_until = models.PositiveIntegerField(
        default=0, help_text="The last of the rows that a worker is writing together."
    )
    uploaded_at = models.DateTimeField()
    uploaded_by = TenantForeignKey(Membership, related_name="+")
    started_by = TenantForeignKey(Membership, null=True, related_name="+")
    moved_at = models.DateTimeField(help_text="When it last made progress; a sweep re-nudges what stands still.")
    finished_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)
    undone_by = TenantForeignKey(Membership, null=True, related_name="+")

    TONES: ClassVar[dict[str, str]] = {
        ImportState.UPLOADED: "info",
        ImportState.CHECKING: "info",
        ImportState.CHECKED: "warn",
        ImportState.IMPORTING: "info",
        ImportState.DONE: "good",
        ImportState.FAILED: "bad",
        ImportState.DISCARDED: "neutral",
        ImportState.UNDOING: "info",
        ImportState.UNDONE: "neutral",
    }

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("import", references=("uploaded_by", "started_by", "undone_by")),
            paired("undone", name="import_undone_paired"),
            Transitions(
                name="import_state",
                field="state",
                initial=("uploaded",),
                allowed={
                    "uploaded": ("checking", "failed", "discarded"),
                    "checking": ("checked", "uploaded", "failed", "discarded"),
                    "checked": ("checking", "uploaded", "importing", "discarded"),
                    "importing": ("done", "failed"),
                    "done": ("undoing",),
                    "undoing": ("undone",),
                },
            ),
            one_of("kind", ImportKind.values, name="import_kind_known"),
            one_of("state", ImportState.values, name="import_state_known"),
        ]
        indexes = [
            models.Index(fields=["msp", "uploaded_at", "id"], name="import_uploaded"),
            models.Index(
                fields=["msp", "moved_at"],
                condition=models.Q(state__in=("checking", "importing", "undoing")),
                name="import_moving",
            ),
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def tone(self) -> str:
        """The badge tone of the state."""
        return self.TONES[self.state]


class Undo(models.TextChoices):
    """What taking an import back did with a row."""

    NONE = "", "–"
    UNDONE = "undone", "Taken back"
    KEPT = "kept", "Stays"


class Fate(models.TextChoices):
    """What a row will become, or became."""

    CREATE = "create", "New"
    UPDATE = "update", "Update"
    PART = "part", "With another row"
    DUPLICATE = "duplicate", "Already there"
    ERROR = "error", "Not imported"


class ImportRow(TenantModel):
    """One row of the file, what it says, and what becomes of it.

    `attempts` counts how often a worker began in vain to write it, or began to take it back; one that never got through
    is parked with a reason. `made` says which rows of ours came of it, by model, and `changed` what was there before.
    """

    batch = TenantForeignKey(Import, models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField(help_text="The line in the file, the header being 1.")
    cells = models.JSONField()
    values = models.JSONField(default=dict)
    fate = models.CharField(max_length=10, choices=Fate.choices)
    reason = models.CharField(max_length=300, blank=True)
    target_id = models.UUIDField(null=True)
    is_done = models.BooleanField(default=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    written_at = models.DateTimeField(null=True)
    made = models.JSONField(default=dict)
    changed = models.JSONField(default=dict)
    undo = models.CharField(max_length=6, choices=Undo.choices, blank=True)
    undo_reason = models.CharField(max_length=300, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("import_row", references=("batch",), key=False),
            models.UniqueConstraint(fields=["msp", "batch", "number"], name="import_row_once"),
            one_of("fate", Fate.values, name="import_row_fate_known"),
            one_of("undo", Undo.values, name="import_row_undo_known"),
        ]
        indexes = [
            models.Index(fields=["msp", "batch", "fate", "number"], name="import_row_fate"),
            models.Index(
                fields=["msp", "batch", "attempts", "number"],
                condition=models.Q(fate__in=("create", "update"), is_done=False),
                name="import_row_waiting",
            ),
            models.Index(
                fields=["msp", "batch", "attempts", "-number"],
                condition=models.Q(undo="", written_at__isnull=False),
                name="import_row_to_undo",
            ),
        ]

    def __str__(self) -> str:
        return f"Row {self.number}"
