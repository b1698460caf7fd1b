"""PDFs: what is put in can be read back, the same input gives the same bytes, and data never becomes source."""

import io
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pypdf import PdfReader

from elinkages.kernel import pdf
from elinkages.kernel.pdf import CannotRender, TooLong, render
from tests.reading import pdf_text

AT = datetime(2026, 5, 3, 12, tzinfo=UTC)
LETTERHEAD = {"name": "Northbeam IT", "accent": "#134f78", "logo": None, "lines": ["partners@northbeam.example"]}


@pytest.fixture
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "house.typ").write_text((pdf.TEMPLATES / "house.typ").read_text())
    monkeypatch.setattr(pdf, "TEMPLATES", tmp_path)
    return tmp_path


def _letter(templates: Path, source: str = "#data.words") -> None:
    start = '#import "house.typ": *\n#let data = json("data.json")\n#show: house.with(data, title: data.title)\n'
    (templates / "letter.typ").write_text(start + source)


def _data(words: Any = "Hello.", **changes: Any) -> dict[str, Any]:
    return {"letterhead": LETTERHEAD, "paper": "us-letter", "title": "A letter", "words": words, **changes}


def test_a_document_says_what_was_put_in_and_who_made_it_when(templates: Path) -> None:
    _letter(templates)
    document = render("letter", _data("You were paid $1,204.55 on May 3, 2026."), at=AT)
    found = PdfReader(io.BytesIO(document))
    assert "You were paid $1,204.55 on May 3, 2026." in pdf_text(document)
    assert "Northbeam IT" in pdf_text(document)
    assert found.metadata is not None
    assert (found.metadata.title, found.metadata.author) == ("A letter", "Northbeam IT")
    assert found.metadata.creation_date == AT


def test_the_same_input_gives_the_same_bytes(templates: Path) -> None:
    _letter(templates)
    assert render("letter", _data(), at=AT) == render("letter", dict(reversed(_data().items())), at=AT)


def test_it_can_be_archived_and_read_aloud(templates: Path) -> None:
    _letter(templates)
    document = render("letter", _data(), at=AT)
    assert b"pdfaid:part" in document
    assert b"pdfuaid:part" in document


@pytest.mark.parametrize(("paper", "width"), [("us-letter", 612), ("a4", 595)])
def test_the_paper_is_letter_or_a4(templates: Path, paper: str, width: int) -> None:
    _letter(templates)
    page = PdfReader(io.BytesIO(render("letter", _data(paper=paper), at=AT))).pages[0]
    assert int(page.mediabox.width) == width


@pytest.mark.parametrize(
    "hostile",
    [
        '#panic("no")',
        '#read("/etc/passwd")',
        "$ x^2 $ *bold* `raw` _it_ @ref <label>",
        '"; #import "@preview/x:1.0.0"',
        "{{7*7}} {% load x %} \\u{41}",
        "// gone? /* gone? */",
        "https://example.com/#x",
    ],
)
def test_what_people_typed_stays_text(templates: Path, hostile: str) -> None:
    _letter(templates)
    assert hostile.replace(" ", "") in pdf_text(render("letter", _data(hostile), at=AT)).replace(" ", "")


def test_a_character_without_a_glyph_becomes_a_box_and_the_foot_says_so(templates: Path) -> None:
    _letter(templates)
    said = pdf_text(render("letter", _data("Zoë & Łódź Ελλάδα 日本 🎉 Ltd"), at=AT))
    assert "Zoë & Łódź Ελλάδα □□ □ Ltd" in said
    assert "□ stands for a character" in said
    assert "□ stands for" not in pdf_text(render("letter", _data("Zoë"), at=AT))


def test_nothing_invisible_gets_in(templates: Path) -> None:
    _letter(templates)
    said = pdf_text(render("letter", _data("paid \u202e55.402,1\u202c to\u0000 A\u200bB \ud800 \ue000"), at=AT))
    assert "paid 55.402,1 to AB □ □" in said


def test_a_long_word_stays_on_the_paper(templates: Path) -> None:
    _letter(templates, "#facts((([Name], data.words),))")
    document = render("letter", _data("W" * 400, title="M" * 90), at=AT)
    assert pdf_text(document).replace(" ", "").count("W" * 400) == 1
    assert len(PdfReader(io.BytesIO(document)).pages) == 1


def test_a_picture_comes_as_bytes_and_under_a_plain_name_only(templates: Path) -> None:
    _letter(templates)
    logo = io.BytesIO()
    Image.new("RGBA", (400, 100), (19, 79, 120, 128)).save(logo, "PNG")
    data = _data(letterhead={**LETTERHEAD, "logo": "logo.png"})
    document = render("letter", data, at=AT, files={"logo.png": logo.getvalue()})
    assert len(PdfReader(io.BytesIO(document)).pages[0].images) == 1
    with pytest.raises(CannotRender, match="no name for a picture"):
        render("letter", data, at=AT, files={"../logo.png": logo.getvalue()})


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ('#read("/etc/passwd")', "not found"),
        ('#read("../../etc/passwd")', "failed to load|outside|escape|not found"),
        ('#import "@preview/cetz:0.3.0": *', "127.0.0.1|refused"),
        ("#nothing", "unknown variable"),
    ],
)
def test_a_template_reads_no_file_and_fetches_no_package(templates: Path, source: str, reason: str) -> None:
    _letter(templates, source)
    with pytest.raises(CannotRender, match=reason):
        render("letter", _data(), at=AT)


def test_the_press_is_stopped_in_time(templates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "SECONDS", 1)
    _letter(templates, "#let n = 0\n#for i in range(30000) { for j in range(30000) { n += 1 } }")
    with pytest.raises(CannotRender, match="1 seconds"):
        render("letter", _data(), at=AT)


def test_the_press_has_a_limit_of_memory(templates: Path) -> None:
    _letter(templates, "#range(200000000).len()")
    with pytest.raises(CannotRender):
        render("letter", _data(), at=AT)


def test_too_much_is_refused_with_a_sentence(templates: Path) -> None:
    _letter(templates)
    with pytest.raises(TooLong, match="too long for one document"):
        render("letter", _data("x" * (pdf.LARGEST_DATA + 1)), at=AT)


@pytest.mark.parametrize("wrong", [1.5, AT, b"x", object()])
def test_only_what_json_can_carry_exactly_is_taken(templates: Path, wrong: Any) -> None:
    _letter(templates)
    with pytest.raises(CannotRender, match="make it a text first"):
        render("letter", _data(wrong), at=AT)


def test_an_unknown_template_is_our_fault() -> None:
    with pytest.raises(CannotRender, match="no template"):
        render("nothing", {}, at=AT)


@pytest.mark.parametrize("path", sorted(pdf.TEMPLATES.glob("*.typ")), ids=lambda path: path.name)
def test_our_templates_import_no_packages_and_evaluate_no_data(path: Path) -> None:
    assert not re.search(r'"@|\beval\(|\bplugin\(|\bread\(', path.read_text())
