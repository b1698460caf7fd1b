"""The columns of lists of partners, and those by which every other list names one."""

from integrations.spreadsheets.fields.field import CHOICE, EMAIL, NAME, TEXT, WEBSITE, Field

PARTNERS = (
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
        (
            *("kind", "kind of source", "source", "source kind", "type", "partner type", "type of partner"),
            *("kind of partner", "partner kind", "type of source", "source type", "partner category", "category"),
            "group",
        ),
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
PARTNER = Field(
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
        "sent by",
        "sender",
    ),
    NAME,
    254,
    help="Their name, e-mail address or id, as you have it here.",
)
PARTNER_EMAIL = Field(
    "partner_email",
    "Partner’s e-mail",
    ("partner email", "referrer email", "referred by email", "source email", "partner email address"),
    EMAIL,
    254,
)
