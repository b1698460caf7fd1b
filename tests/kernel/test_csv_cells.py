"""CSV that a spreadsheet does not compute."""

import csv
import io

import pytest

from elinkages.kernel import csv_cells


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1 617 555 0100",
        "-2+3",
        "@SUM(A1)",
        "\tx",
        "\rx",
        " =HYPERLINK(1)",
        "|calc",
        "%x",
        "\uff1d1+1",
        "\uff20SUM(A1)",
    ],
)
def test_text_that_would_be_computed_gets_an_apostrophe(text: str) -> None:
    assert csv_cells.safe(text) == f"'{text}"


@pytest.mark.parametrize("text", ["Petra Park CPA", "82.55", "-12.00", "", "A=B", "O'Neil & Sons"])
def test_plain_text_and_plain_numbers_stay(text: str) -> None:
    assert csv_cells.safe(text) == text


def test_rows_are_quoted_as_the_standard_says_and_always_the_same() -> None:
    rows = [("Payee", "Amount"), ('Smith, "Bob" & Co', "1.00"), ("=cmd", "2.00")]
    written = csv_cells.write(rows)
    assert written == b'Payee,Amount\r\n"Smith, ""Bob"" & Co",1.00\r\n\'=cmd,2.00\r\n'
    assert csv_cells.write(rows) == written


@pytest.mark.parametrize("text", ["Acme;=1+1", "Acme; @SUM(A1)", "Acme\t+1", "Acme\n=1+1", "Acme\r\n-2+3", "a;b;|calc"])
@pytest.mark.parametrize("divider", [";", "\t", "|"])
def test_a_spreadsheet_that_divides_cells_elsewhere_computes_nothing_either(text: str, divider: str) -> None:
    """Excel divides at semicolons wherever people write decimals with a comma, and knows no quotes within a cell."""
    written = csv_cells.write([("Park", text, "1.00")]).decode()
    cells = [
        cell for row in csv.reader(io.StringIO(written), delimiter=divider, quoting=csv.QUOTE_NONE) for cell in row
    ]
    assert not [cell for cell in cells if cell.lstrip(' "').startswith(("=", "+", "-", "@", "|"))]


@pytest.mark.parametrize("text", ["Mo-Fr; 9 to 5", "Called twice\nWill call back", "A;B", "1;2"])
def test_what_is_divided_without_a_formula_stays(text: str) -> None:
    assert csv_cells.safe(text) == text
