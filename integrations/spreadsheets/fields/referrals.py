"""The columns of lists of introductions."""

from dataclasses import replace

from integrations.spreadsheets.fields.field import AMOUNT, CHOICE, CURRENCY, DAY, EMAIL, NAME, TEXT, WEBSITE, Field
from integrations.spreadsheets.fields.partners import PARTNER, PARTNER_EMAIL

REFERRALS = (
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
    replace(PARTNER, required=True),
    PARTNER_EMAIL,
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
        help="Whoever was first has the credit. Today if left out.",
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
    Field(
        "lost_reason", "Lost because", ("lost because", "lost reason", "why lost", "reason", "loss reason"), TEXT, 300
    ),
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
    CURRENCY,
)
