"""How a firm asks to become a partner: the join page, its form, its rules, and the applications that came in."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from elinkages.accounts.models import Membership
from elinkages.kernel.constraints import Transitions, one_of, paired
from elinkages.kernel.tenancy import TenantForeignKey, TenantManager, TenantModel, walls
from partners.models.partner import Partner, SourceKind

ANSWER_LENGTH = 4_000


class JoinPage(TenantModel):
    """The public page for one kind of source. Closed until the MSP opens it: then it does not exist for visitors."""

    kind = models.CharField("kind of source", max_length=20, choices=SourceKind.choices)
    welcome = models.TextField(blank=True)
    opened_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("join_page"),
            models.UniqueConstraint(fields=["msp", "kind"], name="join_page_once"),
            one_of("kind", SourceKind.values, name="join_page_kind_known"),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()

    @property
    def is_open(self) -> bool:
        """Whether visitors can apply."""
        return self.opened_at is not None


class FieldType(models.TextChoices):
    """What an applicant can answer with."""

    TEXT = "text", "One line of text"
    LONG_TEXT = "long_text", "Several lines of text"
    CHOICE = "choice", "One of several choices"
    EMAIL = "email", "E-mail address"
    PHONE = "phone", "Phone number"
    CHECKBOX = "checkbox", "Checkbox"


class Standard(models.TextChoices):
    """Questions whose answers become the partner and its first person; the first three are always asked."""

    NAME = "name", "Firm or person"
    CONTACT_NAME = "contact_name", "Your name"
    EMAIL = "email", "Your e-mail address"
    PHONE = "phone", "Phone"
    WEBSITE = "website", "Website"
    CITY = "city", "City"


ALWAYS_ASKED = (Standard.NAME, Standard.CONTACT_NAME, Standard.EMAIL)


class JoinFieldQuerySet(models.QuerySet["JoinField"]):
    """Questions about many fields of the form."""

    def current(self) -> "JoinFieldQuerySet":
        """Those that are on the form, in the order in which they are asked."""
        return self.filter(removed_at__isnull=True).order_by("position", "pk")


class JoinField(TenantModel):
    """One question of the form. `standard` says which detail of the partner it asks for; "" for the MSP's own."""

    standard = models.CharField(max_length=20, choices=Standard.choices, blank=True)
    label = models.CharField(max_length=120)
    help_text = models.CharField(max_length=300, blank=True)
    type = models.CharField(max_length=12, choices=FieldType.choices)
    choices = ArrayField(models.CharField(max_length=120), default=list, blank=True)
    is_required = models.BooleanField(default=False)
    kinds = ArrayField(models.CharField(max_length=20))
    position = models.IntegerField()
    removed_at = models.DateTimeField(null=True)

    objects: ClassVar = TenantManager.from_queryset(JoinFieldQuerySet)()

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("join_field"),
            models.UniqueConstraint(
                fields=["msp", "standard"], condition=~models.Q(standard=""), name="join_field_standard_once"
            ),
            one_of("type", FieldType.values, name="join_field_type_known"),
            one_of("standard", ["", *Standard.values], name="join_field_standard_known"),
            models.CheckConstraint(
                condition=~models.Q(standard__in=ALWAYS_ASKED)
                | models.Q(removed_at__isnull=True, is_required=True, kinds__contains=SourceKind.values),
                name="join_field_always_asked",
            ),
            models.CheckConstraint(
                condition=models.Q(kinds__contained_by=SourceKind.values, kinds__len__gt=0),
                name="join_field_kinds_known",
            ),
        ]
        indexes = [models.Index(fields=["msp", "position"], name="join_field_order")]

    def __str__(self) -> str:
        return self.label

    @property
    def is_always_asked(self) -> bool:
        """Whether it cannot be taken off the form, made optional, or hidden from a kind."""
        return self.standard in ALWAYS_ASKED

    @property
    def kind_labels(self) -> list[str]:
        """The kinds of source that are asked, as they are called."""
        return [SourceKind(kind).label for kind in SourceKind.values if kind in self.kinds]


class JoinRule(TenantModel):
    """What happens to an application by itself when every condition that is set holds; the first rule decides.

    `approves`: it becomes a partner at once, invited in the name of `member`; otherwise it is put on their list.
    """

    kind = models.CharField(max_length=20, choices=SourceKind.choices, blank=True)
    email_domain = models.CharField(max_length=120, blank=True)
    field = TenantForeignKey(JoinField, null=True, blank=True, related_name="+")
    answer = models.CharField(max_length=120, blank=True)
    approves = models.BooleanField(default=False)
    member = TenantForeignKey(Membership, related_name="+")
    position = models.IntegerField()
    created_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("join_rule", references=("field", "member")),
            one_of("kind", ["", *SourceKind.values], name="join_rule_kind_known"),
            models.CheckConstraint(
                condition=models.Q(field__isnull=True, answer="")
                | (models.Q(field__isnull=False) & ~models.Q(answer="")),
                name="join_rule_answer_of_field",
            ),
        ]
        indexes = [models.Index(fields=["msp", "position"], name="join_rule_order")]

    def __str__(self) -> str:
        return f"{self.condition}: {self.outcome}"

    @property
    def condition(self) -> str:
        """When it applies, in words; needs `field` fetched."""
        parts = []
        if self.kind:
            parts.append(f"the kind is {self.get_kind_display()}")
        if self.email_domain:
            parts.append(f"the e-mail address ends in @{self.email_domain}")
        if self.field is not None:
            parts.append(f"“{self.field.label}” is answered with “{self.answer}”")
        return "When " + " and ".join(parts) if parts else "Always"

    @property
    def outcome(self) -> str:
        """What it does, in words."""
        return f"approve at once, in the name of {self.member}" if self.approves else f"give it to {self.member}"


class ApplicationState(models.TextChoices):
    """Where an application stands. Only confirmed ones are seen by the MSP."""

    UNCONFIRMED = "unconfirmed", "Mailbox not confirmed"
    WAITING = "waiting", "Waiting"
    APPROVED = "approved", "Approved"
    DECLINED = "declined", "Declined"
    REPLACED = "replaced", "Replaced by a newer one"


class ApplicationQuerySet(models.QuerySet["Application"]):
    """Questions about many applications."""

    def waiting(self) -> "ApplicationQuerySet":
        """Those that somebody has to decide."""
        return self.filter(state=ApplicationState.WAITING)

    def confirmed(self) -> "ApplicationQuerySet":
        """All that the MSP may see."""
        return self.exclude(state=ApplicationState.UNCONFIRMED)


class Application(TenantModel):
    """What an applicant wrote. `answers` keeps the questions as they were asked: [{field, label, value}].

    `note` says what the rules made of it. Only the hash of the token that confirms the mailbox is kept.
    """

    kind = models.CharField("kind of source", max_length=20, choices=SourceKind.choices)
    name = models.CharField(max_length=160)
    name_key = models.CharField(max_length=160, editable=False)
    contact_name = models.CharField(max_length=120)
    email = models.EmailField()
    phone = models.CharField(max_length=40, blank=True)
    website = models.CharField(max_length=200, blank=True)
    city = models.CharField(max_length=80, blank=True)
    answers = models.JSONField(default=list)
    state = models.CharField(max_length=12, choices=ApplicationState.choices, default=ApplicationState.UNCONFIRMED)
    token_hash = models.CharField(max_length=64)
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    assigned_to = TenantForeignKey(Membership, null=True, blank=True, related_name="+")
    note = models.CharField(max_length=300, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = TenantForeignKey(Membership, null=True, blank=True, related_name="+")
    decline_reason = models.CharField(max_length=600, blank=True)
    partner = TenantForeignKey(Partner, null=True, blank=True, related_name="applications")

    objects: ClassVar = TenantManager.from_queryset(ApplicationQuerySet)()

    TONES: ClassVar[dict[str, str]] = {
        ApplicationState.WAITING: "warn",
        ApplicationState.APPROVED: "good",
        ApplicationState.DECLINED: "neutral",
        ApplicationState.REPLACED: "neutral",
    }

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("application", references=("assigned_to", "decided_by", "partner")),
            models.UniqueConstraint(fields=["msp", "token_hash"], name="application_token_once"),
            models.UniqueConstraint(
                fields=["msp", "email"],
                condition=models.Q(state=ApplicationState.WAITING),
                name="application_one_waiting",
            ),
            Transitions(
                name="application_state",
                field="state",
                initial=("unconfirmed",),
                allowed={"unconfirmed": ("waiting",), "waiting": ("approved", "declined", "replaced")},
            ),
            one_of("kind", SourceKind.values, name="application_kind_known"),
            one_of("state", ApplicationState.values, name="application_state_known"),
            paired("decided", name="application_decided_paired"),
            models.CheckConstraint(
                condition=models.Q(state=ApplicationState.APPROVED, partner__isnull=False)
                | (~models.Q(state=ApplicationState.APPROVED) & models.Q(partner__isnull=True)),
                name="application_approved_is_partner",
            ),
        ]
        indexes = [
            models.Index(fields=["msp", "state", "sent_at", "id"], name="application_by_state"),
            models.Index(fields=["msp", "sent_at", "id"], name="application_sent"),
            models.Index(fields=["msp", "email"], name="application_email"),
            models.Index(fields=["msp", "name_key"], name="application_name"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def tone(self) -> str:
        """The badge tone of the state."""
        return self.TONES.get(self.state, "neutral")

    @property
    def actor_id(self) -> None:
        """For history: nobody who is known here."""

    @property
    def actor_name(self) -> str:
        """For history: the applicant's name and firm."""
        return self.contact_name if self.contact_name == self.name else f"{self.contact_name}, {self.name}"
