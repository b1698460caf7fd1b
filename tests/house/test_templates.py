"""Every template keeps to the house: nothing inline, words of the business, forms that are safe to send."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.template import TemplateDoesNotExist, engines
from lucide import IconDoesNotExist

from elinkages.kernel.icons import icon_html

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
EVERY = sorted(path for path in TEMPLATES.rglob("*") if path.suffix in {".html", ".txt"})
PAGES = [path for path in EVERY if path.suffix == ".html"]
# E-mail programs read no style sheet, so these alone carry their own plain colors.
MAILS = [path for path in PAGES if path.is_relative_to(TEMPLATES / "emails") or path.parent.name == "email"]
SCREENS = [path for path in PAGES if path not in MAILS]
SHEETS = TEMPLATES.parent / "elinkages" / "static" / "css"
STYLED = {name for sheet in SHEETS.glob("*.css") for name in re.findall(r"\.([a-zA-Z][\w-]*)", sheet.read_text())}
NEVER = re.compile(r"\blead gen|\baffiliate|\bfunnel|\butili[sz]e|\bplease note|\bprogramme\b|\bcentre\b", re.I)


def _name(path: Path) -> str:
    return str(path.relative_to(TEMPLATES))


def _forms(text: str) -> Iterator[str]:
    for form in re.findall(r"<form\b.*?</form>", text, flags=re.S):
        if re.search(r'method="post"', form.split(">", 1)[0]):
            yield form


@pytest.mark.parametrize("path", EVERY, ids=_name)
def test_a_template_can_be_read_by_the_engine(path: Path) -> None:
    try:
        engines["django"].get_template(_name(path))
    except TemplateDoesNotExist as missing:
        pytest.fail(f"{_name(path)} needs {missing}")


@pytest.mark.parametrize("path", SCREENS, ids=_name)
def test_a_form_says_what_is_wrong_in_our_words_and_not_in_the_browsers(path: Path) -> None:
    for form in _forms(path.read_text()):
        if "{% field " in form:
            assert "novalidate" in form.split("{% field ", 1)[0], form[:120]


@pytest.mark.parametrize("path", SCREENS, ids=_name)
def test_a_page_has_no_inline_style_script_or_handler(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"<style\b|\sstyle=|\son[a-z]+=|\bhx-on|javascript:", text)
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert "|safe" not in text
    assert "mark_safe" not in text
    assert "autoescape off" not in text


@pytest.mark.parametrize("path", PAGES, ids=_name)
def test_every_form_that_is_posted_carries_the_token(path: Path) -> None:
    for form in _forms(path.read_text()):
        assert "{% csrf_token %}" in form


@pytest.mark.parametrize(
    "path", [path for path in SCREENS if path.parts[len(TEMPLATES.parts)] in {"dashboard", "portal"}], ids=_name
)
def test_every_form_behind_a_door_has_one_effect_when_it_is_sent_twice(path: Path) -> None:
    for form in _forms(path.read_text()):
        assert "{% once %}" in form or "account_logout" in form


@pytest.mark.parametrize("path", PAGES, ids=_name)
def test_every_icon_exists(path: Path) -> None:
    for name in re.findall(r'\{% (?:icon|empty) "([^"]+)"', path.read_text()):
        try:
            icon_html(name)
        except IconDoesNotExist:
            pytest.fail(f"{_name(path)} asks for the icon {name}, which the set does not have.")


@pytest.mark.parametrize("path", SCREENS, ids=_name)
def test_every_image_says_what_it_shows(path: Path) -> None:
    for image in re.findall(r"<img\b[^>]*>", path.read_text()):
        assert " alt=" in image


@pytest.mark.parametrize("path", EVERY, ids=_name)
def test_the_words_are_those_of_the_business_in_american_english(path: Path) -> None:
    prose = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|<[^>]*>", " ", path.read_text(), flags=re.S)
    assert NEVER.findall(prose) == []


@pytest.mark.parametrize("path", [path for path in SCREENS if "admin" not in path.parts], ids=_name)
def test_every_class_has_a_style(path: Path) -> None:
    plain = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", " ", path.read_text(), flags=re.S)
    used = {name for names in re.findall(r'\sclass="([^"]*)"', plain) for name in names.split()}
    # What a tag or a variable completes (`source-{{ … }}`) is not a whole name; neutral is how a badge looks anyway.
    assert {name for name in used if not name.endswith("-")} <= STYLED | {"neutral"}


INCLUDED = {name for path in PAGES for name in re.findall(r'\{% include "([^"]+)"', path.read_text())}


@pytest.mark.parametrize("path", SCREENS, ids=_name)
def test_a_page_stands_in_one_of_the_layouts(path: Path) -> None:
    if path.parts[len(TEMPLATES.parts)] in {"dashboard", "portal", "account", "public"} and _name(path) not in INCLUDED:
        assert re.match(r"\{% extends ", path.read_text())
