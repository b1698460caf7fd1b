"""What a person reads of an answer: a page, a field that they do not see, a document."""

import io
import re

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
