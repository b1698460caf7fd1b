"""Paying: a run is a proposal, a payout a promise to one partner, an attempt a try to keep it."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from commissions.models.entry import Entry, PaidIn
from elinkages.accounts.models import Membership
from elinkages.kernel.constraints import AppendOnly, OneMspAtFirst, Transitions, one_of, paired
from elinkages.kernel.tenancy import OWN_PARTNER, PARTNER, TenantForeignKey, TenantModel, walls
from partners.models import Partner


class Rail(models.TextChoices):
    """How money leaves."""

    MANUAL = "manual", "Bank transfer or check, recorded by hand"
    CREDIT = "credit", "Service credit, applied to invoices"

    @property
    def paid_in(self) -> PaidIn:
        """What this rail pays in: a run takes only the amounts that are paid so."""
        return PaidIn.CREDIT if self == Rail.CREDIT else PaidIn.MONEY


class RunState(models.TextChoices):
    """Where a payout run stands."""

    DRAFT = "draft", "Waiting for approval"
    APPROVED = "approved", "Approved"
    RELEASED = "released", "Being paid"
    CLOSED = "closed", "Closed"
    CANCELED = "canceled", "Canceled"


class PayoutRun(TenantModel):
    """One proposal to pay everyone who is owed enough. Opened by one person, approved by another.

    The database refuses an approver who opened the run, unless a one-person MSP's owner has waived it on record.
    """

    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.DRAFT)
    rail = models.CharField(max_length=10, choices=Rail.choices, default=Rail.MANUAL)
    currency = models.CharField(max_length=3)
    cutoff_on = models.DateField(help_text="Amounts that were payable on this day are in the run.")
    opened_at = models.DateTimeField()
    opened_by = TenantForeignKey(Membership, related_name="+")
    approved_at = models.DateTimeField(null=True)
    approved_by = TenantForeignKey(Membership, null=True, related_name="+")
    one_person_reason = models.CharField(max_length=300, blank=True)
    released_at = models.DateTimeField(null=True)
    released_by = TenantForeignKey(Membership, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    ended_reason = models.CharField(max_length=300, blank=True)

    TONES: ClassVar[dict[str, str]] = {
        RunState.DRAFT: "warn",
        RunState.APPROVED: "info",
        RunState.RELEASED: "info",
        RunState.CLOSED: "good",
        RunState.CANCELED: "neutral",
    }

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("payout_run", references=("opened_by", "approved_by", "released_by")),
            AppendOnly(
                name="payout_run_append_only",
                mutable=(
                    "state",
                    "approved_at",
                    "approved_by",
                    "one_person_reason",
                    "released_at",
                    "released_by",
                    "ended_at",
                    "ended_reason",
                ),
            ),
            Transitions(
                name="payout_run_state",
                field="state",
                initial=("draft",),
                allowed={
                    "draft": ("approved", "canceled"),
                    "approved": ("released", "canceled"),
                    "released": ("closed",),
                },
            ),
            models.UniqueConstraint(fields=["msp", "number"], name="payout_run_number_once"),
            models.UniqueConstraint(fields=["msp", "rail"], condition=Q(state="draft"), name="payout_run_one_draft"),
            one_of("rail", Rail.values, name="payout_run_rail_known"),
            one_of("state", RunState.values, name="payout_run_state_known"),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("opened_by")) | ~Q(one_person_reason=""),
                name="payout_run_second_person",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "canceled"]) | Q(approved_by__isnull=False),
                name="payout_run_approved_first",
            ),
            paired("approved", name="payout_run_approved_paired"),
            paired("released", name="payout_run_released_paired"),
        ]

    def __str__(self) -> str:
        return f"Payout run {self.number}"

    @property
    def tone(self) -> str:
        """The badge tone of the state."""
        return self.TONES[self.state]

    @property
    def is_credit(self) -> bool:
        """Whether it gives service credit instead of money."""
        return self.rail == Rail.CREDIT


class PayoutState(models.TextChoices):
    """Where a payout stands."""

    DRAFT = "draft", "Proposed"
    APPROVED = "approved", "Approved"
    RESERVED = "reserved", "Reserved"
    SUBMITTED = "submitted", "On its way"
    PAID = "paid", "Paid"
    FAILED = "failed", "Failed"
    CANCELED = "canceled", "Canceled"
    RETURNED = "returned", "Returned"


class Payout(TenantModel):
    """What one partner is paid in one run. The amount is fixed when the run is opened, and so is the payee's name.

    `paid_in` repeats what the run's rail pays in, for a partner's eyes: they see payouts and no runs.
    """

    run = TenantForeignKey(PayoutRun, related_name="payouts")
    partner = TenantForeignKey(Partner, related_name="payouts")
    number = models.PositiveIntegerField()
    payee = models.CharField(max_length=160)
    minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    paid_in = models.CharField(max_length=6, choices=PaidIn.choices, default=PaidIn.MONEY)
    state = models.CharField(max_length=10, choices=PayoutState.choices, default=PayoutState.DRAFT)
    paid_on = models.DateField(null=True)
    returned_on = models.DateField(null=True)
    reference = models.CharField(max_length=140, blank=True)
    ended_reason = models.CharField(max_length=300, blank=True)

    TONES: ClassVar[dict[str, str]] = {
        PayoutState.DRAFT: "neutral",
        PayoutState.APPROVED: "info",
        PayoutState.RESERVED: "info",
        PayoutState.SUBMITTED: "info",
        PayoutState.PAID: "good",
        PayoutState.FAILED: "bad",
        PayoutState.CANCELED: "neutral",
        PayoutState.RETURNED: "bad",
    }

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("payout", portal=OWN_PARTNER, references=("run", "partner")),
            OneMspAtFirst(name="payout_one_msp_at_first"),
            AppendOnly(
                name="payout_append_only", mutable=("state", "paid_on", "returned_on", "reference", "ended_reason")
            ),
            Transitions(
                name="payout_state",
                field="state",
                initial=("draft",),
                allowed={
                    "draft": ("approved", "canceled"),
                    "approved": ("reserved", "canceled"),
                    "reserved": ("submitted", "failed", "canceled"),
                    "submitted": ("paid", "failed"),
                    "paid": ("returned",),
                },
            ),
            models.UniqueConstraint(
                fields=["msp", "run", "partner"], include=["minor", "state"], name="payout_once_per_run"
            ),
            models.UniqueConstraint(fields=["msp", "number"], name="payout_number_once"),
            one_of("state", PayoutState.values, name="payout_state_known"),
            one_of("paid_in", PaidIn.values, name="payout_paid_in_known"),
            models.CheckConstraint(condition=Q(minor__gt=0), name="payout_positive"),
            models.CheckConstraint(
                condition=Q(state="returned", returned_on__isnull=False)
                | ~Q(state="returned") & Q(returned_on__isnull=True),
                name="payout_returned_on",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["paid", "returned"], paid_on__isnull=False)
                | ~Q(state__in=["paid", "returned"]) & Q(paid_on__isnull=True),
                name="payout_paid_on",
            ),
        ]
        indexes = [
            models.Index(fields=["msp", "partner", "number"], name="payout_of_partner"),
            models.Index(fields=["msp", "run", "number", "id"], name="payout_of_run"),
            models.Index(fields=["msp", "state", "number", "id"], name="payout_by_state"),
            models.Index(fields=["msp", "reference"], condition=~Q(reference=""), name="payout_by_reference"),
            models.Index(fields=["msp", "paid_on"], include=["minor"], condition=Q(state="paid"), name="payout_paid"),
        ]

    def __str__(self) -> str:
        return f"Payout {self.number}"

    @property
    def tone(self) -> str:
        """The badge tone of the state."""
        return self.TONES[self.state]

    @property
    def is_credit(self) -> bool:
        """Whether it is service credit instead of money."""
        return self.paid_in == PaidIn.CREDIT

    @property
    def code(self) -> str:
        """What the partner finds on their bank statement: `ELK-118`."""
        return f"ELK-{self.number}"

    @property
    def state_name(self) -> str:
        """The state in words; credit that was given is not “paid”."""
        if self.is_credit and self.state == PayoutState.PAID:
            return "Credited"
        if self.is_credit and self.state == PayoutState.RETURNED:
            return "Taken back"
        return self.get_state_display()


class PayoutItem(TenantModel):
    """An entry inside a payout. Released when the payout fails or is canceled; live in one payout at most."""

    payout = TenantForeignKey(Payout, related_name="items")
    entry = TenantForeignKey(Entry, related_name="payout_items")
    minor = models.BigIntegerField()
    released_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *walls(
                "payout_item",
                portal="EXISTS (SELECT 1 FROM commissions_payout p WHERE p.msp_id = commissions_payoutitem.msp_id"
                f" AND p.id = commissions_payoutitem.payout_id AND p.partner_id = {PARTNER})",
                references=("payout", "entry"),
                key=False,
            ),
            AppendOnly(name="payout_item_append_only", mutable=("released_at",)),
            models.UniqueConstraint(
                fields=["msp", "entry"], condition=Q(released_at__isnull=True), name="payout_item_live_once"
            ),
            models.UniqueConstraint(fields=["msp", "payout", "entry"], name="payout_item_once"),
        ]

    def __str__(self) -> str:
        return f"Item of {self.payout_id}"


class AttemptState(models.TextChoices):
    """How far a try to pay has come (docs/adr/0003)."""

    INTENDED = "intended", "Intended"
    SENT = "sent", "Sent"
    UNKNOWN = "unknown", "Unknown"
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"


LIVE_ATTEMPTS = (AttemptState.INTENDED, AttemptState.SENT, AttemptState.UNKNOWN, AttemptState.SUCCEEDED)


class PayoutAttempt(TenantModel):
    """A try to pay one payout over one rail. The key is written before the first call and never changes."""

    payout = TenantForeignKey(Payout, related_name="attempts")
    number = models.PositiveIntegerField()
    rail = models.CharField(max_length=10, choices=Rail.choices)
    key = models.CharField(max_length=60)
    request = models.JSONField()
    state = models.CharField(max_length=10, choices=AttemptState.choices, default=AttemptState.INTENDED)
    intended_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    provider_reference = models.CharField(max_length=140, blank=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("payout_attempt", references=("payout",), key=False),
            AppendOnly(name="payout_attempt_append_only", mutable=("state", "sent_at", "provider_reference", "error")),
            models.UniqueConstraint(fields=["msp", "payout", "number"], name="payout_attempt_number_once"),
            models.UniqueConstraint(fields=["msp", "key"], name="payout_attempt_key_once"),
            models.UniqueConstraint(
                fields=["msp", "payout"], condition=Q(state__in=LIVE_ATTEMPTS), name="payout_attempt_one_live"
            ),
            one_of("state", AttemptState.values, name="payout_attempt_state_known"),
        ]

    def __str__(self) -> str:
        return self.key
