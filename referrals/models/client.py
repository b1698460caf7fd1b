"""A client, its contracts by service line, and how their MRR moved."""

from datetime import date
from typing import ClassVar

from django.db import models
from django.db.models import Q

from elinkages.kernel.constraints import AppendOnly, OneMspAtFirst, one_of
from elinkages.kernel.tenancy import PARTNER, TenantForeignKey, TenantManager, TenantModel, walls
from referrals.models.referral import Referral
from referrals.models.revision import Revises, RevisesItself


class ServiceLine(TenantModel):
    """What a contract is for, in the MSP's words: managed services, cloud, voice … No secret to a partner."""

    name = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField(default=0)
    archived_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("service_line", portal="TRUE"),
            models.UniqueConstraint(fields=["msp", "name"], name="service_line_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class ClientState(models.TextChoices):
    """Whether they are with the MSP now."""

    ACTIVE = "active", "Active"
    LEFT = "left", "Left"


class ClientQuerySet(models.QuerySet["Client"]):
    """Questions about many clients."""

    def active(self) -> "ClientQuerySet":
        """Clients who have not left."""
        return self.filter(state=ClientState.ACTIVE)


class Client(TenantModel):
    """A company that buys from the MSP. With `referral`, the introduction that it came from."""

    name = models.CharField(max_length=160)
    name_key = models.CharField(max_length=160, editable=False)
    website = models.CharField(max_length=200, blank=True)
    referral = TenantForeignKey(Referral, null=True, blank=True, related_name="clients")
    state = models.CharField(max_length=8, choices=ClientState.choices, default=ClientState.ACTIVE)
    since_on = models.DateField()
    left_on = models.DateField(null=True, blank=True)
    left_reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    external_id = models.CharField(max_length=120, blank=True)

    objects: ClassVar = TenantManager.from_queryset(ClientQuerySet)()

    TONES: ClassVar[dict[str, str]] = {ClientState.ACTIVE: "good", ClientState.LEFT: "neutral"}

    class Meta(TenantModel.Meta):
        constraints = [
            *walls(
                "client",
                portal="EXISTS (SELECT 1 FROM referrals_credit c WHERE c.msp_id = referrals_client.msp_id"
                f" AND c.referral_id = referrals_client.referral_id AND c.partner_id = {PARTNER})",
                references=("referral",),
            ),
            OneMspAtFirst(name="client_one_msp_at_first"),
            models.UniqueConstraint(
                fields=["msp", "referral"], condition=Q(referral__isnull=False), name="client_referral_once"
            ),
            one_of("state", ClientState.values, name="client_state_known"),
            models.CheckConstraint(
                condition=Q(state="active", left_on__isnull=True) | Q(state="left", left_on__isnull=False),
                name="client_left_paired",
            ),
        ]
        indexes = [
            models.Index(fields=["msp", "name_key", "id"], name="client_name"),
            models.Index(fields=["msp", "state", "name_key", "id"], name="client_by_state"),
            models.Index(fields=["msp", "external_id"], condition=~Q(external_id=""), name="client_external"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def tone(self) -> str:
        """The badge tone of the state."""
        return self.TONES[self.state]


class ContractQuerySet(models.QuerySet["Contract"]):
    """Questions about many contracts."""

    def without_plan(self) -> "ContractQuerySet":
        """Running, of an introduced client that is still one, and nobody earns anything on them."""
        return self.filter(is_without_plan=True, ends_on__isnull=True, client__state=ClientState.ACTIVE)


class Contract(TenantModel):
    """A recurring agreement with a client for one service line.

    `starts_on` is the first day of service, `ends_on` the first day without it. `owed_from` is the day from
    which commissions count (decisions 15: what was paid before the import is never accrued again).
    `revision` counts the changes that commissions depend on, `accrued_revision` is the one they were computed for.
    `is_without_plan`: of a referred client, and no plan was ever pinned, so that nobody earns anything on it.
    `told_won_on`: the day of the win as it was told, if it was. The plan of that day is the one to pin.
    """

    client = TenantForeignKey(Client, related_name="contracts")
    service_line = TenantForeignKey(ServiceLine, related_name="+")
    currency = models.CharField(max_length=3)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    end_reason = models.CharField(max_length=300, blank=True)
    first_paid_on = models.DateField("first invoice paid on", null=True, blank=True)
    owed_from = models.DateField()
    revision = models.PositiveIntegerField(default=1, editable=False)
    accrued_revision = models.PositiveIntegerField(default=0, editable=False)
    is_without_plan = models.BooleanField(default=False, editable=False)
    told_won_on = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField()
    external_id = models.CharField(max_length=120, blank=True)

    objects: ClassVar = TenantManager.from_queryset(ContractQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            *walls(
                "contract",
                portal="EXISTS (SELECT 1 FROM referrals_client c WHERE c.msp_id = referrals_contract.msp_id"
                " AND c.id = referrals_contract.client_id)",
                references=("client", "service_line"),
            ),
            OneMspAtFirst(name="contract_one_msp_at_first"),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=models.F("starts_on")),
                name="contract_ends_after_start",
            ),
            RevisesItself(name="contract_revises_itself"),
        ]
        indexes = [
            models.Index(fields=["msp", "client"], name="contract_client"),
            models.Index(fields=["msp", "starts_on"], name="contract_starts"),
            models.Index(
                fields=["msp", "id"], condition=~Q(revision=models.F("accrued_revision")), name="contract_to_accrue"
            ),
            models.Index(
                fields=["msp", "id"],
                condition=Q(is_without_plan=True, ends_on__isnull=True),
                name="contract_without_plan",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.client.name}: {self.service_line.name}"

    def is_running(self, on: date) -> bool:
        """Whether service is given on a day."""
        return self.starts_on <= on and (self.ends_on is None or on < self.ends_on)


class MovementKind(models.TextChoices):
    """Why the MRR changed (product B6)."""

    START = "start", "Start"
    EXPANSION = "expansion", "Expansion"
    CONTRACTION = "contraction", "Contraction"
    PRICE = "price", "Price change"
    PAUSE = "pause", "Pause"
    RESUME = "resume", "Resume"
    CHURN = "churn", "Left"
    RENEWAL = "renewal", "Renewal"
    CORRECTION = "correction", "Correction"


class MrrMovement(TenantModel):
    """From `effective_on` the contract's MRR is `mrr_minor`. Append-only: a later row for the same day replaces."""

    contract = TenantForeignKey(Contract, related_name="movements")
    kind = models.CharField(max_length=12, choices=MovementKind.choices)
    effective_on = models.DateField()
    mrr_minor = models.BigIntegerField("MRR")
    delta_minor = models.BigIntegerField()
    note = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()
    by_name = models.CharField(max_length=200)

    class Meta(TenantModel.Meta):
        verbose_name = "MRR movement"
        constraints = [
            *walls("mrr_movement", references=("contract",), key=False),
            one_of("kind", MovementKind.values, name="mrr_movement_kind_known"),
            models.CheckConstraint(condition=Q(mrr_minor__gte=0), name="mrr_movement_not_negative"),
            AppendOnly(name="mrr_movement_append_only"),
            Revises(name="mrr_movement_revises", contracts="SELECT DISTINCT msp_id, contract_id AS id FROM added"),
        ]
        indexes = [
            models.Index(fields=["msp", "contract", "effective_on", "id"], name="mrr_movement_contract"),
            models.Index(fields=["msp", "id"], name="mrr_movement_written"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} on {self.effective_on}"
