"""Every template keeps to the house: nothing inline, words of the business, forms that are safe to send.

Each test names every template that breaks its rule, so that one run shows all of them.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from django.template import TemplateDoesNotExist, engines
from lucide import IconDoesNotExist

from elinkages.kernel.icons import icon_html

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
EVERY = {
    str(path.relative_to(TEMPLATES)): path.read_text()
    for path in sorted(TEMPLATES.rglob("*"))
    if path.suffix in {".html", ".txt"}
}
"""The text of every template by its name."""
PAGES = {name: text for name, text in EVERY.items() if name.endswith(".html")}
# E-mail programs read no style sheet, so these alone carry their own plain colors.
SCREENS = {
    name: text for name, text in PAGES.items() if not name.startswith("emails/") and Path(name).parent.name != "email"
}
SHEETS = TEMPLATES.parent / "elinkages" / "static" / "css"
STYLED = {name for sheet in SHEETS.glob("*.css") for name in re.findall(r"\.([a-zA-Z][\w-]*)", sheet.read_text())}
NEVER = re.compile(r"\blead gen|\baffiliate|\bfunnel|\butili[sz]e|\bplease note|\bprogramme\b|\bcentre\b", re.I)
INLINE = re.compile(
    r"<style\b|\sstyle=|\son[a-z]+=|\bhx-on|javascript:|<script(?![^>]*\bsrc=)|\|safe|mark_safe|autoescape off"
)


def _forms(texts: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Every form that is posted, with the name of its template."""
    for name, text in texts.items():
        for form in re.findall(r"<form\b.*?</form>", text, flags=re.S):
            if 'method="post"' in form.split(">", 1)[0]:
                yield name, form


def _door(name: str) -> str:
    return name.partition("/")[0]


def test_there_are_templates_to_look_at() -> None:
    assert len(EVERY) > len(PAGES) > len(SCREENS) > 200
    assert len(list(_forms(SCREENS))) > 100


def test_a_template_can_be_read_by_the_engine() -> None:
    missing = []
    for name in EVERY:
        try:
            engines["django"].get_template(name)
        except TemplateDoesNotExist as problem:
            missing.append(f"{name} needs {problem}")
    assert missing == []


def test_a_form_says_what_is_wrong_in_our_words_and_not_in_the_browsers() -> None:
    with_fields = [(name, form.split("{% field ", 1)[0]) for name, form in _forms(SCREENS) if "{% field " in form]
    assert [name for name, head in with_fields if "novalidate" not in head] == []


def test_a_page_has_no_inline_style_script_or_handler() -> None:
    assert {name: found for name, text in SCREENS.items() if (found := INLINE.findall(text))} == {}


def test_every_form_that_is_posted_carries_the_token() -> None:
    assert [name for name, form in _forms(PAGES) if "{% csrf_token %}" not in form] == []


def test_every_form_behind_a_door_has_one_effect_when_it_is_sent_twice() -> None:
    behind = [(name, form) for name, form in _forms(SCREENS) if _door(name) in {"dashboard", "portal"}]
    assert [name for name, form in behind if "{% once %}" not in form and "account_logout" not in form] == []


def test_every_icon_exists() -> None:
    unknown = []
    for name, text in PAGES.items():
        for icon in re.findall(r'\{% (?:icon|empty) "([^"]+)"', text):
            try:
                icon_html(icon)
            except IconDoesNotExist:
                unknown.append(f"{name} asks for {icon}")
    assert unknown == []


def test_every_image_says_what_it_shows() -> None:
    images = [(name, image) for name, text in SCREENS.items() for image in re.findall(r"<img\b[^>]*>", text)]
    assert [name for name, image in images if " alt=" not in image] == []


def test_the_words_are_those_of_the_business_in_american_english() -> None:
    prose = {name: re.sub(r"\{%.*?%\}|\{\{.*?\}\}|<[^>]*>", " ", text, flags=re.S) for name, text in EVERY.items()}
    assert {name: found for name, text in prose.items() if (found := NEVER.findall(text))} == {}


def test_every_class_has_a_style() -> None:
    unstyled = {}
    for name, text in SCREENS.items():
        plain = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", " ", text, flags=re.S)
        used = {one for names in re.findall(r'\sclass="([^"]*)"', plain) for one in names.split()}
        # What a tag or a variable completes (`source-{{ … }}`) is not a whole name; a badge is neutral anyway.
        if _door(name) != "admin" and (left := {one for one in used if not one.endswith("-")} - STYLED - {"neutral"}):
            unstyled[name] = left
    assert unstyled == {}


def test_a_page_stands_in_one_of_the_layouts() -> None:
    included = {name for text in PAGES.values() for name in re.findall(r'\{% include "([^"]+)"', text)}
    pages = [name for name in SCREENS if _door(name) in {"dashboard", "portal", "account", "public"}]
    assert [name for name in pages if name not in included and not SCREENS[name].startswith("{% extends ")] == []
