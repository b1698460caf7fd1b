"""Whatever is typed into any field of any form of any page is answered in words, and never a fault of ours."""

from collections.abc import Iterator
from itertools import cycle

import pytest
from django.db import transaction
from django.test import Client

from elinkages.accounts.rights import Role
from tests import walk
from tests.reading import Form, forms
from tests.world import World

pytestmark = pytest.mark.django_db

NONSENSE: tuple[str | bytes, ...] = (
    "a NUL \0 within",
    b"half a character \xed\xa0",
    "²",
    "9" * 400,
    "NaN",
    "-1e999",
    "00000000-0000-0000-0000-000000000000",
    "2026-02-30",
    "0001-01-01",
    "\"'><script>&%s{0}{{",
    "\U0001f984" * 3000,
    " \u200b\u2028\t",
    "",
)
"""Coprime with most numbers of fields, so that a field meets another one on each page that it is on."""


@pytest.mark.parametrize("door", ["dashboard", "portal"])
def test_nonsense_in_any_field_is_never_a_fault_of_ours(cast: World, door: str) -> None:
    acme = cast.acme
    person, ids = (acme.members[Role.OWNER].user, acme.ids) if door == "dashboard" else (cast.petra, acme.portal_ids)
    client, typed, sent = walk.client_of(person), cycle(NONSENSE), 0
    for url, form in _forms(client, [address.url(acme, ids, door) for address in walk.addresses(door)]):
        for name in form.fields:
            given = {**form.values, name: next(typed)}
            before = transaction.savepoint_create()
            status = client.post(form.action or url, given).status_code
            transaction.savepoint_rollback(before)
            assert status < 500, f"{given[name]!r} as {name} at {form.action or url}"
            sent += 1
    assert sent > {"dashboard": 500, "portal": 25}[door]


def _forms(client: Client, urls: list[str]) -> Iterator[tuple[str, Form]]:
    """Each form that the pages send to a page of the MSP, once."""
    seen = set()
    for url in urls:
        page = client.get(url)
        if page.status_code != 200 or "html" not in page.headers["Content-Type"]:
            continue
        for form in forms(page.content.decode()):
            key = (form.action or url, tuple(form.fields))
            if form.method == "post" and key not in seen and not form.action.startswith("/accounts/"):
                seen.add(key)
                yield url, form
