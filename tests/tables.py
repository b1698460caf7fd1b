"""Tables out of our own documents: the algorithm pages are the test data."""

from pathlib import Path

ALGORITHMS = Path(__file__).parent.parent / "docs" / "algorithms"


def rows(document: str, *columns: str) -> list[dict[str, str]]:
    """Every row of the tables of docs/algorithms/<document> that have exactly these columns."""
    found: list[dict[str, str]] = []
    header: list[str] | None = None
    for line in (ALGORITHMS / document).read_text().splitlines():
        cells = _cells(line)
        if cells is None:
            header = None
        elif header is None:
            header = cells
        elif header == list(columns) and set(cells[0]) != {"-"}:
            found.append(dict(zip(header, cells, strict=True)))
    if not found:
        raise LookupError(f"{document} has no table with the columns {', '.join(columns)}.")
    return found


def _cells(line: str) -> list[str] | None:
    if not line.startswith("|"):
        return None
    return [cell.strip().strip("`") for cell in line.strip().strip("|").split("|")]
