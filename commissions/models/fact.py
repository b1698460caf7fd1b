"""What the billing system says: invoices by line, payments, credit notes. Append-only; a change is the next version."""

from typing import ClassVar, Final

from django.db import models
from django.db.models import F, Q

from elinkages.kernel.constraints import AppendOnly, one_of
from elinkages.kernel.tenancy import TenantForeignKey, TenantModel, walls
from elinkages.kernel.words import say_day
from referrals.models import Client, Contract, ServiceLine
from referrals.models.revision import Revises


class FactKind(models.TextChoices):
    """What a document says about money."""

    INVOICE = "invoice", "Invoice"
    PAYMENT = "payment", "Payment"
    CREDIT_NOTE = "credit_note", "Credit note"
    REFUND = "refund", "Refund or chargeback"


class LineKind(models.TextChoices):
    """What a line of an invoice is for: which kinds earn is for a plan to say."""

    SERVICE = "service", "Recurring service"
    ONE_TIME = "one_time", "One-time work"
    PASS_THROUGH = "pass_through", "Pass-through licenses"
    HARDWARE = "hardware", "Hardware"
    LATE_FEE = "late_fee", "Late fee"
    TAX = "tax", "Tax"


_OF_LINES: Final = "SELECT DISTINCT msp_id, contract_id AS id FROM added WHERE contract_id IS NOT NULL"
_OF_FACTS: Final = (
    "SELECT DISTINCT line.msp_id, line.contract_id AS id FROM added"
    " JOIN commissions_billingfact prior ON prior.msp_id = added.msp_id AND prior.source = added.source"
    " AND prior.kind = added.kind AND prior.external_id = added.external_id"
    " LEFT JOIN commissions_billingapplication application ON application.msp_id = prior.msp_id"
    " AND application.fact_id = prior.id"
    " LEFT JOIN commissions_billingfact invoice ON invoice.msp_id = prior.msp_id AND invoice.source = prior.source"
    " AND invoice.kind = 'invoice' AND invoice.external_id = application.invoice_external_id"
    " JOIN commissions_billingline line ON line.msp_id = prior.msp_id AND line.fact_id IN (prior.id, invoice.id)"
    " AND line.contract_id IS NOT NULL"
)
_OF_APPLICATIONS: Final = (
    "SELECT DISTINCT line.msp_id, line.contract_id AS id FROM added"
    " JOIN commissions_billingfact invoice ON invoice.msp_id = added.msp_id AND invoice.source = added.source"
    " AND invoice.kind = 'invoice' AND invoice.external_id = added.invoice_external_id"
    " JOIN commissions_billingline line ON line.msp_id = invoice.msp_id AND line.fact_id = invoice.id"
    " AND line.contract_id IS NOT NULL"
)


class BillingFact(TenantModel):
    """One version of a document of the billing system. Only `facts.receive` writes it.

    A document is known by (`source`, `kind`, `external_id`); its newest version is the one that `is_current`.
    `minor` is the whole of it in minor units, tax included, never negative. A version that `is_void` says that the
    document was voided or deleted there. Every row gives its contracts a new revision, so that accruals pick it up.
    """

    kind = models.CharField(max_length=12, choices=FactKind.choices)
    source = models.CharField(max_length=40)
    external_id = models.CharField(max_length=120)
    version = models.PositiveIntegerField()
    is_current = models.BooleanField(default=True)
    is_void = models.BooleanField(default=False)
    content_sha256 = models.BinaryField(max_length=32)
    client = TenantForeignKey(Client, related_name="billing_facts")
    number = models.CharField(max_length=60, blank=True)
    dated_on = models.DateField()
    service_from = models.DateField(null=True)
    service_until = models.DateField(null=True, help_text="The first day after the period that is billed.")
    currency = models.CharField(max_length=3)
    rate_millionths = models.BigIntegerField(
        null=True, help_text="What one unit of the currency was in that of the contracts, when it is another: frozen."
    )
    minor = models.BigIntegerField()
    note = models.CharField(max_length=300, blank=True)
    received_at = models.DateTimeField()
    received_by_name = models.CharField(max_length=200)

    TONES: ClassVar[dict[str, str]] = {
        FactKind.INVOICE: "info",
        FactKind.PAYMENT: "good",
        FactKind.CREDIT_NOTE: "warn",
        FactKind.REFUND: "warn",
    }

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("billing_fact", references=("client",)),
            AppendOnly(name="billing_fact_append_only", mutable=("is_current",)),
            Revises(name="billing_fact_revises", contracts=_OF_FACTS),
            models.UniqueConstraint(
                fields=["msp", "source", "kind", "external_id", "version"], name="billing_fact_version_once"
            ),
            models.UniqueConstraint(
                fields=["msp", "source", "kind", "external_id"],
                condition=Q(is_current=True),
                name="billing_fact_one_current",
            ),
            one_of("kind", FactKind.values, name="billing_fact_kind_known"),
            models.CheckConstraint(condition=Q(minor__gte=0), name="billing_fact_not_negative"),
            models.CheckConstraint(
                condition=Q(rate_millionths__isnull=True) | Q(rate_millionths__gt=0, kind="invoice"),
                name="billing_fact_rate_of_invoice",
            ),
            models.CheckConstraint(condition=Q(version__gte=1), name="billing_fact_version_from_one"),
            models.CheckConstraint(
                condition=Q(service_until__isnull=True) | Q(service_until__gt=F("service_from")),
                name="billing_fact_period_not_empty",
            ),
        ]
        indexes = [models.Index(fields=["msp", "client", "dated_on", "id"], name="billing_fact_of_client")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.called}"

    @property
    def called(self) -> str:
        """Its number, or its day where it has none."""
        return self.number or f"of {say_day(self.dated_on)}"

    @property
    def tone(self) -> str:
        """The badge tone of the kind."""
        return self.TONES[self.kind]


class BillingLine(TenantModel):
    """A line of an invoice or of a credit note, in minor units; a discount is negative.

    `contract` is the contract that it bills, found when it was received; a line without one earns nobody anything.
    """

    fact = TenantForeignKey(BillingFact, related_name="lines")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=12, choices=LineKind.choices)
    service_line = TenantForeignKey(ServiceLine, null=True, related_name="+")
    contract = TenantForeignKey(Contract, null=True, related_name="billing_lines")
    description = models.CharField(max_length=200, blank=True)
    minor = models.BigIntegerField()
    service_from = models.DateField(null=True)
    service_until = models.DateField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("billing_line", references=("fact", "service_line", "contract"), key=False),
            AppendOnly(name="billing_line_append_only"),
            Revises(name="billing_line_revises", contracts=_OF_LINES),
            models.UniqueConstraint(fields=["msp", "fact", "position"], name="billing_line_position_once"),
            one_of("kind", LineKind.values, name="billing_line_kind_known"),
        ]
        indexes = [models.Index(fields=["msp", "contract"], name="billing_line_contract")]

    def __str__(self) -> str:
        return self.description or self.get_kind_display()


class BillingApplication(TenantModel):
    """How much of a payment, credit note or refund is for one invoice of the same source.

    The invoice is named, not referenced: it may arrive later. `source` repeats the fact's, for the index.
    """

    fact = TenantForeignKey(BillingFact, related_name="applications")
    source = models.CharField(max_length=40)
    invoice_external_id = models.CharField(max_length=120)
    minor = models.BigIntegerField()

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("billing_application", references=("fact",), key=False),
            AppendOnly(name="billing_application_append_only"),
            Revises(name="billing_application_revises", contracts=_OF_APPLICATIONS),
            models.UniqueConstraint(fields=["msp", "fact", "invoice_external_id"], name="billing_application_once"),
            models.CheckConstraint(condition=Q(minor__gt=0), name="billing_application_positive"),
        ]
        indexes = [models.Index(fields=["msp", "source", "invoice_external_id"], name="billing_application_invoice")]

    def __str__(self) -> str:
        return f"{self.minor} for {self.invoice_external_id}"
