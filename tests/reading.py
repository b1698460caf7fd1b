"""What a person reads of an answer: a page, a field that they do not see, a document."""

import io
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from django.test import Client
from pypdf import PdfReader


def read(client: Client, url: str, status: int = 200) -> str:
    """The page at an address."""
    answer = client.get(url)
    assert answer.status_code == status, f"{url} gave {answer.status_code}"
    return answer.content.decode()


def hidden(html: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    assert found, name
    return found[1]


def pdf_text(document: bytes) -> str:
    """The words of a PDF, on one line."""
    text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(document)).pages)
    return " ".join(text.split())


@dataclass
class Form:
    """A form of a page: where it is sent, the names of its fields, and what they hold when nothing is touched."""

    action: str
    method: str
    fields: list[str] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    """Collects the forms of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a form, a field of it, or what is chosen in a select."""
        given = {name: value or "" for name, value in attrs}
        name, value, kind = given.get("name", ""), given.get("value", ""), given.get("type", "text")
        if tag == "form":
            self.found.append(Form(given.get("action", ""), given.get("method", "get").lower()))
        elif tag == "option" and "selected" in given and self._select:
            self.found[-1].values[self._select] = value
        elif tag in ("input", "select", "textarea", "button") and name and self.found:
            form = self.found[-1]
            form.fields += [name] if name not in form.fields else []
            self._select = name if tag == "select" else ""
            if tag == "input" and (kind not in ("checkbox", "radio", "submit") or "checked" in given):
                form.values[name] = value


def forms(html: str) -> list[Form]:
    """The forms of a page, in their order."""
    parser = _Forms()
    parser.feed(html)
    return parser.found
