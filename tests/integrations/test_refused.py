"""What the pages of imports never send, and rows that others made impossible meanwhile."""

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from elinkages.kernel import tenancy
from elinkages.kernel.refusal import Refused
from integrations.spreadsheets import client_rows, imports, limits, opening_rows, referral_rows, workbooks
from integrations.spreadsheets.rules import Importer, Rules
from integrations.spreadsheets.values import Reading
from partners.models import Partner
from tests import builders
from tests.integrations.conftest import AT, Office
from tests.integrations.workbooks import workbook

pytestmark = pytest.mark.django_db


def test_rows_are_of_a_kind_that_there_is(office: Office) -> None:
    with pytest.raises(imports.UnknownKind, match="Choose what is in the file"):
        office.upload("weather", "Name\nAlder")


@pytest.mark.parametrize("columns", [{"name": 7}, {"weather": 0}, {"name": -1}])
def test_a_column_is_in_the_file_and_of_the_list(office: Office, columns: dict[str, int]) -> None:
    batch = office.upload("partners", "Name\nAlder")
    with pytest.raises(imports.ColumnsRefused, match="not in this file"):
        office.choose(batch, columns=columns)


def test_a_column_that_is_needed_is_chosen(office: Office) -> None:
    batch = office.upload("partners", "Name,E-mail\nAlder,a@alder.test")
    with pytest.raises(imports.ColumnsRefused, match="Choose the column for: "):
        office.choose(batch, columns={"email": 1})


def test_a_workbook_for_which_there_is_no_memory_is_said_to_be_too_large(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def out_of_memory(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(workbooks, "load_workbook", out_of_memory)
    with pytest.raises(limits.Unreadable, match="too large to be read"):
        office.upload("partners", workbook({"List": [["Name"], ["Alder"]]}), "list.xlsx")


def test_a_sheet_has_so_many_rows(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "MOST_ROWS", -999)
    with pytest.raises(limits.Unreadable, match="The sheet has more than"):
        office.upload("partners", workbook({"List": [["Name"], ["Alder"], ["Birch"]]}), "list.xlsx")


CLIENTS = "Client,Partner,Service line,MRR,Since,Owed from\nAlder,Finch,Managed services,1000,2026-01-01,2026-01-01\n"


def test_the_client_of_a_row_is_one(office: Office) -> None:
    with tenancy.use(office.msp.pk):
        for _ in range(2):
            builders.a_client(name="Alder")
    batch = office.check("clients", CLIENTS)
    assert [row.reason for row in office.rows(batch)] == [
        "2 of your clients are called Alder. Add this contract by hand."
    ]


def _rename_partner() -> None:
    Partner.objects.update(name="Gone", name_key="gone")


def test_a_partner_that_is_gone_when_the_rows_are_written(office: Office) -> None:
    with tenancy.use(office.msp.pk):
        builders.a_partner("Finch")
    started = office.start(office.check("referrals", "Company,Partner,Introduced on\nAlder,Finch,2026-03-02\n"))
    with tenancy.use(office.msp.pk):
        _rename_partner()
    (row,) = office.rows(office.run(started))
    assert row.reason.startswith("“Finch” is not one of your partners. Import partners first")


@pytest.mark.parametrize(
    ("write", "values", "reason"),
    [
        (client_rows.write_many, {"client": "Alder", "service_line": "Tea", "mrr_minor": 1}, "“Tea” is not a service"),
        (
            opening_rows.write_many,
            {"partner": "Finch", "owed_minor": 1, "owed_on": "2026-01-01"},
            "no longer one of your",
        ),
        (
            referral_rows.write_many,
            {"partner": "Finch", "company": "Alder"},
            "“Finch” is not one of your partners",
        ),
    ],
)
def test_what_went_between_the_last_look_and_the_writing_is_refused(
    office: Office, write: Callable[..., object], values: dict[str, Any], reason: str
) -> None:
    """Another session commits in between: rows are looked at again, and may still be late."""
    rules = Rules(Reading("USD"), AT.date(), office.msp.zone)
    with tenancy.use(office.msp.pk), pytest.raises(Refused, match=reason):
        write([values], rules, by=[Importer(office.owner.pk, "Olga Owner")], at=AT)


def test_a_workbook_whose_parts_are_not_what_they_were_is_damaged(office: Office) -> None:
    whole = io.BytesIO(workbook({"List": [["Name"], ["Alder"]]}))
    loose = io.BytesIO()
    with zipfile.ZipFile(whole) as parts, zipfile.ZipFile(loose, "w", zipfile.ZIP_STORED) as stored:
        for name in parts.namelist():
            stored.writestr(name, parts.read(name))
    with pytest.raises(limits.Unreadable, match="The workbook is damaged"):
        office.upload("partners", loose.getvalue().replace(b"Alder", b"Elder"), "list.xlsx")
