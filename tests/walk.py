"""The walk over every address as every kind of visitor: it yields what is wrong (tests/house/test_urls.py)."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from uuid import UUID

from django.apps import apps
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from elinkages.accounts import doors
from elinkages.accounts.models import User
from elinkages.kernel import tenancy
from elinkages.kernel.tenancy import TenantModel
from tests.world import House

METHODS = ("get", "head", "post", "put", "patch", "delete", "options")
SAFE = ("get", "head", "options")


QUERIES = {"dashboard:hold-new": "?partner={partner_id}", "dashboard:plan-preview": "?reward=percent"}
"""What pages are asked for that make no sense without."""


class Address(NamedTuple):
    """A named pattern of one door's URLconf, the arguments that it takes, and the right that its view asks for."""

    name: str
    arguments: tuple[str, ...]
    right: str | None

    def url(self, house: House, ids: dict[str, UUID], door: str) -> str:
        """The path at a house; KeyError for an argument that tests/world.py has no sample of."""
        kwargs = {argument: _sample(self.name, argument, ids) for argument in self.arguments}
        prefix = {"dashboard": f"/{house.msp.slug}/", "portal": f"/p/{house.msp.slug}/"}[door]
        with doors._prefix(prefix):
            path = reverse(self.name, urlconf=doors.URLCONFS[door], kwargs=kwargs)
        return f"{path}{QUERIES.get(self.name, '').format(**ids)}"


def _sample(name: str, argument: str, ids: dict[str, UUID]) -> UUID:
    if argument in ids:
        return ids[argument]
    family = name.partition(":")[2].split("-")
    return ids[f"{'-'.join(family[:2])}:{argument}"]


def addresses(door: str) -> list[Address]:
    """Every named address of a door, from its URLconf."""
    return list(_walk(get_resolver(doors.URLCONFS[door]).url_patterns, ""))


def _walk(patterns: Sequence[URLPattern | URLResolver], namespace: str) -> Iterator[Address]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            prefix = f"{pattern.namespace}:" if pattern.namespace else ""
            yield from _walk(pattern.url_patterns, namespace + prefix)
        else:
            assert pattern.name, f"An address without a name: {pattern}"
            right = getattr(pattern.callback, "right", None)
            yield Address(namespace + pattern.name, tuple(pattern.pattern.converters), right)


def client_of(user: User | None) -> Client:
    """A browser, logged in as someone; a crash is an answer of 500."""
    client = Client(raise_request_exception=False)
    if user is not None:
        client.force_login(user)
    return client


def body(response: HttpResponse) -> bytes:
    """All that was sent, headers too."""
    content = b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]
    return bytes(content) + repr(sorted(response.headers.items())).encode()


def fingerprint(house: House) -> str:
    """A hash of every row that belongs to the MSP."""
    total = hashlib.sha256()
    with tenancy.use(house.msp.pk), connection.cursor() as cursor:
        for table in _tables():
            cursor.execute(f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY id), '')) FROM {table} t")
            total.update(cursor.fetchone()[0].encode())
    return total.hexdigest()


def written() -> int:
    """How many rows of any MSP this test's transaction has written so far."""
    counted = "coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_xact_user_tables"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {counted} WHERE relname = ANY(%s)", [_tables()])
        return int(cursor.fetchone()[0])


def _tables() -> list[str]:
    return sorted(model._meta.db_table for model in apps.get_models() if issubclass(model, TenantModel))


def signed_out(door: str, house: House, ids: dict[str, UUID], names: Sequence[Address]) -> Iterator[str]:
    """Nobody: to the login and nowhere else."""
    client = client_of(None)
    for address in names:
        for method in ("get", "post"):
            response = getattr(client, method)(address.url(house, ids, door))
            target = response.headers.get("Location", "")
            if response.status_code != 302 or not target.startswith("/accounts/login/"):
                yield f"{address.name}: {method} signed out gave {response.status_code} {target}"


def outsiders(
    door: str, house: House, ids: dict[str, UUID], names: Sequence[Address], people: Sequence[User]
) -> Iterator[str]:
    """People who do not belong here: 404, whatever they send, and nothing changed."""
    before = fingerprint(house)
    for user in people:
        client = client_of(user)
        for address in names:
            for method in ("get", "post", "delete"):
                status = getattr(client, method)(address.url(house, ids, door)).status_code
                if status != 404:
                    yield f"{address.name}: {method} by {user} gave {status}"
    if fingerprint(house) != before:
        yield f"someone from outside changed {house.msp}"


def foreign_ids(
    door: str, house: House, rival: House, ids: dict[str, UUID], names: Sequence[Address], person: User
) -> Iterator[str]:
    """My own address with another's ids: never a success, never a byte of theirs, nothing of theirs changed."""
    before, client = fingerprint(rival), client_of(person)
    for address in names:
        for method in METHODS:
            response = getattr(client, method)(address.url(house, ids, door), query_params={"q": rival.canary})
            if address.arguments and method != "options" and response.status_code not in (403, 404, 405):
                yield f"{address.name}: {method} with a foreign id gave {response.status_code}"
            if response.status_code >= 500:
                yield f"{address.name}: {method} crashed"
            if rival.canary.encode() in body(response).replace(f"q={rival.canary}".encode(), b"").replace(
                f'value="{rival.canary}"'.encode(), b""
            ):
                yield f"{address.name}: {method} shows {rival.canary}"
    if fingerprint(rival) != before:
        yield f"{rival.msp} was changed from {house.msp}"


def own_pages(door: str, house: House, ids: dict[str, UUID], names: Sequence[Address], person: User) -> Iterator[str]:
    """The right person: a page (or 405 for what is only sent), and reading writes nothing."""
    client = client_of(person)
    for address in names:
        before = written()
        for method in SAFE:
            status = getattr(client, method)(address.url(house, ids, door)).status_code
            if status not in (200, 405) and not (status in (302, 303) and method != "options"):
                yield f"{address.name}: {method} by {person} gave {status}"
        if written() != before:
            yield f"{address.name}: reading it wrote something"


def roles(house: House, names: Sequence[Address], right_table: dict[str, frozenset[str]]) -> Iterator[str]:
    """Of the MSP's own people, exactly those with the right get through; the others read why not."""
    clients = {role: client_of(member.user) for role, member in house.members.items()}
    for address in names:
        if address.right is None:
            yield f"{address.name}: its view asks for no right"
            continue
        for role, client in clients.items():
            if role in right_table[address.right]:
                continue
            for method in ("get", "post"):
                status = getattr(client, method)(address.url(house, house.ids, "dashboard")).status_code
                if status != 403:
                    yield f"{address.name}: {method} as {role} gave {status}"
