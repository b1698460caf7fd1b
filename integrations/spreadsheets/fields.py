"""What each kind of spreadsheet can say, and by which headers people call it."""

from dataclasses import dataclass, replace

from integrations.models import ImportKind

TEXT, NAME, EMAIL, WEBSITE, DAY, AMOUNT, CHOICE = "text", "name", "email", "website", "day", "amount", "choice"
SIGNED = "signed"
"""An amount that may be below zero."""


@dataclass(frozen=True, slots=True)
class Field:
    """A column that is understood. `reads` says how its cells are read, `synonyms` are normal() headers."""

    name: str
    label: str
    synonyms: tuple[str, ...]
    reads: str = TEXT
    limit: int = 160
    required: bool = False
    help: str = ""


_PARTNERS = (
    Field(
        "name",
        "Name",
        (
            "name",
            "partner",
            "partner name",
            "firm",
            "firm name",
            "partner firm",
            "organisation",
            "company",
            "company name",
            "organization",
            "business name",
            "account",
        ),
        NAME,
        required=True,
        help="The firm or person.",
    ),
    Field(
        "kind",
        "Kind of source",
        ("kind", "kind of source", "source", "source kind", "type", "partner type", "category", "group"),
        CHOICE,
        help="Happy client, vCIO, center of influence, peer MSP or vendor.",
    ),
    Field("contact_name", "Person", ("person", "contact", "contact name", "full name", "contact person"), NAME, 120),
    Field(
        "email",
        "E-mail",
        ("email", "email address", "mail", "contact email", "partner email"),
        EMAIL,
        254,
    ),
    Field("phone", "Phone", ("phone", "phone number", "telephone", "mobile", "cell", "tel", "contact phone"), TEXT, 40),
    Field("website", "Website", ("website", "web", "url", "site", "domain", "web site", "homepage"), WEBSITE, 200),
    Field("city", "City", ("city", "town", "location"), TEXT, 80),
    Field(
        "status",
        "Status",
        ("status", "state", "partner status", "active"),
        CHOICE,
        help="Active, new, suspended or left.",
    ),
    Field("note", "Note", ("note", "notes", "comment", "comments", "description", "remarks"), TEXT, 5_000),
    Field(
        "external_id",
        "Id in your system",
        ("id", "partner id", "external id", "partner key", "key", "reference", "number"),
        TEXT,
        120,
        help="Recognizes the row when you upload the file again.",
    ),
)
_PARTNER = Field(
    "partner",
    "Partner",
    (
        "partner",
        "partner name",
        "referred by",
        "referrer",
        "source",
        "referral source",
        "referral partner",
        "introduced by",
    ),
    NAME,
    254,
    help="Their name, e-mail address or id, as you have it here.",
)
_PARTNER_EMAIL = Field(
    "partner_email",
    "Partner’s e-mail",
    ("partner email", "referrer email", "referred by email", "source email", "partner email address"),
    EMAIL,
    254,
)
_REFERRALS = (
    Field(
        "company",
        "Company",
        (
            "company",
            "company name",
            "prospect",
            "business",
            "account",
            "organization",
            "lead",
            "customer",
            "client",
            "name",
        ),
        NAME,
        required=True,
        help="Who was introduced.",
    ),
    replace(_PARTNER, required=True),
    _PARTNER_EMAIL,
    Field(
        "registered_on",
        "Introduced on",
        (
            "introduced on",
            "date",
            "referral date",
            "date referred",
            "created",
            "created at",
            "registered",
            "received",
            "referred on",
        ),
        DAY,
        help="Who was first has the credit. Today, when left out.",
    ),
    Field(
        "stage",
        "Stage",
        ("stage", "status", "deal stage", "state", "pipeline stage"),
        CHOICE,
        help="Registered, qualified, proposal, won or lost.",
    ),
    Field(
        "stage_on",
        "In that stage since",
        ("in that stage since", "stage date", "closed", "closed on", "close date", "last moved", "updated"),
        DAY,
    ),
    Field("lost_reason", "Lost because", ("lost because", "lost reason", "reason", "loss reason"), TEXT, 300),
    Field("contact_name", "Person", ("person", "contact", "contact name", "full name", "contact person"), NAME, 120),
    Field("contact_email", "E-mail", ("email", "email address", "contact email", "mail"), EMAIL, 254),
    Field("contact_phone", "Phone", ("phone", "phone number", "telephone", "mobile", "contact phone", "tel"), TEXT, 40),
    Field("website", "Website", ("website", "web", "url", "domain", "site"), WEBSITE, 200),
    Field(
        "expected_mrr_minor",
        "Expected MRR",
        (
            "expected mrr",
            "est mrr",
            "mrr",
            "value",
            "estimated mrr",
            "deal value",
            "monthly value",
            "amount",
            "deal size",
        ),
        AMOUNT,
    ),
    Field("note", "Note", ("note", "notes", "comment", "comments", "description"), TEXT, 5_000),
    Field(
        "external_id",
        "Id in your system",
        ("id", "referral id", "deal id", "opportunity id", "external id", "key", "reference"),
        TEXT,
        120,
        help="Recognizes the row when you upload the file again.",
    ),
)
_CLIENTS = (
    Field(
        "client",
        "Client",
        (
            "client",
            "client name",
            "company",
            "company name",
            "customer",
            "customer name",
            "account",
            "name",
            "organization",
        ),
        NAME,
        required=True,
    ),
    Field(
        "mrr_minor",
        "MRR",
        (
            "mrr",
            "monthly recurring revenue",
            "monthly",
            "monthly fee",
            "monthly amount",
            "amount",
            "monthly price",
            "current mrr",
        ),
        AMOUNT,
        required=True,
        help="What this contract brings a month.",
    ),
    Field(
        "starts_on",
        "Service starts on",
        (
            "service starts on",
            "starts on",
            "start",
            "start date",
            "contract start",
            "service start",
            "since",
            "client since",
        ),
        DAY,
        required=True,
        help="The first day of service. Months of a plan are counted from here.",
    ),
    Field(
        "owed_from",
        "Owed from",
        (
            "owed from",
            "commission from",
            "commissions from",
            "owed since",
            "commission start",
            "pay from",
            "commission owed from",
        ),
        DAY,
        required=True,
        help="The first day you still owe commission for. What you paid for earlier days is never counted again.",
    ),
    Field(
        "service_line",
        "Service line",
        ("service line", "service", "product", "plan", "agreement", "agreement type", "contract", "contract type"),
        NAME,
        80,
    ),
    replace(_PARTNER, help="Empty for clients nobody introduced."),
    _PARTNER_EMAIL,
    Field(
        "won_on",
        "Won on",
        ("won on", "won", "date won", "signed", "signed on", "closed", "close date"),
        DAY,
        help="Decides which version of a plan applies. The first day of service, when left out.",
    ),
    Field(
        "first_paid_on",
        "First invoice paid on",
        ("first invoice paid on", "first paid", "first payment", "first invoice paid", "first paid on"),
        DAY,
    ),
    Field(
        "mrr_from",
        "New MRR from",
        ("new mrr from", "mrr from", "mrr changed on", "effective", "effective from", "effective date"),
        DAY,
        help="For contracts that are here already: the day their MRR changed.",
    ),
    Field("website", "Website", ("website", "web", "url", "domain", "site"), WEBSITE, 200),
    Field(
        "external_id",
        "Id in your system",
        ("id", "contract id", "agreement id", "external id", "key", "reference", "client id", "customer id"),
        TEXT,
        120,
        help="Recognizes the contract when you upload the file again.",
    ),
)
_OPENING = (
    replace(_PARTNER, required=True),
    _PARTNER_EMAIL,
    Field(
        "owed_minor",
        "Owed",
        ("owed", "balance", "opening balance", "amount", "amount owed", "commission owed", "unpaid", "open balance"),
        AMOUNT,
        required=True,
        help="What you owed this partner on that day, all of it.",
    ),
    Field(
        "owed_on",
        "Owed on",
        ("owed on", "as of", "date", "balance date", "switch over", "on"),
        DAY,
        required=True,
        help="The first day that is counted here. Contracts of this partner are owed from this day or later.",
    ),
    Field(
        "payable_on",
        "Payable from",
        ("payable from", "payable on", "due", "due on", "pay on", "due date"),
        DAY,
        help="The first day it may be paid. At once, when left out.",
    ),
    Field(
        "note",
        "Note",
        ("note", "notes", "comment", "for", "description", "memo"),
        TEXT,
        300,
        help="The partner reads it.",
    ),
)
_CLIENT = Field(
    "client",
    "Client",
    (
        "client",
        "client name",
        "customer",
        "customer name",
        "company",
        "account",
        "name",
        "bill to",
        "organization",
        "client id",
    ),
    NAME,
    required=True,
    help="Their name, or the id of one of their contracts, as you have it here.",
)
_FOR_INVOICE = Field(
    "invoice",
    "For invoice",
    (
        "for invoice",
        "invoice",
        "invoice number",
        "invoice no",
        "applied to",
        "applied to invoice",
        "invoice id",
    ),
    TEXT,
    120,
    required=True,
    help="The number of the invoice. One line for each invoice that it is for.",
)
_INVOICES = (
    Field(
        "document",
        "Invoice number",
        ("invoice number", "invoice", "invoice no", "number", "num", "no", "document number", "invoice id"),
        TEXT,
        120,
        required=True,
        help="Lines with the same number are one invoice. A changed invoice is brought with all of its lines.",
    ),
    _CLIENT,
    Field(
        "dated_on",
        "Invoice date",
        ("invoice date", "date", "dated", "transaction date", "txn date", "issued", "issued on"),
        DAY,
        required=True,
    ),
    Field(
        "minor",
        "Amount",
        ("amount", "line amount", "line total", "total", "net", "price", "sales price"),
        SIGNED,
        required=True,
        help="Of this line. A discount is below zero.",
    ),
    Field(
        "service_line",
        "Service line",
        ("service line", "service", "agreement", "agreement type", "contract type"),
        NAME,
        80,
        help="Tells which contract the line bills. Clients with one contract need none.",
    ),
    Field(
        "line_kind",
        "Kind of line",
        ("kind of line", "kind", "line kind", "line type", "type", "category"),
        CHOICE,
        help="Recurring service, one-time work, pass-through licenses, hardware, late fee or tax."
        " Recurring service, when left out.",
    ),
    Field("description", "Description", ("description", "item", "product service", "product", "memo"), TEXT, 200),
    Field(
        "service_from",
        "Service from",
        ("service from", "period start", "from", "period from", "start", "service start", "start date"),
        DAY,
        help="The first day that the line bills.",
    ),
    Field(
        "service_through",
        "Service through",
        ("service through", "period end", "through", "to", "period to", "until", "end", "service end", "end date"),
        DAY,
        help="The last day that the line bills.",
    ),
)
_PAYMENTS = (
    _CLIENT,
    _FOR_INVOICE,
    Field(
        "dated_on",
        "Paid on",
        ("paid on", "payment date", "date", "date paid", "received", "received on", "transaction date"),
        DAY,
        required=True,
    ),
    Field(
        "minor",
        "Amount",
        ("amount", "amount paid", "paid", "payment", "payment amount", "applied", "amount applied", "total"),
        AMOUNT,
        required=True,
        help="What of it is for that invoice.",
    ),
    Field(
        "line_kind",
        "Kind",
        ("kind", "type", "transaction type"),
        CHOICE,
        help="Payment, or refund. Payment, when left out.",
    ),
    Field(
        "document",
        "Payment id",
        ("payment id", "id", "payment number", "payment no", "reference", "ref", "ref no", "transaction id", "number"),
        TEXT,
        120,
        help="Recognizes the payment when you upload the file again. Without it invoice, day and amount do.",
    ),
)
_CREDITS = (
    Field(
        "document",
        "Credit note number",
        ("credit note number", "credit note", "credit memo", "credit memo number", "number", "num", "no", "id"),
        TEXT,
        120,
        required=True,
    ),
    _CLIENT,
    replace(_FOR_INVOICE, help="The invoice it takes from: the same share of each of its lines."),
    Field(
        "dated_on",
        "Credited on",
        ("credited on", "credit date", "date", "dated", "transaction date"),
        DAY,
        required=True,
    ),
    Field(
        "minor",
        "Amount",
        ("amount", "credit", "credit amount", "total"),
        AMOUNT,
        required=True,
        help="Above zero.",
    ),
)
FIELDS: dict[str, tuple[Field, ...]] = {
    ImportKind.PARTNERS: _PARTNERS,
    ImportKind.REFERRALS: _REFERRALS,
    ImportKind.CLIENTS: _CLIENTS,
    ImportKind.OPENING: _OPENING,
    ImportKind.INVOICES: _INVOICES,
    ImportKind.PAYMENTS: _PAYMENTS,
    ImportKind.CREDITS: _CREDITS,
}
