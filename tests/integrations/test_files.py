"""Whatever is uploaded is a table, or a sentence says what it is and what to do."""

from contextlib import suppress
from zoneinfo import ZoneInfo

import pytest

from elinkages.lists import listing as listings
from elinkages.lists.writing import Sheet
from integrations.spreadsheets import limits
from integrations.spreadsheets.files import read
from integrations.spreadsheets.headers import guess
from integrations.spreadsheets.limits import Unreadable

TEXT = "Name,City\r\nCafé Müller,Zürich\r\nŁódź & Sons,Kraków\r\n"
WESTERN = "Name,City\r\nCafé Müller,Zürich\r\n“Señor” Peña – Söhne,Málaga\r\n"
LATIN = "Name,City\r\nCafé Müller,Zürich\r\nSeñor Peña & Söhne,Málaga\r\n"


@pytest.mark.parametrize(
    ("content", "text", "encoding"),
    [
        (TEXT.encode("utf-8"), TEXT, "utf-8"),
        (TEXT.encode("utf-8-sig"), TEXT, "utf-8-sig"),
        (TEXT.encode("utf-16"), TEXT, "utf-16"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), TEXT, "utf-16"),
        (TEXT.encode("utf-16-le"), TEXT, "utf-16-le"),
        (TEXT.encode("utf-16-be"), TEXT, "utf-16-be"),
        (WESTERN.encode("cp1252"), WESTERN, "cp1252"),
        (LATIN.encode("latin-1"), LATIN, None),
    ],
    ids=["utf-8", "with mark", "utf-16", "big end first", "without mark", "big without mark", "windows", "latin"],
)
def test_letters_arrive_as_they_were_written_in_every_encoding(content: bytes, text: str, encoding: str | None) -> None:
    table = read(content)
    lines = [line.split(",") for line in text.strip().split("\r\n")]
    assert table.header == lines[0]
    assert [cells for _, cells in table.rows] == lines[1:]
    assert encoding is None or table.encoding == encoding


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"], ids=["unix", "windows", "old mac"])
def test_cells_are_told_apart_whatever_separates_them(delimiter: str, ending: str) -> None:
    lines = [["Name", "Note"], ["Harbor", f'"one{delimiter} two"'], ["Lake", '"said ""hello"""']]
    table = read(ending.join(delimiter.join(line) for line in lines).encode())
    assert table.delimiter == delimiter
    assert [cells for _, cells in table.rows] == [["Harbor", f"one{delimiter} two"], ["Lake", 'said "hello"']]


def test_a_comma_inside_amounts_does_not_hide_the_semicolons() -> None:
    table = read(b"Client;MRR;Start\nAcme;1.200,50;1.3.2026\nBright;900,00;1.4.2026\n")
    assert table.delimiter == ";"
    assert table.rows[0] == (2, ["Acme", "1.200,50", "1.3.2026"])


def test_a_line_that_names_the_separator_is_believed_and_is_no_row() -> None:
    table = read(b"sep=;\nName;City\nAcme, Inc;Albany\n")
    assert (table.header, table.rows) == (["Name", "City"], [(3, ["Acme, Inc", "Albany"])])


def test_rows_are_numbered_as_in_the_spreadsheet_with_empty_rows_and_breaks_inside_cells() -> None:
    table = read(b'Name,Note\n"A","two\nlines"\n\n,\nB,x\n')
    assert table.rows == [(2, ["A", "two\nlines"]), (5, ["B", "x"])]


def test_titles_above_the_header_are_passed_over() -> None:
    table = read(b"Our referral partners,,\nas of May,,\n\nName,E-mail,Phone\nHarbor,a@b.co,1\n")
    assert (table.header_row, table.header) == (4, ["Name", "E-mail", "Phone"])


def test_columns_of_the_same_name_and_without_a_name_can_be_told_apart() -> None:
    assert read(b"Name,Phone,,Phone,\nA,1,2,3\n").header == ["Name", "Phone", "Column C", "Phone (2)"]


def test_a_header_in_another_language_can_be_mapped_by_hand() -> None:
    assert read("Firma;Ort\nMüller;Ulm\n".encode()).header == ["Firma", "Ort"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty. Upload one with the names of its columns in the first row."),
        (b"\r\n , \r\n", "The file is empty."),
        (b"Name,City\n", "The file has column names but no rows under them."),
        (b"PK\x03\x04rest", "The workbook is damaged."),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "This is an old Excel workbook."),
        (b"%PDF-1.7\n", "This is a PDF."),
        (b"  <!DOCTYPE html><html>", "This is a web page, even if its name says otherwise."),
        (b"\xef\xbb\xbf<table><tr><td>Name", "This is a web page"),
        (b"<?xml version='1.0'?><Workbook>", "This is a web page"),
        (b"{\\rtf1 hello", "This is a text document."),
        (b"\x1f\x8b\x08\x00", "This file is compressed."),
        (b"\x89PNG\r\n", "This is a picture."),
        (b"Name,City\nA,B\x00C\n", "The file contains bytes that are not text."),
        ("Name,City\nA,B\n".encode("utf-16")[:-1], "The file breaks off inside a character."),
        (b'Name,City\n"A,B\nC,D\n', "A quotation mark in row 2 is not closed, or not doubled inside a cell."),
        (b'Name,City\nA,B\n"5" pipe",D\n', "A quotation mark in row 3 is not closed"),
        (b"Name,City\nA," + b"x" * 140_000, "Row 2 has a cell of more than 131,072 characters."),
        (b"," * 5_000_000, "The file is empty."),
        (b"Harbor,a@b.co,100\nLake,c@d.co,200\n", "Row 1 looks like data, not like the names of columns."),
        (b"Name\n" + b"A\n" * 20_001, "The file has 20,001 rows; 20,000 are read at once."),
        (b"Name\n" + b"A\n" * 30_000, "The file has more than 20,000 rows."),
        ((",".join(f"c{n}" for n in range(201)) + "\n1\n").encode(), "The file has 201 columns; 200 are read."),
        (b"x" * (10 * 1024 * 1024 + 1), "The file has 10.0 MB; 10 MB are read."),
    ],
)
def test_a_hostile_or_mistaken_file_gets_a_sentence_that_says_what_to_do(content: bytes, sentence: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        read(content)
    assert refusal.value.message.startswith(sentence)


@pytest.mark.parametrize("noise", [b"\x81\x8d\x8f\x90\x9d", bytes(range(1, 256)), b"\xff" * 50, b'"' * 99, b"\x1a" * 9])
def test_noise_never_crashes_the_reader(noise: bytes) -> None:
    for content in (noise, b"Name,City\n" + noise + b",x\n", noise + b"\nName,City\nA,B\n"):
        with suppress(Unreadable):
            assert read(content).header


def test_columns_are_guessed_by_what_people_call_them() -> None:
    header = [
        "Company Name",
        "Referred By",
        "Date Referred",
        "Deal Stage",
        "Contact",
        "E-Mail Address",
        "Est. MRR",
        "MRR",
    ]
    found = guess("referrals", header)
    assert {name: header[place] for name, place in found.items()} == {
        "company": "Company Name",
        "partner": "Referred By",
        "registered_on": "Date Referred",
        "stage": "Deal Stage",
        "contact_name": "Contact",
        "contact_email": "E-Mail Address",
        "expected_mrr_minor": "Est. MRR",
    }


@pytest.mark.parametrize("head", ["Type of partner", "Partner kind", "Kind of Partner", "Type of source", "Category"])
def test_the_kind_of_a_partner_has_many_names(head: str) -> None:
    assert guess("partners", ["Partner", head, "City"]) == {"name": 0, "kind": 1, "city": 2}


@pytest.mark.parametrize("head", ["Expected MRR, USD", "MRR, USD (2)", "Expected MRR", "MRR (2)"])
def test_the_currency_in_the_head_of_a_column_is_no_part_of_its_name(head: str) -> None:
    assert guess("referrals", ["Company", "Partner", head])["expected_mrr_minor"] == 2


@pytest.mark.parametrize(
    ("kind", "listing", "expected"),
    [
        (
            "partners",
            "partner-list",
            {
                **{"name": "Partner", "kind": "Kind of source", "city": "City", "status": "Status"},
                **{"email": "E-mail", "phone": "Phone", "website": "Website", "external_id": "Id in your system"},
            },
        ),
        (
            "referrals",
            "referral-list",
            {
                **{"company": "Company", "partner": "Partner", "registered_on": "Registered", "stage": "Stage"},
                **{"expected_mrr_minor": "Expected MRR, USD", "contact_name": "Contact", "contact_email": "E-mail"},
                **{"contact_phone": "Phone", "website": "Website", "lost_reason": "Why lost"},
            },
        ),
        (
            "clients",
            "client-list",
            {
                **{"client": "Client", "partner": "Introduced by", "starts_on": "Client since"},
                **{"mrr_minor": "MRR, USD", "website": "Website", "external_id": "Id in your system"},
            },
        ),
    ],
)
def test_a_list_of_ours_is_understood_when_it_is_brought_back(
    kind: str, listing: str, expected: dict[str, str]
) -> None:
    found = listings.find(listing)
    assert found is not None
    fields = [field for column in found.columns for field in column.fields]
    header = Sheet(found.title, fields, "USD", ZoneInfo("America/New_York")).heads
    assert {name: header[place] for name, place in guess(kind, header).items()} == expected


@pytest.mark.parametrize("kind", ["partners", "referrals", "clients"])
def test_a_column_is_guessed_for_one_field_only(kind: str) -> None:
    found = guess(kind, ["Name", "Company", "Company", "Status", "State", "ID", "Contact", "Email", "Date"])
    assert len(set(found.values())) == len(found)


def test_the_file_limits_are_those_that_the_page_promises() -> None:
    assert (limits.LARGEST_BYTES, limits.MOST_ROWS) == (10 * 1024 * 1024, 20_000)


def test_a_row_of_a_million_cells_is_kept_short() -> None:
    ((_, cells),) = read(b"Name,City\nA,B" + b"," * 1_000_000).rows
    assert len(cells) <= limits.MOST_COLUMNS + 1
