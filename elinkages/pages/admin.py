"""What our staff sees inside one MSP that it entered: every table that help is asked about, read-only."""

from django.contrib import admin

from commissions.models import Entry, Hold, Journal, Payout, PayoutAttempt, PayoutRun, Plan, Pool, Posting
from elinkages.accounts.ops.site import WalledAdmin
from elinkages.audit.models import AuditEvent
from elinkages.kernel.tenancy import TenantModel
from elinkages.mail.models import Message
from integrations.models import Import, ImportRow
from partners.models import AgreementVersion, Application, Contact, Partner, Signature
from referrals.models import Client, Contract, Credit, MrrMovement, Referral, ServiceLine, StageMove

COLUMNS: dict[type[TenantModel], tuple[str, ...]] = {
    Partner: ("name", "kind", "state", "email", "created_at"),
    Contact: ("name", "partner", "email", "removed_at"),
    Application: ("name", "kind", "state", "email", "sent_at"),
    AgreementVersion: ("title", "kind", "number", "published_at", "sign_by", "ended_at"),
    Signature: ("version", "partner", "signer_name", "signed_at"),
    Referral: ("company", "partner", "stage", "channel", "registered_at"),
    Credit: ("referral", "partner", "basis_points", "created_at"),
    StageMove: ("referral", "from_stage", "to_stage", "by_name", "at"),
    ServiceLine: ("name", "position", "archived_at"),
    Client: ("name", "state", "since_on", "left_on", "referral"),
    Contract: ("client", "service_line", "currency", "starts_on", "ends_on", "owed_from"),
    MrrMovement: ("contract", "kind", "effective_on", "mrr_minor", "by_name", "at"),
    Plan: ("name", "versioning", "created_at"),
    Pool: ("contract", "component", "earning_month", "seq", "amount_minor", "computed_at"),
    Entry: ("partner", "kind", "earning_month", "minor", "currency", "stage", "hold_until"),
    Hold: ("partner", "contract", "reason", "placed_at", "lifted_at"),
    Journal: ("seq", "source", "kind", "effective_on", "postings_count", "posted_at"),
    Posting: ("journal", "debit", "credit", "minor", "currency", "partner"),
    PayoutRun: ("number", "state", "rail", "currency", "cutoff_on", "opened_at", "approved_at"),
    Payout: ("number", "run", "partner", "minor", "currency", "state", "paid_on"),
    PayoutAttempt: ("payout", "number", "rail", "state", "intended_at", "error"),
    Import: ("__str__", "kind", "state"),
    ImportRow: ("__str__", "fate"),
    Message: ("subject", "to", "state", "attempts", "created_at", "sent_at", "parked_at"),
    AuditEvent: ("at", "actor_name", "action", "target_name"),
}
HIDDEN: dict[type[TenantModel], tuple[str, ...]] = {Message: ("text", "html")}
"""Bodies of letters can carry links that open something."""


def register_tables(site: admin.AdminSite) -> None:
    """Put every table of COLUMNS into an admin site, newest rows first."""
    for model, columns in COLUMNS.items():
        table = type(
            f"{model.__name__}Table",
            (WalledAdmin,),
            {"list_display": columns, "ordering": ("-pk",), "exclude": HIDDEN.get(model, ())},
        )
        site.register(model, table)


register_tables(admin.site)
