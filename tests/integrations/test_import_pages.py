"""The pages of an import, as the people who use them."""

import csv
import io
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.contrib.staticfiles import finders
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.utils import timezone
from openpyxl import load_workbook

from elinkages.accounts import doors
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from integrations import tasks
from integrations.models import Import, ImportKind, ImportState
from integrations.spreadsheets import imports, limits
from partners import onboarding
from partners.models import Partner
from tests import builders
from tests.integrations.conftest import Office
from tests.integrations.workbooks import workbook

pytestmark = pytest.mark.django_db

FILE = "Firm;Sort;Mail\nHarbor CPAs;CPA;dana@harbor.example\n=Evil();CPA;\nLake;vCIO;+nobody\n"


class Desk:
    """One person in front of a browser."""

    def __init__(self, office: Office, user: Any) -> None:
        self.msp = office.msp
        self.browser = Browser()
        self.browser.force_login(user)

    def url(self, name: str, *args: Any) -> str:
        return doors.url("dashboard", self.msp, f"dashboard:{name}", *args)

    def open(self, name: str, *args: Any, **query: str) -> Any:
        return self.browser.get(self.url(name, *args), query)

    def send(self, name: str, *args: Any, **data: Any) -> Any:
        return self.browser.post(self.url(name, *args), data)

    def upload(self, text: str | bytes, kind: str = "partners", name: str = "my partners.csv", **data: str) -> Any:
        content = text.encode() if isinstance(text, str) else text
        return self.send("import-new", kind=kind, file=SimpleUploadedFile(name, content), **data)


@pytest.fixture
def desk(office: Office) -> Desk:
    return Desk(office, office.owner.user)


@pytest.fixture
def batch(office: Office, desk: Desk) -> Iterator[Import]:
    desk.upload(FILE)
    with tenancy.use(office.msp.pk):
        yield Import.objects.get()


def the_import(office: Office) -> Import:
    with tenancy.use(office.msp.pk):
        return Import.objects.get()


def test_a_file_goes_from_the_upload_to_done_by_the_pages_alone(
    office: Office, desk: Desk, django_capture_on_commit_callbacks: Any
) -> None:
    answer = desk.upload(FILE)
    batch = the_import(office)
    assert answer["Location"] == desk.url("import-columns", batch.pk)
    page = desk.open("import-columns", batch.pk).content.decode()
    assert "3 rows" in page
    assert "Harbor CPAs · =Evil() · Lake" in page
    chosen = {"column_name": "0", "column_kind": "1", "column_email": "2", "date_order": "month_first"}
    answer = desk.send("import-columns", batch.pk, **chosen)
    assert answer["Location"] == desk.url("import", batch.pk)
    assert "0 of 3" in desk.open("import", batch.pk).content.decode()
    tasks.check.run(msp_id=str(office.msp.pk), import_id=str(batch.pk))
    page = desk.open("import", batch.pk).content.decode()
    assert "Import 1 row<" in page
    assert "“=Evil()” in Name begins like a formula." in page
    assert "“+nobody” in E-mail is not an e-mail address." in page
    desk.send("import-start", batch.pk)
    tasks.run.run(msp_id=str(office.msp.pk), import_id=str(batch.pk))
    page = desk.open("import", batch.pk).content.decode()
    assert "Import another" in page
    with tenancy.use(office.msp.pk):
        assert desk.url("partner", Partner.objects.get().pk) in page


def test_the_same_form_sent_twice_with_its_file_is_one_import(office: Office, desk: Desk) -> None:
    once = str(uuid4())
    first, second = (desk.upload(FILE, _once=once) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert the_import(office).total == 3


def test_start_sent_twice_starts_once(office: Office, desk: Desk) -> None:
    batch = office.check("partners", "Name,Kind\nHarbor,CPA\n")
    assert desk.send("import-start", batch.pk).status_code == 302
    answer = desk.send("import-start", batch.pk)
    assert answer.status_code == 409
    assert "is at “Importing” now" in answer.content.decode()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"PK\x03\x04", "The workbook is damaged."),
        (b"<html></html>", "This is a web page"),
        (b"", "The file is empty."),
        (b"x" * (limits.LARGEST_BYTES + 1), "The file has 10.0 MB; 10 MB are read."),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_beside_the_field(desk: Desk, content: bytes, sentence: str) -> None:
    answer = desk.upload(content)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()


def test_an_upload_without_a_kind_or_a_file_says_so(desk: Desk) -> None:
    answer = desk.send("import-new")
    assert answer.status_code == 422
    assert "Choose the file to upload." in answer.content.decode()
    page = desk.upload(FILE, kind="").content.decode()
    assert "Choose what is in the file." in page
    assert "Choose the file again." in page


def test_a_strange_file_name_does_no_harm(office: Office, desk: Desk) -> None:
    desk.upload(FILE, name='<img src=x onerror=1>"\r\n' + "x" * 300 + ".csv")
    batch = the_import(office)
    assert len(batch.file_name) <= 200
    assert "<img" not in desk.open("import-list").content.decode()


def test_required_and_doubled_columns_are_asked_for_and_choices_survive(desk: Desk, batch: Import) -> None:
    answer = desk.send("import-columns", batch.pk, column_kind="1", status="active")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Choose the column that holds: Name." in page
    assert re.search(r'value="active" selected', page)
    answer = desk.send("import-columns", batch.pk, column_name="0", column_kind="0", date_order="month_first")
    assert "“Firm” is chosen twice." in answer.content.decode()
    assert desk.send("import-columns", batch.pk, column_name="99").status_code == 422


def test_progress_is_a_bar_until_it_is_over_and_then_the_page_is_shown_anew(office: Office, desk: Desk) -> None:
    batch = office.choose(office.upload("partners", "Name,Kind\nHarbor,CPA\n"))
    asks = {"HX-Request": "true"}
    bar = desk.browser.get(desk.url("import-progress", batch.pk), headers=asks)
    assert "0 of 1" in bar.content.decode()
    assert 'hx-trigger="every 1s"' in bar.content.decode()
    tasks.check.run(msp_id=str(office.msp.pk), import_id=str(batch.pk))
    assert desk.browser.get(desk.url("import-progress", batch.pk), headers=asks)["HX-Refresh"] == "true"
    assert desk.open("import-progress", batch.pk)["Location"] == desk.url("import", batch.pk)


def test_rows_are_shown_by_fate_and_in_pages(office: Office, desk: Desk) -> None:
    lines = "".join(f"Firm {number},CPA\n" for number in range(60)) + "Bad,plumber\n"
    batch = office.check("partners", "Name,Kind\n" + lines)
    page = desk.open("import", batch.pk).content.decode()
    assert "Firm 49<" in page
    assert "Firm 50<" not in page
    following = re.search(r'rel="next" href="([^"]+)"', page)
    assert following
    assert "Firm 59<" in desk.browser.get(desk.url("import", batch.pk) + following[1]).content.decode()
    page = desk.open("import", batch.pk, fate="error").content.decode()
    assert "Firm 1<" not in page
    assert "“plumber” in Kind of source" in page


def test_the_faulty_rows_come_back_safe_and_can_be_corrected_and_uploaded(office: Office, desk: Desk) -> None:
    text = "Name,Kind,Note,Phone\n=Evil(),CPA,=1+1,+1 212 555 0100\nGood,CPA,,\n"
    batch = office.bring("partners", text)
    answer = desk.open("import-faults", batch.pk)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert lines[0] == ["Name", "Kind", "Note", "Phone", "Row", "Problem"]
    assert lines[1][:5] == ["'=Evil()", "CPA", "'=1+1", "'+1 212 555 0100", "2"]
    assert len(lines) == 2
    corrected = answer.content.replace(b"'=Evil()", b"Evil Twins")
    office.bring("partners", corrected)
    with tenancy.use(office.msp.pk):
        partner = Partner.objects.get(name="Evil Twins")
        assert (partner.note, partner.phone) == ("=1+1", "+1 212 555 0100")


def taken_along(desk: Desk, batch: Import, fate: str = "", format_: str = "csv") -> Any:
    """The file of an import's rows, asked for and fetched."""
    query = urlencode({"import": batch.pk, "fate": fate})
    answer = desk.browser.post(f"{desk.url('import-export')}?{query}", {"format": format_})
    return desk.browser.get(answer["Location"]) if answer.status_code == 302 else answer


def test_every_row_comes_back_with_what_became_of_it(office: Office, desk: Desk) -> None:
    office.bring("partners", "Name,Kind,Phone\nHarbor,CPA,\n")
    batch = office.bring("partners", "Name,Kind,Phone\nHarbor,CPA,\n=Evil(),CPA,1\nLake,CPA,+1 2\n")
    assert desk.url("import-export") in desk.open("import", batch.pk).content.decode()
    answer = taken_along(desk, batch)
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert lines[0] == ["Name", "Kind", "Phone", "Row", "What becomes of it", "Why"]
    assert [(line[0], line[2], line[3], line[4]) for line in lines[1:]] == [
        ("Harbor", "", "2", "Already there"),
        ("'=Evil()", "1", "3", "Not imported"),
        ("Lake", "'+1 2", "4", "New"),
    ]
    assert "begins like a formula" in lines[2][5]
    only = list(csv.reader(io.StringIO(taken_along(desk, batch, "create").content.decode("utf-8-sig"))))
    assert [line[0] for line in only[1:]] == ["Lake"]
    sheet = load_workbook(io.BytesIO(taken_along(desk, batch, format_="xlsx").content)).worksheets[0]
    assert [cell.value for cell in sheet[3]][:4] == ["=Evil()", "CPA", "1", 3]


@pytest.mark.parametrize("name", ["partners[1].csv", "what? a*b: 'c'.csv", "'.csv", "[].csv"])
def test_a_file_may_be_called_what_no_sheet_of_a_workbook_may(office: Office, desk: Desk, name: str) -> None:
    batch = office.checked(office.choose(office.upload("partners", "Name,Kind\nHarbor,CPA\n", name)))
    book = load_workbook(io.BytesIO(taken_along(desk, batch, format_="xlsx").content))
    assert book.worksheets[0]["A2"].value == "Harbor"


def test_rows_are_a_file_for_those_alone_who_may_bring_that_kind(office: Office, desk: Desk) -> None:
    batch = office.check("partners", "Name,Kind\nHarbor,CPA\n")
    finance = Desk(office, builders.a_member(office.msp, Role.FINANCE, "Fay Finance").user)
    reader = Desk(office, builders.a_member(office.msp, Role.READ_ONLY, "Other").user)
    rival = Desk(office, builders.a_member(builders.an_msp("Rival IT"), Role.OWNER, "Rita Rival").user)
    assert taken_along(finance, batch).status_code == 404
    assert taken_along(reader, batch).status_code == 403
    assert taken_along(rival, batch).status_code == 404
    assert desk.browser.post(f"{desk.url('import-export')}?import=nonsense", {"format": "csv"}).status_code == 404


def test_a_discarded_file_is_forgotten_and_cannot_be_imported(office: Office, desk: Desk) -> None:
    batch = office.check("partners", "Name,Kind\nHarbor,CPA\n")
    assert "Nothing of it was imported" in desk.open("import-discard", batch.pk).content.decode()
    desk.send("import-discard", batch.pk)
    gone = office.again(batch)
    assert (gone.state, bytes(gone.content), office.rows(batch)) == (ImportState.DISCARDED, b"", [])
    assert desk.send("import-start", batch.pk).status_code == 409
    assert "discarded" in desk.open("import", batch.pk).content.decode()


def test_nothing_to_import_says_so_and_offers_no_button(office: Office, desk: Desk) -> None:
    office.bring("partners", "Name,Kind\nHarbor,CPA\n")
    batch = office.check("partners", "Name,Kind\nHarbor,CPA\n")
    page = desk.open("import", batch.pk).content.decode()
    assert "No row of this file would change anything." in page
    assert "import-start" not in page
    assert desk.send("import-start", batch.pk).status_code == 409
    assert office.again(batch).state == ImportState.CHECKED


def test_markup_in_cells_is_shown_as_text(office: Office, desk: Desk) -> None:
    batch = office.check("partners", "Name,Kind\n<script>alert(1)</script>,CPA\n")
    page = desk.open("import", batch.pk).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_finance_brings_what_is_money_and_nothing_else(office: Office) -> None:
    theirs = office.check("partners", "Name,Kind\nHarbor,CPA\n")
    with tenancy.use(office.msp.pk):
        builders.a_partner("Lakeside")
    balances = office.check("opening", "Partner,Owed,Owed on\nLakeside,120.00,2026-01-01\n")
    finance = Desk(office, builders.a_member(office.msp, Role.FINANCE, "Fay Finance").user)
    listed = finance.open("import-list").content.decode()
    assert "Opening balances" in listed
    assert "Partners," not in listed
    choices = finance.open("import-new").content.decode()
    assert all(f'value="{kind}"' in choices for kind in ("opening", "invoices", "payments", "credits"))
    assert 'value="partners"' not in choices
    assert finance.upload(FILE).status_code == 422
    for name in ("import", "import-columns", "import-faults", "import-undo"):
        assert finance.open(name, theirs.pk).status_code == 404
    assert finance.send("import-start", theirs.pk).status_code == 404
    assert finance.send("import-start", balances.pk).status_code == 302
    assert office.again(theirs).state == ImportState.CHECKED
    assert office.again(balances).state == ImportState.IMPORTING


def test_a_verb_refuses_a_kind_that_its_member_may_not_bring(office: Office) -> None:
    finance = builders.a_member(office.msp, Role.FINANCE, "Fay Finance")
    with tenancy.use(office.msp.pk), pytest.raises(imports.UnknownKind):
        imports.upload(kind="partners", file_name="a.csv", content=b"Name\nHarbor\n", by=finance, at=timezone.now())


def test_other_roles_read_why_they_cannot(office: Office) -> None:
    batch = office.check("partners", "Name,Kind\nHarbor,CPA\n")
    other = Desk(office, builders.a_member(office.msp, Role.READ_ONLY, "Other").user)
    assert other.open("import-list").status_code == 403
    assert other.upload(FILE).status_code == 403
    assert other.send("import-start", batch.pk).status_code == 403
    assert office.again(batch).state == ImportState.CHECKED


def test_partners_and_other_msps_cannot_see_that_it_exists(office: Office) -> None:
    batch = office.check("partners", "Name,Kind\nHarbor,CPA\n")
    with tenancy.use(office.msp.pk):
        login = builders.a_login(builders.a_partner())
    rival = builders.a_member(builders.an_msp("Rival IT"), Role.OWNER, "Rita Rival")
    for user in (login.user, rival.user):
        stranger = Desk(office, user)
        for name in ("import", "import-columns", "import-progress", "import-faults", "import-discard"):
            assert stranger.open(name, batch.pk).status_code == 404
        assert stranger.send("import-start", batch.pk).status_code == 404


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_the_example_files_are_understood_without_a_correction(office: Office, ending: str) -> None:
    for kind in ImportKind.values:
        path = finders.find(f"examples/{kind}.{ending}")
        assert isinstance(path, str)
        with open(path, "rb") as file:
            batch = office.check(kind, file.read())
        assert {row.fate for row in office.rows(batch)} <= {"create", "part"}, office.fates(batch)
        assert len(batch.columns) >= len(batch.header) - 1, (batch.header, batch.columns)
        done = office.run(office.start(batch))
        assert done.summary["error"] == 0, office.fates(done)


def test_a_workbook_is_uploaded_and_another_of_its_sheets_is_read(office: Office, desk: Desk) -> None:
    content = workbook({"Partners": [["Name", "Kind"], ["Harbor", "CPA"]], "Old": [["Name"], ["Gone"], ["Over"]]})
    sent = {"kind": "partners", "file": SimpleUploadedFile("book.xlsx", content)}
    answer = desk.browser.post(desk.url("import-new"), sent, follow=True)
    page = answer.content.decode()
    assert "Read this sheet" in page
    assert "1 row." in page
    with tenancy.use(office.msp.pk):
        batch = Import.objects.get()
    again = desk.browser.post(desk.url("import-sheet", batch.pk), {"sheet": "Old"}, follow=True).content.decode()
    assert "2 rows." in again
    wrong = desk.browser.post(desk.url("import-sheet", batch.pk), {"sheet": "Nowhere"}, follow=True).content.decode()
    assert "Choose one of the sheets of this workbook." in wrong
    assert office.again(batch).sheet == "Old"


def test_an_import_is_taken_back_from_its_page_with_the_count_on_the_button(office: Office, desk: Desk) -> None:
    batch = office.bring("partners", "Name,Kind\nHarbor,CPA\nMaple,CPA\nOak,CPA\n")
    with tenancy.use(office.msp.pk):
        onboarding.activate(Partner.objects.get(name="Oak"), by=office.owner, at=timezone.now())
    assert "Take back" in desk.open("import", batch.pk).content.decode()
    page = desk.open("import-undo", batch.pk).content.decode()
    assert "Take back 2 rows" in page
    assert "1 row stays" in page
    assert "Olga Owner" in page
    stale = desk.browser.post(desk.url("import-undo", batch.pk), {"expected": "3"})
    assert stale.status_code == 422
    assert "It would be 2 now, and 3 were shown." in stale.content.decode()
    desk.browser.post(desk.url("import-undo", batch.pk), {"expected": "2"})
    assert "Taking rows back" in desk.open("import", batch.pk).content.decode()
    tasks.undo.run(msp_id=str(office.msp.pk), import_id=str(batch.pk))
    page = desk.open("import", batch.pk).content.decode()
    assert "2 rows were taken back" in page
    assert "1 row stays, each with its reason" in page
    assert "Oak" in desk.open("import", batch.pk, fate="kept").content.decode()
    assert desk.open("import-undo", batch.pk).status_code == 302
