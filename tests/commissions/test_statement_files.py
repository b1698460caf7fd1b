"""Statements as files, read back; and the pages that give them out."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.test import Client
from PIL import Image
from pypdf import PdfReader

from commissions import monthly, payouts, statement_files
from commissions.models import Payout
from commissions.statements import statement
from elinkages.accounts import branding, doors, pictures
from elinkages.accounts.models import Msp
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from elinkages.kernel.money import parse_money
from partners.models import Partner
from tests import builders
from tests.builders import AT, PASSWORD
from tests.commissions.owing import accrued, noon, payable
from tests.reading import pdf_text

pytestmark = pytest.mark.django_db

DAY, TODAY = date(2026, 2, 2), date(2026, 3, 15)
NOW = datetime(2026, 3, 15, 17, tzinfo=UTC)


@pytest.fixture
def msp() -> Msp:
    return builders.an_msp("Acme IT", contact_email="hello@acme.example")


@pytest.fixture
def petra(msp: Msp) -> Iterator[Partner]:
    with tenancy.use(msp.pk):
        yield builders.a_partner("Petra Park CPA")


def _paid(petra: Partner) -> Payout:
    finn = builders.a_member(petra.msp, Role.FINANCE, "Finn")
    olivia = builders.a_member(petra.msp, Role.OWNER, "Olivia")
    run = payouts.open_run(cutoff_on=DAY, by=finn, at=noon(DAY)).run
    payouts.approve(run, by=olivia, at=noon(DAY))
    payouts.release(run, by=finn, at=noon(DAY))
    return payouts.settle(run.payouts.get(), reference="=WIRE 7", paid_on=DAY, by=finn, at=noon(DAY))


def _rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode())))


def test_the_pdf_of_a_payout_says_who_paid_whom_what_and_why(petra: Partner) -> None:
    contract = builders.a_deal(petra)
    payable(petra, 1_234_500, contract=contract)
    payable(petra, -34_500)
    payout = _paid(petra)
    document = statement_files.payout_pdf(statement(payout), petra.msp)
    said = pdf_text(document)
    for words in (
        "Acme IT",
        "hello@acme.example",
        f"Statement {payout.number}",
        "Petra Park CPA",
        contract.client.name,
        "10% of MRR for January 2026",
        "12,345.00",
        "−345.00",
        "$12,000.00",
        "Feb 2, 2026",
        "=WIRE 7",
        f"ELK-{payout.number}",
    ):
        assert words in said
    assert document == statement_files.payout_pdf(statement(payout), petra.msp)


def test_a_payment_that_came_back_says_so_on_paper(petra: Partner) -> None:
    payable(petra, 12_000)
    payout = _paid(petra)
    finn = builders.a_member(petra.msp, Role.FINANCE, "Fred")
    payout = payouts.return_(payout, reason="Account closed.", by=finn, at=noon(DAY))
    said = pdf_text(statement_files.payout_pdf(statement(payout), petra.msp))
    assert "This payment came back. Account closed. The whole amount is payable again." in said


def test_the_pdf_of_a_month_has_both_balances_every_line_and_every_payment(petra: Partner) -> None:
    payable(petra, 12_000, on=date(2026, 1, 20))
    payable(petra, 8_000, on=date(2026, 2, 1))
    _paid(petra)
    told = monthly.statement_of(petra, date(2026, 2, 1), currency="USD", today=TODAY)
    said = pdf_text(statement_files.month_pdf(told, petra.msp, at=NOW))
    for words in (
        "Account statement, February 2026",
        "Owed on Feb 1, 2026 120.00",
        "80.00",
        "Payout",
        "−200.00",
        "Owed at the end of the month $0.00",
    ):
        assert words in said
    empty = monthly.statement_of(petra, date(2026, 3, 1), currency="USD", today=TODAY)
    said = pdf_text(statement_files.month_pdf(empty, petra.msp, at=NOW))
    assert "Nothing was added." in said
    assert "This month is not over" in said


def test_the_logo_and_the_paper_of_the_msp_are_used(petra: Partner) -> None:
    out = io.BytesIO()
    Image.new("RGBA", (400, 100), (122, 31, 92, 255)).save(out, "PNG")
    branding.change(petra.msp, accent="#7a1f5c", paper="a4", postal_address="1 Main St", by=petra_by(petra), at=AT)
    branding.put_logo(petra.msp, pictures.logo(out, 10), by=petra_by(petra), at=AT)
    payable(petra, 12_000)
    page = PdfReader(io.BytesIO(statement_files.payout_pdf(statement(_paid(petra)), petra.msp))).pages[0]
    assert len(page.images) == 1
    assert int(page.mediabox.width) == 595
    assert "1 Main St" in page.extract_text()


def petra_by(petra: Partner) -> Any:
    return builders.a_member(petra.msp, Role.OWNER, "Olivia")


def test_a_long_statement_runs_over_pages_with_its_head_on_each(petra: Partner) -> None:
    for number in range(90):
        accrued(petra, 100 + number, on=date(2026, 2, 1))
    told = monthly.statement_of(petra, date(2026, 2, 1), currency="USD", today=TODAY)
    pages = PdfReader(io.BytesIO(statement_files.month_pdf(told, petra.msp, at=NOW))).pages
    assert len(pages) > 1
    assert all("Amount, USD" in page.extract_text() for page in pages[:-1])


def test_the_rows_of_the_csv_add_up_and_nothing_is_a_formula(petra: Partner) -> None:
    payable(petra, 12_000, on=date(2026, 1, 20))
    payable(petra, -500, on=date(2026, 2, 1))
    payout = _paid(petra)
    told = monthly.statement_of(petra, date(2026, 2, 1), currency="USD", today=TODAY)
    rows = _rows(statement_files.month_csv(told))
    assert tuple(rows[0]) == statement_files.HEADER
    amounts = [parse_money(row[6], "USD").minor for row in rows[1:]]
    assert sum(amounts[:-1]) == amounts[-1] == told.closing
    assert rows[-2][8] == "'=WIRE 7"
    rows = _rows(statement_files.payout_csv(statement(payout)))
    amounts = [parse_money(row[6], "USD").minor for row in rows[1:]]
    assert sum(amounts[:-1]) == amounts[-1] == payout.minor


@pytest.mark.parametrize("kind", ["pdf", "csv"])
def test_a_partner_gets_the_files_of_their_own_statements_only(client: Client, kind: str) -> None:
    msp = builders.an_msp("Acme IT")
    with tenancy.use(msp.pk):
        petra, paul = builders.a_partner("Petra Park CPA"), builders.a_partner("Paul Price Law")
        login, other = builders.a_login(petra), builders.a_login(paul)
        payable(petra, 12_000)
        payout = _paid(petra)
    url = doors.url("portal", msp, f"portal:statement-{kind}", payout.pk)
    month = doors.url("portal", msp, f"portal:month-statement-{kind}")
    client.login(email=login.user.email, password=PASSWORD)
    for address in (url, f"{month}?month=2026-02", month):
        response = client.get(address)
        assert response.status_code == 200
        assert response["Cache-Control"] == "private, no-store"
        assert response.content.startswith(b"%PDF" if kind == "pdf" else b"Type,Date")
    client.login(email=other.user.email, password=PASSWORD)
    assert client.get(url).status_code == 404
    assert b"120.00" not in client.get(month).content


@pytest.mark.parametrize("month", ["2026-13", "1999-01", "2026-1", "x", "2099-01", "2025-12"])
def test_a_month_without_a_statement_is_not_found(client: Client, month: str) -> None:
    msp = builders.an_msp("Acme IT")
    member = builders.a_member(msp, Role.READ_ONLY)
    with tenancy.use(msp.pk):
        petra = builders.a_partner()
        payable(petra, 12_000)
    client.login(email=member.user.email, password=PASSWORD)
    for kind in ("", "-pdf", "-csv"):
        address = doors.url("dashboard", msp, f"dashboard:month-statement{kind}", petra.pk)
        assert client.get(address, {"month": month}).status_code == 404
    assert client.get(doors.url("dashboard", msp, "dashboard:month-statement", petra.pk)).status_code == 200


def test_the_pages_lead_to_the_files(client: Client) -> None:
    msp = builders.an_msp("Acme IT")
    member = builders.a_member(msp, Role.READ_ONLY)
    with tenancy.use(msp.pk):
        petra = builders.a_partner()
        empty = builders.a_partner("Nobody Yet")
        payable(petra, 12_000)
        payout = _paid(petra)
    client.login(email=member.user.email, password=PASSWORD)
    listed = client.get(doors.url("dashboard", msp, "dashboard:partner-statements", petra.pk)).content.decode()
    assert doors.url("dashboard", msp, "dashboard:statement-pdf", payout.pk) in listed
    assert doors.url("dashboard", msp, "dashboard:month-statement-pdf", petra.pk) + "?month=2026-02" in listed
    nothing = client.get(doors.url("dashboard", msp, "dashboard:partner-statements", empty.pk)).content.decode()
    assert "No statement yet" in nothing
