"""A workbook is read as it is shown, from any of its sheets, and one that is made to hurt is refused."""

import io
import re
import zipfile
from datetime import date, datetime, time
from decimal import Decimal

import pytest
from defusedxml import EntitiesForbidden

from elinkages.kernel import tenancy
from integrations.models import ImportKind, ImportState
from integrations.spreadsheets import imports, limits
from integrations.spreadsheets.files import read
from integrations.spreadsheets.limits import Unreadable
from partners.models import Partner
from referrals.models import Contract
from tests.integrations.conftest import AT, Office
from tests.integrations.workbooks import computed, part, with_part, workbook

SHEET = "xl/worksheets/sheet1.xml"
ROWS = [["Name", "Kind", "E-mail"], ["Harbor Tax", "CPA", "h@harbor.example"]]


def cells(content: bytes, sheet: str = "") -> list[list[str]]:
    return [row for _, row in read(content, sheet).rows]


def test_days_numbers_and_texts_arrive_as_they_are_shown() -> None:
    table = read(
        workbook(
            {
                "Deals": [
                    ["Client", "MRR", "Start", "At", "Phone", "Ok", "Zip"],
                    ["Élan Café", 1234.5, date(2026, 3, 1), datetime(2026, 3, 1, 14, 30), 5551234567, True, "02134"],
                    ["Small", 0.1 + 0.2, datetime(2026, 12, 31), time(8), 12.0, False, None],
                    ["Large", 10**15, None, None, Decimal("1E+3"), None, "'007"],
                ]
            }
        )
    )
    assert (table.encoding, table.sheet, table.sheets) == ("xlsx", "Deals", ("Deals",))
    assert [row for _, row in table.rows] == [
        ["Élan Café", "1234.5", "2026-03-01", "2026-03-01 14:30", "5551234567", "yes", "02134"],
        ["Small", "0.3", "2026-12-31", "08:00:00", "12", "no"],
        ["Large", "1000000000000000", "", "", "1000", "", "'007"],
    ]


def test_empty_rows_count_and_those_at_the_end_do_not() -> None:
    table = read(workbook({"A": [["Name", "City"], [], ["Harbor", "Troy"], [None, " "], ["Lake"], [None], ["  "]]}))
    assert table.rows == [(3, ["Harbor", "Troy"]), (5, ["Lake"])]


def test_a_formula_is_what_it_showed_last() -> None:
    content = computed([["Client", "MRR"], ["Elm"]], {"B2": ("=100*12.5", 1250)})
    assert cells(content) == [["Elm", "1250"]]


def test_a_formula_that_was_never_computed_is_named_and_one_that_gave_nothing_is_empty() -> None:
    never = workbook({"List": [["Client", "MRR"], ["Elm", "=100*12.5"]]})
    with pytest.raises(Unreadable) as refusal:
        read(never)
    assert refusal.value.message.startswith("The formula in cell B2 of “List” has no result yet. Open the workbook")
    as_excel_does = part(never, SHEET).replace(b'<c r="B2">', b'<c r="B2" t="str">')
    assert cells(with_part(never, SHEET, as_excel_does)) == [["Elm"]]


def test_the_list_is_found_among_several_sheets_and_another_one_can_be_chosen(office: Office) -> None:
    content = workbook(
        {
            "Read me": [["This workbook holds our partners"], ["Do not share"]],
            "Old": [["Name", "City"], ["Gone", "Troy"]],
            "Partners": ROWS,
            "Secret": ROWS,
            "Empty": [],
        },
        hidden=["Secret"],
    )
    batch = office.upload("partners", content, name="Book.xlsx")
    assert (batch.sheet, batch.sheets, batch.total) == ("Partners", ["Read me", "Old", "Partners"], 1)
    with tenancy.use(office.msp.pk):
        imports.choose_sheet(batch, "Old", by=office.owner, at=AT)
    again = office.again(batch)
    assert (again.sheet, again.header, again.columns) == ("Old", ["Name", "City"], {"name": 0, "city": 1})
    done = office.run(office.start(office.checked(office.choose(again, kind="vendor"))))
    assert done.summary["create"] == 1
    with tenancy.use(office.msp.pk):
        assert Partner.objects.get().name == "Gone"


def test_a_first_sheet_that_is_no_list_keeps_nobody_from_the_second(office: Office) -> None:
    never = [["Client", "MRR"], ["Elm", "=100*12.5"]]
    batch = office.upload("partners", workbook({"Read me": [["Please fill in"]], "Sums": never, "Partners": ROWS}))
    assert (batch.sheet, batch.sheets) == ("Partners", ["Read me", "Sums", "Partners"])
    with pytest.raises(Unreadable, match="column names but no rows"):
        office.upload("partners", workbook({"Read me": [["Please fill in"]], "Sums": never}))


def test_another_sheet_cannot_be_chosen_once_it_is_imported_nor_one_that_is_not_there(office: Office) -> None:
    content = workbook({"Partners": ROWS, "Old": ROWS, "Secret": ROWS}, hidden=["Secret"])
    batch = office.upload("partners", content)
    with tenancy.use(office.msp.pk), pytest.raises(Unreadable, match="no sheet “Secret”"):
        imports.choose_sheet(batch, "Secret", by=office.owner, at=AT)
    office.run(office.start(office.checked(office.choose(batch))))
    with tenancy.use(office.msp.pk), pytest.raises(imports.MovedOn):
        imports.choose_sheet(office.again(batch), "Old", by=office.owner, at=AT)


def test_a_number_of_a_workbook_has_a_point_whatever_its_texts_have(office: Office) -> None:
    header = ["Client", "Service line", "MRR", "Start date", "Owed from"]
    content = workbook(
        {
            "Clients": [
                header,
                ["Elm", "Security", 1234.5, date(2026, 1, 1), date(2026, 1, 1)],
                ["Oak", "Security", "1.234,50", "2026-01-01", date(2026, 1, 1)],
            ]
        }
    )
    batch = office.upload("clients", content)
    assert batch.options["decimal_mark"] == ","
    office.run(office.start(office.checked(office.choose(batch))))
    with tenancy.use(office.msp.pk):
        found = Contract.objects.order_by("client__name_key").values_list("movements__mrr_minor", flat=True)
        assert list(found) == [123_450, 123_450]


def test_an_error_of_the_spreadsheet_is_no_name_and_no_amount(office: Office) -> None:
    content = computed([["Name", "Kind"], ["x", "CPA"], ["Fine", "CPA"]], {"A2": ("=VLOOKUP(1,Z1:Z2,1)", "#N/A")})
    batch = office.check("partners", content)
    assert office.fates(batch) == [
        (2, "error", "Name holds “#N/A”, a spreadsheet error. Correct the formula."),
        (3, "create", ""),
    ]


def refusal_of(content: bytes) -> str:
    with pytest.raises(Unreadable) as refusal:
        read(content)
    return refusal.value.message


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = with_part(workbook({"A": ROWS}), SHEET, b" " * (101 * 1024 * 1024))
    assert len(bomb) < limits.LARGEST_BYTES
    assert refusal_of(bomb).startswith("The workbook unpacks to 102 MB, which is more than a list of rows needs.")
    texts = with_part(workbook({"A": ROWS}), "xl/sharedStrings.xml", b"<si/>" * (7 * 1024 * 1024))
    assert "more than a list of rows needs" in refusal_of(texts)


def test_a_small_file_of_nothing_but_cells_does_not_keep_a_server_busy() -> None:
    """36 kB of empty cells took six seconds to read, and a file may have ten megabytes."""
    whole = workbook({"A": ROWS})
    empty = b"<row>" + b"<c/>" * 200 + b"</row>"
    full = part(whole, SHEET).replace(b"</sheetData>", empty * 25_000 + b"</sheetData>")
    bomb = with_part(whole, SHEET, full)
    assert len(bomb) < 200_000
    assert refusal_of(bomb).startswith("The workbook holds more cells than a list of rows needs.")
    rows = [[f"Name {number}", *map(str, range(29))] for number in range(2_000)]
    assert len(cells(workbook({"A": [["Name", *map(str, range(29))], *rows]}))) == 2_000


def test_xml_that_defines_its_own_entities_is_refused() -> None:
    whole = workbook({"A": ROWS})
    laughs = b'<!DOCTYPE s [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>' + part(whole, SHEET)
    with pytest.raises(Unreadable, match="The workbook is damaged") as refusal:
        read(with_part(whole, SHEET, laughs))
    causes = [refusal.value.__cause__]
    while causes[-1] is not None:
        causes.append(causes[-1].__cause__)
    assert any(isinstance(cause, EntitiesForbidden) for cause in causes)


def test_a_row_far_below_costs_no_time() -> None:
    whole = workbook({"A": ROWS})
    far = part(whole, SHEET).replace(
        b"</sheetData>", b'<row r="900000000"><c r="A900000000"><v>1</v></c></row></sheetData>'
    )
    assert "Delete what is below your list" in refusal_of(with_part(whole, SHEET, far))


def test_a_sheet_that_says_it_is_smaller_is_not_believed() -> None:
    whole = workbook({"A": ROWS})
    lying = re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1"', part(whole, SHEET))
    assert cells(with_part(whole, SHEET, lying)) == [ROWS[1]]


def archive(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as new:
        for name, content in parts.items():
            new.writestr(name.replace("__", "/").replace("_", "."), content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (workbook({"A": []}), "The workbook is empty."),
        (workbook({"A": [["Name", "City"]]}), "The file has column names but no rows under them."),
        (workbook({"A": ROWS})[:-400], "The workbook is damaged."),
        (with_part(workbook({"A": ROWS}), SHEET, b"<worksheet><sheetData>"), "The workbook is damaged."),
        (b"PK\x03\x04rest", "The workbook is damaged."),
        (archive(xl__workbook_bin=b"x"), "This is a binary Excel workbook (.xlsb)."),
        (archive(mimetype=b"application/vnd.oasis.opendocument.spreadsheet"), "This is an OpenDocument spreadsheet."),
        (archive(letter_txt=b"x"), "This is an archive, not an Excel workbook."),
        (b"\xd0\xcf\x11\xe0" + b"x" * 50, "This is an old Excel workbook."),
        (b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"), "This workbook is locked with a password."),
    ],
)
def test_what_is_no_workbook_gets_a_sentence(content: bytes, sentence: str) -> None:
    assert refusal_of(content).startswith(sentence)


def test_ten_thousand_rows_of_a_workbook_are_read_and_twenty_thousand_and_one_are_not() -> None:
    rows = [["Name", "Kind"], *([f"Firm {number}", "CPA"] for number in range(20_001))]
    assert refusal_of(workbook({"A": rows})).startswith("The file has 20,001 rows; 20,000 are read at once.")
    assert len(read(workbook({"A": rows[:10_001]})).rows) == 10_000


def test_both_kinds_of_file_become_the_same_rows(office: Office) -> None:
    text = "\n".join(",".join(row) for row in ROWS)
    found = []
    for content in (text, workbook({"A": ROWS})):
        batch = office.checked(office.choose(office.upload(ImportKind.PARTNERS, content)))
        assert batch.state == ImportState.CHECKED
        found.append([(row.number, row.cells, row.values, row.fate) for row in office.rows(batch)])
    assert found[0] == found[1]
