"""Invoices, payments and credit notes from files: whole documents or none, each once, and undone by voiding."""

from datetime import date

import pytest

from commissions.models import BillingFact, FactKind, LineKind
from elinkages.kernel import tenancy
from integrations.models import Import, ImportKind
from integrations.views.imports import PATHS
from referrals.models import Client
from tests import builders
from tests.integrations.conftest import Office

INVOICES = (
    "Invoice number,Client,Invoice date,Amount,Service line,Kind of line,Description,Service from,Service through\n"
)
PAYMENTS = "Client,For invoice,Paid on,Amount,Kind,Payment id\n"
CREDITS = "Credit note number,Client,For invoice,Credited on,Amount\n"
TWO_LINES = (
    '1001,Elm,2026-03-01,"2,400.00",Managed services,,March,2026-03-01,2026-03-31\n'
    "1001,Elm,2026-03-01,-100.00,Managed services,,Thanks,,\n"
    "1001,Elm,2026-03-01,199.00,,Hardware,Monitor,,\n"
)


@pytest.fixture
def elm(office: Office) -> Client:
    with tenancy.use(office.msp.pk):
        client = builders.a_client(name="Elm")
        builders.a_contract(client, external_id="C-1")
        return client


def facts(office: Office) -> list[BillingFact]:
    with tenancy.use(office.msp.pk):
        found = BillingFact.objects.filter(is_current=True).order_by("kind", "external_id")
        return list(found.prefetch_related("lines", "applications", "client"))


def fates(office: Office, batch: Import) -> list[tuple[str, str]]:
    return [(fate, reason) for _, fate, reason in office.fates(batch)]


def test_the_lines_of_an_invoice_are_one_document(office: Office, elm: Client) -> None:
    done = office.bring("invoices", INVOICES + TWO_LINES)
    assert fates(office, done) == [
        ("create", ""),
        ("part", "Belongs to row 2."),
        ("part", "Belongs to row 2."),
    ]
    (invoice,) = facts(office)
    assert (invoice.kind, invoice.external_id, invoice.minor) == (FactKind.INVOICE, "1001", 249_900)
    assert [(line.kind, line.minor, line.service_until) for line in invoice.lines.all()] == [
        (LineKind.SERVICE, 240_000, date(2026, 4, 1)),
        (LineKind.SERVICE, -10_000, None),
        (LineKind.HARDWARE, 19_900, None),
    ]
    assert done.summary == {"create": 1, "update": 0, "part": 2, "duplicate": 0, "error": 0}


def test_the_same_file_again_says_nothing_new_and_a_changed_one_is_the_next_version(
    office: Office, elm: Client
) -> None:
    office.bring("invoices", INVOICES + TWO_LINES)
    again = office.check("invoices", INVOICES + TWO_LINES)
    assert fates(office, again)[0] == ("duplicate", "Invoice 1001 is already here, and nothing is new.")
    changed = office.bring("invoices", INVOICES + TWO_LINES.replace("199.00", "299.00"))
    assert fates(office, changed)[0][0] == "update"
    (invoice,) = facts(office)
    assert (invoice.version, invoice.minor) == (2, 259_900)


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        ("1001,Elm,2026-03-01,x,,,,,\n", "Amount: “x” is not an amount."),
        ("1001,Oak,2026-03-01,5,,,,,\n", "Row 2 has another client for the same document."),
        ("1001,Elm,2026-03-02,5,,,,,\n", "Row 2 has another day for the same document."),
        ("1001,Elm,2026-03-01,5,,Wine,,,\n", "“Wine” in Kind is not one of: recurring service,"),
        ("1001,Elm,2026-03-01,5,,,,2026-03-31,2026-03-01\n", "Service through is before Service from."),
        ("1001,Elm,2026-03-01,5,,,,,2026-03-01\n", "Service from is empty, and Service through is not."),
    ],
)
def test_a_document_with_a_row_that_is_wrong_is_not_imported_at_all(
    office: Office, elm: Client, bad: str, sentence: str
) -> None:
    batch = office.check("invoices", INVOICES + TWO_LINES + bad)
    found = fates(office, batch)
    assert [fate for fate, _ in found] == ["error"] * 4
    assert found[3][1].startswith(sentence)
    assert found[0][1] == "Row 5 of the same document cannot be imported."


def test_a_column_called_currency_is_found_and_rows_in_another_one_are_not_imported(
    office: Office, elm: Client
) -> None:
    header = INVOICES.replace("\n", ",Currency\n")
    done = office.bring("invoices", f"{header}1001,Elm,2026-03-01,5,,,,,,EUR\n1002,Elm,2026-03-01,5,,,,,,USD\n")
    assert fates(office, done) == [
        (
            "error",
            "The amount is in “EUR”, and spreadsheets are read in USD."
            " Record an invoice in another currency by hand, with its rate.",
        ),
        ("create", ""),
    ]
    assert [invoice.external_id for invoice in facts(office)] == ["1002"]


def test_what_is_refused_of_a_document_is_said_of_all_of_its_rows_so_that_they_can_be_brought_again(
    office: Office, elm: Client
) -> None:
    text = (
        INVOICES + TWO_LINES.replace("Elm", "Nobody") + "1002,Elm,2026-03-01,5,Wine,,,,\n1003,Elm,2026-03-01,-5,,,,,\n"
    )
    batch = office.check("invoices", text)
    assert fates(office, batch) == [
        ("error", "“Nobody” is not one of your clients. Import won clients first."),
        ("error", "Row 2: “Nobody” is not one of your clients. Import won clients first."),
        ("error", "Row 2: “Nobody” is not one of your clients. Import won clients first."),
        ("error", "“Wine” is not a service line of yours. Add it in Settings first."),
        ("error", "Invoice 1003: it comes to less than zero. A negative invoice is a credit note."),
    ]


def test_a_line_that_bills_no_contract_is_said(office: Office) -> None:
    with tenancy.use(office.msp.pk):
        builders.a_client(name="Elm")
    batch = office.check("invoices", INVOICES + TWO_LINES)
    assert fates(office, batch)[0] == (
        "create",
        "A line bills no contract that is here, so it earns nobody anything.",
    )


def test_a_client_can_be_named_by_the_id_of_a_contract_and_two_of_one_name_are_not_guessed(
    office: Office, elm: Client
) -> None:
    with tenancy.use(office.msp.pk):
        builders.a_client(name="Elm")
    text = INVOICES + "1001,C-1,2026-03-01,5,,,,,\n1002,Elm,2026-03-01,5,,,,,\n"
    assert fates(office, office.check("invoices", text)) == [
        ("create", ""),
        ("error", "2 of your clients match “Elm”. Give the id of one of their contracts."),
    ]


def test_a_payment_may_be_for_several_invoices_come_first_and_be_paid_back(office: Office, elm: Client) -> None:
    text = PAYMENTS + (
        "Elm,1001,2026-03-12,1000,,P-1\n"
        "Elm,1002,2026-03-12,500,,P-1\n"
        "Elm,1001,2026-03-20,50,Refund,R-1\n"
        "Elm,1001,2026-03-21,7,,\n"
        "Elm,1001,2199-01-01,7,,\n"
        "Elm,1001,2026-03-21,0,,\n"
    )
    done = office.bring("payments", text)
    missing = "Invoice 1001 is not here yet; it counts once it is."
    assert fates(office, done) == [
        ("create", missing),
        ("part", "Belongs to row 2."),
        ("create", missing),
        ("create", missing),
        ("error", "“2199-01-01” in Paid on is not between 1980 and 2099."),
        ("error", "Amount is zero."),
    ]
    by_id = {one.external_id: one for one in facts(office)}
    parts = {part.invoice_external_id: part.minor for part in by_id["P-1"].applications.all()}
    assert parts == {"1001": 100_000, "1002": 50_000}
    assert by_id["R-1"].kind == FactKind.REFUND
    again = office.check("payments", text)
    assert [fate for fate, _ in fates(office, again)][:4] == ["duplicate", "part", "duplicate", "duplicate"]


def test_payments_without_an_id_that_say_the_same_are_not_guessed(office: Office, elm: Client) -> None:
    batch = office.check("payments", PAYMENTS + "Elm,1001,2026-03-12,5,,\nElm,1001,2026-03-12,5,,\n")
    assert fates(office, batch) == [
        ("error", "Row 3 of the same document cannot be imported."),
        ("error", "It says the same as row 2. Give both an id if there are two."),
    ]


def test_a_credit_note_takes_from_its_invoice(office: Office, elm: Client) -> None:
    office.bring("invoices", INVOICES + TWO_LINES)
    done = office.bring("credits", CREDITS + "CN-1,Elm,1001,2026-03-18,190\nCN-2,Elm,1001,2026-03-18,-5\n")
    assert fates(office, done) == [("create", ""), ("error", "“-5” in Amount is below zero.")]
    credit = facts(office)[0]
    assert (credit.kind, credit.minor, credit.applications.all()[0].invoice_external_id) == (
        FactKind.CREDIT_NOTE,
        19_000,
        "1001",
    )


def test_every_kind_has_a_page_for_its_targets() -> None:
    assert set(PATHS) == set(ImportKind)
