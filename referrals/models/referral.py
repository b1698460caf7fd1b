"""An introduction, who has the credit for it, and every stage it went through."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from elinkages.accounts.models import Membership
from elinkages.kernel.constraints import AppendOnly, OneMspAtFirst, Quote, SqlConstraint, Transitions, one_of
from elinkages.kernel.tenancy import OWN_PARTNER, PARTNER, TenantForeignKey, TenantManager, TenantModel, walls
from partners.models import Partner, SourceKind
from referrals.models.revision import Revises

FULL_SHARE = 10_000
"""All of a referral's credit, in basis points."""


class Stage(models.TextChoices):
    """Where an introduction stands (product B2)."""

    REGISTERED = "registered", "Registered"
    QUALIFIED = "qualified", "Qualified"
    PROPOSAL = "proposal", "Proposal"
    WON = "won", "Won"
    LOST = "lost", "Lost"


OPEN_STAGES = (Stage.REGISTERED, Stage.QUALIFIED, Stage.PROPOSAL)


class LostReason(models.TextChoices):
    """Why it did not become a client. The partner reads it in plain words."""

    NO_RESPONSE = "no_response", "They did not answer"
    NO_FIT = "no_fit", "Not a fit for us"
    PRICE = "price", "Price"
    STAYED = "stayed", "Stayed with their provider"
    TIMING = "timing", "Not now"
    DUPLICATE = "duplicate", "Already known to us"
    EXPIRED = "expired", "Introduced again after its protection ended"
    OTHER = "other", "Another reason"


class Channel(models.TextChoices):
    """How the introduction reached us."""

    PORTAL = "portal", "Portal"
    DASHBOARD = "dashboard", "Logged by your team"
    IMPORT = "import", "Spreadsheet"
    PUBLIC = "public", "Referral page"


class ReferralQuerySet(models.QuerySet["Referral"]):
    """Questions about many introductions."""

    def open(self) -> "ReferralQuerySet":
        """Still in the pipeline."""
        return self.filter(stage__in=OPEN_STAGES)

    def untouched(self) -> "ReferralQuerySet":
        """Registered, and nobody has spoken to them yet."""
        return self.filter(stage=Stage.REGISTERED, touched_at__isnull=True)

    def late(self, before: datetime) -> "ReferralQuerySet":
        """Untouched, and registered before `sla.late_before`."""
        return self.untouched().filter(registered_at__lt=before)

    def overdue(self, today: date) -> "ReferralQuerySet":
        """Open, with a next action that was due before today."""
        return self.open().filter(next_action_on__lt=today)

    def due(self, today: date) -> "ReferralQuerySet":
        """Open, with a next action that is due today or was before."""
        return self.open().filter(next_action_on__lte=today)

    def ending(self, by: date) -> "ReferralQuerySet":
        """Open, with a protection that ends on a day or before, and that nobody has recorded as ended."""
        return self.open().filter(protected_until__lte=by, protection_ended_at__isnull=True)

    def stale(self, before: datetime) -> "ReferralQuerySet":
        """Open, and nothing has happened since `sla.stale_before`."""
        return self.open().filter(active_at__lt=before)

    def of(self, partner: Partner) -> "ReferralQuerySet":
        """What they sent, or share the credit of; asks for those keys first, so that both halves reach an index."""
        shared = Credit.objects.filter(partner=partner).exclude(referral__partner=partner)
        return self.filter(Q(partner=partner) | Q(pk__in=list(shared.values_list("referral", flat=True))))


class Referral(TenantModel):
    """One introduction. `partner` sent it; who is credited, and how much, is in Credit.

    `touched_at` is the first contact with the prospect, `active_at` the last thing that happened. `owner_name` is
    the owner as the partner reads it, because the portal's role may not read people. `credit_waits` while a person
    has to decide about a match before anyone gets the credit; `review_waits` while a sign of self-dealing or a case
    keeps its commissions from being paid. `withheld_basis_points` is the share that somebody decided the sender
    does not get, because they refer themselves, with the reason that the partner reads. `protected_until` is the
    last day on which a later introduction of the same company does not count; without one it never ends.
    `protection_told_on` is the day of the last reminder.
    """

    partner = TenantForeignKey(Partner, related_name="referrals")
    source_kind = models.CharField(max_length=20, choices=SourceKind.choices)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    company = models.CharField(max_length=160)
    company_key = models.CharField(max_length=160, editable=False)
    contact_name = models.CharField(max_length=120, blank=True)
    contact_email = models.EmailField(blank=True)
    contact_phone = models.CharField(max_length=40, blank=True)
    website = models.CharField(max_length=200, blank=True)
    note = models.TextField(blank=True)
    is_announced = models.BooleanField("they know that we will be in touch", default=False)
    stage = models.CharField(max_length=10, choices=Stage.choices, default=Stage.REGISTERED)
    registered_at = models.DateTimeField()
    registered_by_name = models.CharField(max_length=200)
    touched_at = models.DateTimeField(null=True)
    stage_at = models.DateTimeField()
    active_at = models.DateTimeField(db_default=Now())
    owner = TenantForeignKey(Membership, null=True, blank=True, related_name="+")
    owner_name = models.CharField(max_length=200, blank=True, editable=False)
    next_action = models.CharField(max_length=200, blank=True)
    next_action_on = models.DateField(null=True, blank=True)
    expected_mrr_minor = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3)
    lost_reason = models.CharField(max_length=12, choices=LostReason.choices, blank=True)
    lost_note = models.CharField(max_length=300, blank=True)
    external_id = models.CharField(max_length=120, blank=True)
    credit_waits = models.BooleanField(default=False)
    review_waits = models.BooleanField(default=False)
    withheld_basis_points = models.PositiveIntegerField(null=True, editable=False)
    withheld_reason = models.CharField(max_length=300, blank=True, editable=False)
    protected_until = models.DateField(null=True, blank=True)
    protection_told_on = models.DateField(null=True, editable=False)
    protection_ended_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar = TenantManager.from_queryset(ReferralQuerySet)()

    TONES: ClassVar[dict[str, str]] = {
        Stage.REGISTERED: "info",
        Stage.QUALIFIED: "info",
        Stage.PROPOSAL: "info",
        Stage.WON: "good",
        Stage.LOST: "neutral",
    }

    class Meta(TenantModel.Meta):
        constraints = [
            *walls(
                "referral",
                portal=f"{OWN_PARTNER} OR EXISTS (SELECT 1 FROM referrals_credit c"
                " WHERE c.msp_id = referrals_referral.msp_id"
                f" AND c.referral_id = referrals_referral.id AND c.partner_id = {PARTNER})",
                references=("partner", "owner"),
            ),
            OneMspAtFirst(name="referral_one_msp_at_first"),
            Transitions(
                name="referral_stage",
                field="stage",
                initial=("registered", "qualified", "proposal", "won", "lost"),
                allowed={
                    "registered": ("qualified", "proposal", "won", "lost"),
                    "qualified": ("registered", "proposal", "won", "lost"),
                    "proposal": ("registered", "qualified", "won", "lost"),
                    "lost": ("registered", "qualified", "proposal"),
                    "won": ("lost",),
                },
            ),
            one_of("stage", Stage.values, name="referral_stage_known"),
            one_of("source_kind", SourceKind.values, name="referral_kind_known"),
            models.CheckConstraint(
                condition=Q(stage="lost") & ~Q(lost_reason="") | ~Q(stage="lost") & Q(lost_reason=""),
                name="referral_lost_with_reason",
            ),
            models.CheckConstraint(
                condition=Q(expected_mrr_minor__isnull=True) | Q(expected_mrr_minor__gte=0),
                name="referral_expected_not_negative",
            ),
        ]
        indexes = [
            models.Index(fields=["msp", "registered_at", "id"], name="referral_registered"),
            models.Index(fields=["msp", "stage", "registered_at", "id"], name="referral_by_stage"),
            models.Index(
                fields=["msp", "partner", "registered_at", "id"], include=["stage"], name="referral_by_partner"
            ),
            models.Index(fields=["msp", "source_kind", "registered_at", "id"], name="referral_by_kind"),
            models.Index(fields=["msp", "owner", "registered_at", "id"], name="referral_by_owner"),
            models.Index(fields=["msp", "stage", "stage_at", "id"], name="referral_moved"),
            models.Index(fields=["msp", "company_key", "id"], name="referral_company"),
            models.Index(fields=["msp", "active_at"], condition=Q(stage__in=OPEN_STAGES), name="referral_stale"),
            models.Index(
                fields=["msp", "stage"],
                include=["expected_mrr_minor"],
                condition=Q(stage__in=OPEN_STAGES),
                name="referral_pipeline",
            ),
            models.Index(
                fields=["msp", "registered_at"],
                condition=Q(touched_at__isnull=True, stage="registered"),
                name="referral_untouched",
            ),
            models.Index(
                fields=["msp", "next_action_on"], condition=Q(next_action_on__isnull=False), name="referral_next_action"
            ),
            models.Index(fields=["msp", "external_id"], condition=~Q(external_id=""), name="referral_external"),
            models.Index(fields=["msp", "id"], condition=Q(review_waits=True), name="referral_in_review"),
            models.Index(
                fields=["msp", "protected_until"],
                condition=Q(stage__in=OPEN_STAGES, protected_until__isnull=False, protection_ended_at__isnull=True),
                name="referral_protection",
            ),
        ]

    def __str__(self) -> str:
        return self.company

    @property
    def tone(self) -> str:
        """The badge tone of the stage."""
        return self.TONES[self.stage]

    @property
    def is_open(self) -> bool:
        """Whether it is still in the pipeline."""
        return self.stage in OPEN_STAGES

    def is_protected(self, on: date) -> bool:
        """Whether a later introduction of the same company has to wait for a decision on that day."""
        return self.protected_until is None or on <= self.protected_until


class SharesWithinWhole(SqlConstraint):
    """The shares of one referral never add up to more than 10,000 basis points.

    The referral's row is locked first, so that two transactions cannot each add the last half. Each referral is looked
    up by its key, whatever the planner thought of the first statement that it saw.
    """

    create = """
        CREATE FUNCTION elinkages_check_shares() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM 1 FROM (SELECT DISTINCT msp_id, referral_id FROM added ORDER BY msp_id, referral_id) one, LATERAL (
                SELECT 1 FROM referrals_referral r WHERE r.msp_id = one.msp_id AND r.id = one.referral_id
                OFFSET 0 FOR NO KEY UPDATE) locked;
            IF EXISTS (SELECT FROM (SELECT DISTINCT msp_id, referral_id FROM added) one, LATERAL (
                SELECT sum(c.basis_points) AS shares FROM referrals_credit c
                WHERE c.msp_id = one.msp_id AND c.referral_id = one.referral_id) whole WHERE whole.shares > 10000) THEN
                RAISE EXCEPTION 'the shares of a referral exceed 100 %%%%' USING ERRCODE = 'check_violation';
            END IF;
            RETURN NULL;
        END $$;
        CREATE TRIGGER %(added)s AFTER INSERT ON %(table)s REFERENCING NEW TABLE AS added
            FOR EACH STATEMENT EXECUTE FUNCTION elinkages_check_shares();
        CREATE TRIGGER %(changed)s AFTER UPDATE ON %(table)s REFERENCING NEW TABLE AS added
            FOR EACH STATEMENT EXECUTE FUNCTION elinkages_check_shares()"""
    remove = "DROP FUNCTION elinkages_check_shares() CASCADE"

    def parts(self, model: type[models.Model], quote: Quote) -> Mapping[str, str]:
        """One trigger per event, because a transition table belongs to one."""
        return {"added": quote(f"{self.name}_insert"), "changed": quote(f"{self.name}_update")}


class Credit(TenantModel):
    """A partner's share of an introduction, in basis points; what is left of 10,000 stays with the MSP."""

    referral = TenantForeignKey(Referral, related_name="credits")
    partner = TenantForeignKey(Partner, related_name="credits")
    basis_points = models.IntegerField("share")
    created_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("credit", portal=OWN_PARTNER, references=("referral", "partner")),
            models.UniqueConstraint(fields=["msp", "referral", "partner"], name="credit_once"),
            models.CheckConstraint(
                condition=Q(basis_points__gt=0, basis_points__lte=FULL_SHARE), name="credit_share_in_range"
            ),
            SharesWithinWhole(name="credit_shares_within_whole"),
            Revises(
                name="credit_revises",
                contracts="SELECT DISTINCT k.msp_id, k.id FROM added JOIN referrals_client l"
                " ON l.msp_id = added.msp_id AND l.referral_id = added.referral_id"
                " JOIN referrals_contract k ON k.msp_id = l.msp_id AND k.client_id = l.id",
                events=("INSERT", "UPDATE", "DELETE"),
            ),
        ]
        indexes = [models.Index(fields=["msp", "partner", "referral"], name="credit_of_partner")]

    def __str__(self) -> str:
        return f"{self.basis_points} of {self.referral_id}"


class StageMove(TenantModel):
    """One step of an introduction, as the partner sees it. Append-only."""

    referral = TenantForeignKey(Referral, related_name="moves")
    from_stage = models.CharField(max_length=10, choices=Stage.choices, blank=True)
    to_stage = models.CharField(max_length=10, choices=Stage.choices)
    at = models.DateTimeField()
    by_name = models.CharField(max_length=200)
    reason = models.CharField(max_length=300, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *walls(
                "stage_move",
                portal="EXISTS (SELECT 1 FROM referrals_referral r WHERE r.msp_id = referrals_stagemove.msp_id"
                " AND r.id = referrals_stagemove.referral_id)",
                references=("referral",),
                key=False,
            ),
            AppendOnly(name="stage_move_append_only"),
        ]
        indexes = [models.Index(fields=["msp", "referral", "at"], name="stage_move_referral")]

    def __str__(self) -> str:
        return f"{self.from_stage} → {self.to_stage}"
