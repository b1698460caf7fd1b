"""A proposal to share the credit of one introduction, and what each partner said to it."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from elinkages.kernel.constraints import Transitions, one_of
from elinkages.kernel.tenancy import OWN_PARTNER, PARTNER, TenantForeignKey, TenantManager, TenantModel, walls
from partners.models import Partner
from referrals.models.referral import FULL_SHARE, Referral


class SplitState(models.TextChoices):
    """What became of a proposal."""

    ASKED = "asked", "Waiting for consent"
    AGREED = "agreed", "Agreed"
    DECLINED = "declined", "Declined"
    WITHDRAWN = "withdrawn", "Withdrawn"


class SplitQuerySet(models.QuerySet["Split"]):
    """Questions about many proposals."""

    def asked(self) -> "SplitQuerySet":
        """Somebody has not answered yet."""
        return self.filter(state=SplitState.ASKED)


class Split(TenantModel):
    """Shares that the MSP proposes. They take effect at the moment when the last partner agrees.

    `company` is the introduction's, because a partner who is asked cannot see the introduction yet.
    """

    referral = TenantForeignKey(Referral, related_name="splits")
    company = models.CharField(max_length=160)
    state = models.CharField(max_length=10, choices=SplitState.choices, default=SplitState.ASKED)
    note = models.CharField(max_length=300, blank=True)
    proposed_at = models.DateTimeField()
    proposed_by_name = models.CharField(max_length=200)
    ended_at = models.DateTimeField(null=True)

    objects: ClassVar = TenantManager.from_queryset(SplitQuerySet)()

    TONES: ClassVar[dict[str, str]] = {
        SplitState.ASKED: "warn",
        SplitState.AGREED: "good",
        SplitState.DECLINED: "bad",
        SplitState.WITHDRAWN: "neutral",
    }

    class Meta(TenantModel.Meta):
        constraints = [
            *walls(
                "split",
                portal="EXISTS (SELECT 1 FROM referrals_splitconsent c WHERE c.msp_id = referrals_split.msp_id"
                f" AND c.split_id = referrals_split.id AND c.partner_id = {PARTNER})",
                references=("referral",),
            ),
            one_of("state", SplitState.values, name="split_state_known"),
            Transitions(
                name="split_state",
                field="state",
                initial=("asked",),
                allowed={"asked": ("agreed", "declined", "withdrawn")},
            ),
            models.CheckConstraint(
                condition=Q(state="asked", ended_at__isnull=True) | ~Q(state="asked") & Q(ended_at__isnull=False),
                name="split_ended",
            ),
            models.UniqueConstraint(fields=["msp", "referral"], condition=Q(state="asked"), name="split_one_asked"),
        ]
        indexes = [models.Index(fields=["msp", "proposed_at"], condition=Q(state="asked"), name="split_asked")]

    def __str__(self) -> str:
        return f"Split of {self.company}"

    @property
    def tone(self) -> str:
        """The badge tone of the state."""
        return self.TONES[self.state]


class Answer(models.TextChoices):
    """What a partner said."""

    WAITING = "waiting", "Not answered"
    AGREED = "agreed", "Agreed"
    DECLINED = "declined", "Declined"


class SplitConsent(TenantModel):
    """One partner's share in a proposal, and its answer. 0 basis points: it gives its share up."""

    split = TenantForeignKey(Split, related_name="consents")
    partner = TenantForeignKey(Partner, related_name="+")
    before_basis_points = models.IntegerField()
    basis_points = models.IntegerField()
    answer = models.CharField(max_length=10, choices=Answer.choices, default=Answer.WAITING)
    answered_at = models.DateTimeField(null=True)
    answered_by_name = models.CharField(max_length=200, blank=True)
    how = models.CharField(max_length=300, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("split_consent", portal=OWN_PARTNER, references=("split", "partner")),
            one_of("answer", Answer.values, name="split_consent_answer_known"),
            Transitions(
                name="split_consent_answer",
                field="answer",
                initial=("waiting",),
                allowed={"waiting": ("agreed", "declined")},
            ),
            models.CheckConstraint(
                condition=Q(basis_points__gte=0, basis_points__lte=FULL_SHARE), name="split_consent_share_in_range"
            ),
            models.CheckConstraint(
                condition=Q(answer="waiting", answered_at__isnull=True)
                | ~Q(answer="waiting") & Q(answered_at__isnull=False),
                name="split_consent_answered",
            ),
            models.UniqueConstraint(fields=["msp", "split", "partner"], name="split_consent_once"),
        ]
        indexes = [models.Index(fields=["msp", "partner"], name="split_consent_partner")]

    def __str__(self) -> str:
        return f"{self.basis_points} to {self.partner_id}"
