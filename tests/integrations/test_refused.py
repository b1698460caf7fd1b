"""What the pages of imports never send, and rows that others made impossible meanwhile."""

import pytest

from elinkages.kernel import tenancy
from integrations.spreadsheets import imports, limits, workbooks
from tests import builders
from tests.integrations.conftest import Office
from tests.integrations.workbooks import workbook

pytestmark = pytest.mark.django_db


def test_rows_are_of_a_kind_that_there_is(office: Office) -> None:
    with pytest.raises(imports.UnknownKind, match="Choose what the rows are"):
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
