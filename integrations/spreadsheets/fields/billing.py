"""The columns of lists of invoices, payments and credit notes."""

from dataclasses import replace

from integrations.spreadsheets.fields.field import AMOUNT, CHOICE, CURRENCY, DAY, NAME, SIGNED, TEXT, Field

CLIENT = Field(
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
FOR_INVOICE = Field(
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
INVOICES = (
    Field(
        "document",
        "Invoice number",
        ("invoice number", "invoice", "invoice no", "number", "num", "no", "document number", "invoice id"),
        TEXT,
        120,
        required=True,
        help="Lines with the same number are one invoice. Upload a changed invoice with all of its lines.",
    ),
    CLIENT,
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
        " Recurring service if left out.",
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
    CURRENCY,
)
PAYMENTS = (
    CLIENT,
    FOR_INVOICE,
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
        help="How much of it is for that invoice.",
    ),
    Field(
        "line_kind",
        "Kind",
        ("kind", "type", "transaction type"),
        CHOICE,
        help="Payment, or refund. Payment if left out.",
    ),
    Field(
        "document",
        "Payment id",
        ("payment id", "id", "payment number", "payment no", "reference", "ref", "ref no", "transaction id", "number"),
        TEXT,
        120,
        help="Recognizes the payment when you upload the file again. Without it invoice, day and amount do.",
    ),
    CURRENCY,
)
CREDITS = (
    Field(
        "document",
        "Credit note number",
        ("credit note number", "credit note", "credit memo", "credit memo number", "number", "num", "no", "id"),
        TEXT,
        120,
        required=True,
    ),
    CLIENT,
    replace(FOR_INVOICE, help="The invoice it takes from: the same share of each of its lines."),
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
    CURRENCY,
)
