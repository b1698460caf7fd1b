"""Roles, action by action: what the table of rights says is what the pages offer and what the doors let through."""

import re
from collections.abc import Iterator
from html import unescape

import pytest
from django.test import Client
from django.urls import Resolver404, resolve

from elinkages.accounts import doors
from elinkages.accounts.rights import RIGHTS, Role
from tests import walk
from tests.walk import Address
from tests.world import House, World

pytestmark = pytest.mark.django_db

EVERYBODYS = re.compile(r"dashboard:(team-leave|ownership-\w+|[\w-]+-view-new)$")
"""What may be sent with the right to look: about oneself only, such as one's own saved views."""


@pytest.fixture
def acme(cast: World) -> House:
    return cast.acme


def _offered(html: str) -> Iterator[str]:
    """Where a page's links lead and its forms are sent, inside the dashboard."""
    body = html.partition("<main")[2]
    for path in re.findall(r'<(?:a|form)\b[^>]*?\b(?:href|action)="(/[^"]*)"', body):
        yield unescape(path).partition("?")[0].partition("#")[0]


def _right(house: House, path: str) -> str | None:
    prefix = f"/{house.msp.slug}"
    if not path.startswith(f"{prefix}/"):
        return None
    try:
        return getattr(resolve(path.removeprefix(prefix), urlconf=doors.URLCONFS["dashboard"]).func, "right", None)
    except Resolver404:
        return None


def test_a_right_is_somebodys_and_every_address_asks_for_one() -> None:
    used = {address.right for address in walk.addresses("dashboard")}
    assert used <= set(RIGHTS)
    assert all(RIGHTS.values())


@pytest.mark.parametrize("role", [Role.MANAGER, Role.FINANCE, Role.READ_ONLY])
def test_no_page_offers_what_its_reader_may_not_do(acme: House, role: str) -> None:
    client = walk.client_of(acme.members[role].user)
    found = []
    for address in walk.addresses("dashboard"):
        if address.right is None or role not in RIGHTS[address.right]:
            continue
        answer = client.get(address.url(acme, acme.ids, "dashboard"))
        if answer.status_code != 200 or "html" not in answer.headers["Content-Type"]:
            continue
        for path in set(_offered(answer.content.decode())):
            right = _right(acme, path)
            if right is not None and role not in RIGHTS[right]:
                found.append(f"{address.name} offers {path} ({right}) to {role}")
    assert found == []


def test_who_may_only_look_changes_nothing_whatever_they_send(acme: House) -> None:
    client = walk.client_of(acme.members[Role.READ_ONLY].user)
    before, names = walk.fingerprint(acme), []
    for address in walk.addresses("dashboard"):
        status = _sent(client, acme, address)
        if address.right != "view":
            assert status == 403, address.name
        elif status < 400:
            names.append(address.name)
    after = walk.fingerprint(acme)
    assert after == before, f"One of {names} changed something."


def _sent(client: Client, house: House, address: Address) -> int:
    if address.right == "view" and EVERYBODYS.match(address.name):
        return 400
    return int(client.post(address.url(house, house.ids, "dashboard"), {"name": "X", "q": "x"}).status_code)
