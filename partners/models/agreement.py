"""The terms of the program: versions that are superseded and never edited, and who signed which one."""

from datetime import date
from typing import ClassVar

from django.db import models

from elinkages.accounts.models import Membership
from elinkages.kernel.constraints import AppendOnly, one_of
from elinkages.kernel.tenancy import MSP, OWN_PARTNER, PARTNER, TenantForeignKey, TenantManager, TenantModel, walls
from partners.models.partner import Contact, Partner, SourceKind

EVERY_KIND = ""


class AgreementDraft(TenantModel):
    """The next version while it is written; one per kind of source, and one for every kind."""

    kind = models.CharField("kind of source", max_length=20, choices=SourceKind.choices, blank=True)
    title = models.CharField(max_length=120)
    text = models.TextField()
    is_required = models.BooleanField(default=True)
    grace_days = models.PositiveSmallIntegerField(default=30)
    edited_at = models.DateTimeField()
    edited_by = TenantForeignKey(Membership, related_name="+")

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("agreement_draft", references=("edited_by",)),
            models.UniqueConstraint(fields=["msp", "kind"], name="agreement_draft_once"),
            one_of("kind", [EVERY_KIND, *SourceKind.values], name="agreement_draft_kind_known"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def for_whom(self) -> str:
        """Whom it is for, in words."""
        return for_whom(self.kind)


class AgreementVersionQuerySet(models.QuerySet["AgreementVersion"]):
    """Questions about many versions."""

    def in_force(self) -> "AgreementVersionQuerySet":
        """Those that are neither superseded nor withdrawn; one per kind of source at most."""
        return self.filter(ended_at__isnull=True)


class AgreementVersion(TenantModel):
    """A published text. Only its end is ever written again: when it was superseded or withdrawn.

    `sign_by` is the last day of grace for partners who were here before it; who came later signs first.
    """

    kind = models.CharField("kind of source", max_length=20, choices=SourceKind.choices, blank=True)
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=120)
    text = models.TextField()
    text_sha256 = models.CharField(max_length=64)
    is_required = models.BooleanField()
    sign_by = models.DateField()
    published_at = models.DateTimeField()
    published_by = TenantForeignKey(Membership, related_name="+")
    ended_at = models.DateTimeField(null=True)

    objects: ClassVar = TenantManager.from_queryset(AgreementVersionQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            *walls(
                "agreement_version",
                # Their own kind's and everyone's, and whatever they signed when they were of another kind.
                portal=f"kind = '' OR kind IN (SELECT p.kind FROM partners_partner p WHERE p.msp_id = {MSP}"
                f" AND p.id = {PARTNER}) OR id IN (SELECT s.version_id FROM partners_signature s"
                f" WHERE s.msp_id = {MSP} AND s.partner_id = {PARTNER})",
                references=("published_by",),
            ),
            AppendOnly(name="agreement_version_append_only", mutable=("ended_at",)),
            models.UniqueConstraint(fields=["msp", "kind", "number"], name="agreement_version_number"),
            models.UniqueConstraint(
                fields=["msp", "kind"], condition=models.Q(ended_at__isnull=True), name="agreement_version_one_in_force"
            ),
            one_of("kind", [EVERY_KIND, *SourceKind.values], name="agreement_version_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.title}, version {self.number}"

    @property
    def for_whom(self) -> str:
        """Whom it is for, in words."""
        return for_whom(self.kind)

    def is_due(self, partner: Partner, on: date) -> bool:
        """Whether a partner who has not signed it must do so first. The same rule is a gate of payouts."""
        return self.is_required and (partner.created_at >= self.published_at or self.sign_by < on)


class Signature(TenantModel):
    """A partner's signature under one version: who typed which name, from where, under which exact words.

    `terms` are the commission terms that stood beside it: [{plan, number, sha256, words, lines}]; `terms_sha256` is the
    hash over them. On paper: `recorded_by` and `note` say who saw it and where it is kept.
    """

    version = TenantForeignKey(AgreementVersion, related_name="signatures")
    partner = TenantForeignKey(Partner, related_name="signatures")
    contact = TenantForeignKey(Contact, null=True, related_name="+")
    signer_name = models.CharField(max_length=120)
    signed_at = models.DateTimeField()
    ip_address = models.CharField(max_length=45, blank=True)
    user_agent = models.CharField(max_length=300, blank=True)
    text_sha256 = models.CharField(max_length=64)
    terms = models.JSONField(default=list)
    terms_sha256 = models.CharField(max_length=64)
    recorded_by = TenantForeignKey(Membership, null=True, related_name="+")
    note = models.CharField(max_length=300, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("signature", portal=OWN_PARTNER, references=("version", "partner", "contact", "recorded_by")),
            AppendOnly(name="signature_append_only"),
            models.UniqueConstraint(fields=["msp", "version", "partner"], name="signature_once"),
            models.CheckConstraint(
                condition=models.Q(contact__isnull=False, recorded_by__isnull=True)
                | models.Q(contact__isnull=True, recorded_by__isnull=False),
                name="signature_by_person_or_on_paper",
            ),
        ]
        indexes = [models.Index(fields=["msp", "partner", "signed_at"], name="signature_partner")]

    def __str__(self) -> str:
        return f"{self.version} signed by {self.signer_name}"

    @property
    def is_on_paper(self) -> bool:
        """Whether it was signed on paper and recorded here."""
        return self.recorded_by_id is not None


class SignedCopy(TenantModel):
    """The PDF of a signature as it was made when it was signed, for both sides."""

    signature = TenantForeignKey(Signature, related_name="copies")
    partner = TenantForeignKey(Partner, related_name="+")
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("signed_copy", portal=OWN_PARTNER, references=("signature", "partner"), key=False),
            AppendOnly(name="signed_copy_append_only"),
            models.UniqueConstraint(fields=["msp", "signature"], name="signed_copy_once"),
        ]

    def __str__(self) -> str:
        return f"PDF of {self.signature_id}"


def for_whom(kind: str) -> str:
    """Whom an agreement is for: every partner, or those of one kind."""
    return SourceKind(kind).label if kind else "Every kind of source"
