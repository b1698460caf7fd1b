"""What people keep of lists: views, exports and changes of many rows at once."""

from typing import ClassVar
from urllib.parse import urlencode

from django.db import models
from django.db.models import Q

from elinkages.accounts.models import Membership
from elinkages.kernel.constraints import Transitions, one_of
from elinkages.kernel.tenancy import TenantForeignKey, TenantModel, walls

QUERY_LENGTH = 2_000


class SavedView(TenantModel):
    """A list as somebody likes to see it: its filters, order and columns as the query of an address."""

    listing = models.CharField(max_length=40)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=QUERY_LENGTH, blank=True)
    owner = TenantForeignKey(Membership, related_name="+")
    is_shared = models.BooleanField("everyone here sees it", default=False)
    created_at = models.DateTimeField()

    is_default: bool
    """Whether it is how a person sees the list at first; told by `saved.views_of`."""

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("saved_view", references=("owner",)),
            models.UniqueConstraint(fields=["msp", "listing", "owner", "name"], name="saved_view_name_once"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def address(self) -> str:
        """The query that shows it, by which the page also knows which view it is."""
        mine = urlencode({"view": self.pk})
        return f"{self.query}&{mine}" if self.query else mine


class DefaultView(TenantModel):
    """How one person sees a list at first."""

    member = TenantForeignKey(Membership, related_name="+")
    listing = models.CharField(max_length=40)
    view = TenantForeignKey(SavedView, models.CASCADE, related_name="defaults")

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("default_view", references=("member", "view"), key=False),
            models.UniqueConstraint(fields=["msp", "member", "listing"], name="default_view_once"),
        ]
        indexes = [models.Index(fields=["msp", "view"], name="default_view_of")]

    def __str__(self) -> str:
        return f"{self.view_id} for {self.member_id}"


class ExportFormat(models.TextChoices):
    """What a file is."""

    CSV = "csv", "CSV"
    XLSX = "xlsx", "Excel"
    ZIP = "zip", "ZIP"


CONTENT_TYPES = {
    ExportFormat.CSV: "text/csv; charset=utf-8",
    ExportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ExportFormat.ZIP: "application/zip",
}


class ExportState(models.TextChoices):
    """How far a file is."""

    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Being written"
    DONE = "done", "Ready"
    FAILED = "failed", "Failed"
    EXPIRED = "expired", "Deleted"


UNFINISHED = (ExportState.WAITING, ExportState.RUNNING)


class Export(TenantModel):
    """What was asked for as a file: exactly the rows and columns that the address of a list showed, or a bundle."""

    listing = models.CharField("list or bundle", max_length=40)
    title = models.CharField(max_length=80)
    query = models.CharField(max_length=QUERY_LENGTH, blank=True)
    format = models.CharField(max_length=4, choices=ExportFormat.choices)
    state = models.CharField(max_length=8, choices=ExportState.choices, default=ExportState.WAITING)
    rows = models.PositiveIntegerField(default=0)
    size = models.PositiveIntegerField("bytes", default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)
    asked_by = TenantForeignKey(Membership, related_name="+")
    asked_at = models.DateTimeField()
    moved_at = models.DateTimeField(help_text="When a worker last took it up; a sweep nudges what stands still.")
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    TONES: ClassVar[dict[str, str]] = {
        ExportState.WAITING: "info",
        ExportState.RUNNING: "info",
        ExportState.DONE: "good",
        ExportState.FAILED: "bad",
        ExportState.EXPIRED: "neutral",
    }

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("export", references=("asked_by",)),
            Transitions(
                name="export_state",
                field="state",
                initial=("waiting",),
                allowed={
                    "waiting": ("running", "failed"),
                    "running": ("done", "failed"),
                    "done": ("expired",),
                },
            ),
            one_of("state", ExportState.values, name="export_state_known"),
            one_of("format", ExportFormat.values, name="export_format_known"),
        ]
        indexes = [
            models.Index(fields=["msp", "asked_at", "id"], name="export_asked"),
            models.Index(
                fields=["msp", "moved_at"], condition=Q(state__in=("waiting", "running")), name="export_unfinished"
            ),
            models.Index(fields=["msp", "expires_at"], condition=Q(state="done"), name="export_expiring"),
        ]

    def __str__(self) -> str:
        return f"{self.title}, {self.get_format_display()}"

    @property
    def tone(self) -> str:
        """The badge tone of the state."""
        return self.TONES[self.state]

    @property
    def is_unfinished(self) -> bool:
        """Whether a worker is, or should be, busy with it."""
        return self.state in UNFINISHED


class ExportFile(TenantModel):
    """The bytes of an export, behind the same walls as what they were made of; deleted when it expires."""

    export = TenantForeignKey(Export, models.CASCADE, related_name="files")
    content = models.BinaryField()

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("export_file", references=("export",), key=False),
            models.UniqueConstraint(fields=["msp", "export"], name="export_file_once"),
        ]

    def __str__(self) -> str:
        return f"File of {self.export_id}"


class ChangeState(models.TextChoices):
    """How far a change of many rows is."""

    RUNNING = "running", "Under way"
    DONE = "done", "Done"
    UNDOING = "undoing", "Being taken back"
    UNDONE = "undone", "Taken back"


MOVING = (ChangeState.RUNNING, ChangeState.UNDOING)


class Change(TenantModel):
    """One thing done to many rows; `facts` is what was answered once for all of them."""

    listing = models.CharField(max_length=40)
    action = models.CharField(max_length=40)
    label = models.CharField(max_length=120)
    facts = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=ChangeState.choices, default=ChangeState.RUNNING)
    total = models.PositiveIntegerField()
    by = TenantForeignKey(Membership, related_name="+")
    at = models.DateTimeField()
    undone_by = TenantForeignKey(Membership, null=True, related_name="+")
    moved_at = models.DateTimeField(help_text="When it last made progress; a sweep nudges what stands still.")

    TONES: ClassVar[dict[str, str]] = {
        ChangeState.RUNNING: "info",
        ChangeState.DONE: "good",
        ChangeState.UNDOING: "info",
        ChangeState.UNDONE: "neutral",
    }

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("change", references=("by", "undone_by")),
            Transitions(
                name="change_state",
                field="state",
                initial=("running",),
                allowed={"running": ("done",), "done": ("undoing",), "undoing": ("undone",)},
            ),
            one_of("state", ChangeState.values, name="change_state_known"),
        ]
        indexes = [
            models.Index(
                fields=["msp", "moved_at"], condition=Q(state__in=("running", "undoing")), name="change_moving"
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def tone(self) -> str:
        """The badge tone of the state."""
        return self.TONES[self.state]

    @property
    def is_moving(self) -> bool:
        """Whether a worker is, or should be, busy with it."""
        return self.state in MOVING


class ItemState(models.TextChoices):
    """What became of one row."""

    WAITING = "waiting", "Waiting"
    DONE = "done", "Done"
    REFUSED = "refused", "Not done"
    UNDONE = "undone", "Taken back"
    KEPT = "kept", "Not taken back"


class ChangeItem(TenantModel):
    """One row of a change. `before` is what its verb told, to take it back with."""

    change = TenantForeignKey(Change, models.CASCADE, related_name="items")
    number = models.PositiveIntegerField()
    target_id = models.UUIDField()
    name = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=8, choices=ItemState.choices, default=ItemState.WAITING)
    reason = models.CharField(max_length=300, blank=True)
    before = models.JSONField(default=dict)
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("change_item", references=("change",), key=False),
            models.UniqueConstraint(fields=["msp", "change", "number"], name="change_item_once"),
            one_of("state", ItemState.values, name="change_item_state_known"),
        ]
        indexes = [models.Index(fields=["msp", "change", "state", "number"], name="change_item_state")]

    def __str__(self) -> str:
        return self.name or str(self.target_id)
