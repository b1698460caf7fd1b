"""The one way out: where it goes, where it does not, and when it gives up."""

import ipaddress
import logging
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from django.db import transaction
from pytest_django.fixtures import Settings

from elinkages.kernel import addresses, http, tenancy
from elinkages.kernel.addresses import BadAddress, OutboundError, TookTooLong, TooLarge, Unreachable
from elinkages.kernel.http import NetworkInTransaction
from tests import builders

PUBLIC = "93.184.216.34"


def _names(monkeypatch: pytest.MonkeyPatch, *found: str) -> list[str]:
    """Let every name lead to these addresses; returns the list of names that were asked for."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def getaddrinfo(host: str, port: int, *rest: Any, **more: Any) -> list[Any]:
        if rest:  # a socket that connects to a number
            return real(host, port, *rest, **more)
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


# --- addresses


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "//example.com/",
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "javascript:alert(1)",
        "HTTPS://example.com/",
        "https:/example.com/",
        "https:///example.com/",
        "https://user@example.com/",
        "https://user:pass@example.com/",
        "https://example.com@127.0.0.1/",
        "https://example.com\\@127.0.0.1/",
        "https://example.com:22/",
        "https://example.com:8443/",
        "https://example.com:99999/",
        "https://example.com:x/",
        "https://exa mple.com/",
        "https://example.com/\n",
        "https://example.com/\r\nHost: internal",
        "https://example.com/\x00",
        "https://exämple.com/",
        "https://-example.com/",
        "https://example..com/",
        "https://.example.com/",
        "https://[::1/",
        "https://[fe80::1%25eth0]/",
        "https://[example.com]/",
        "https://ex%61mple.com/",
        "https://" + "a" * 64 + ".com/",
        "https://example.com/" + "a" * 2000,
    ],
)
def test_an_address_that_is_not_plain_is_refused_before_any_lookup(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _names(monkeypatch, PUBLIC)
    with pytest.raises(BadAddress):
        addresses.check(url)
    assert url.startswith(("http://", "https://example.com:")) or asked == []


CLOSED = [
    "0.0.0.0",  # noqa: S104 (a test that it is refused)
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "203.0.113.5",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::a00:1",
    "100::1",
    "2001:db8::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2002:7f00:1::",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("address", CLOSED)
def test_an_address_that_is_not_public_is_never_called(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not addresses.is_public(ipaddress.ip_address(address))
    _names(monkeypatch, address)
    with pytest.raises(BadAddress, match="not public"):
        addresses.check("https://innocent.example/")
    _names(monkeypatch, PUBLIC, address)
    with pytest.raises(BadAddress, match="not public"):
        addresses.check("https://innocent.example/")


@pytest.mark.parametrize(
    "host", ["localhost", "2130706433", "0x7f.1", "127.1", "[::1]", "[::ffff:127.0.0.1]", "017700000001"]
)
def test_other_ways_to_write_our_own_machine_are_seen_through(host: str) -> None:
    with pytest.raises((BadAddress, Unreachable)):
        addresses.check(f"https://{host}/")


@pytest.mark.parametrize("address", [PUBLIC, "2606:2800:220:1:248:1893:25c8:1946"])
def test_a_public_address_is_fine(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _names(monkeypatch, address)
    target = addresses.check("https://api.example.com/v1?x=1")
    assert (target.host, target.port) == ("api.example.com", 443)
    assert [str(found) for found in target.addresses] == [address]


def test_an_unknown_name_and_a_slow_resolver_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Unreachable, match=r"no server named nobody\.example"):
        addresses.check("https://nobody.example/")
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(0.5))
    with pytest.raises(TookTooLong):
        addresses.check("https://slow.example/", seconds=0.05)


# --- exchanges, with a server on this machine


Handler = Callable[[socket.socket], None]


def _read(client: socket.socket) -> bytes:
    """One request with the body that it announces."""
    request = client.recv(65_536)
    head, _, body = request.partition(b"\r\n\r\n")
    announced = re.search(rb"Content-Length: (\d+)", head)
    while announced and len(body) < int(announced[1]):
        body += client.recv(65_536)
    return head + b"\r\n\r\n" + body


class Simulator:
    """A server that does what a test says with each connection."""

    def __init__(self) -> None:
        self.handler: Handler = lambda client: client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        self.requests: list[bytes] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with closing(client):
                self.requests.append(_read(client))
                try:
                    self.handler(client)
                except OSError:
                    continue

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(timeout=5)


@pytest.fixture
def simulator(settings: Settings) -> Iterator[Simulator]:
    settings.HTTP_ALLOW_LOOPBACK = True
    with closing(Simulator()) as server:
        yield server


def _saying(*parts: bytes, pause: float = 0) -> Handler:
    def say(client: socket.socket) -> None:
        for part in parts:
            client.sendall(part)
            time.sleep(pause)

    return say


def test_an_answer_is_read_whole_with_its_status_and_headers(simulator: Simulator) -> None:
    simulator.handler = _saying(b'HTTP/1.1 422 No\r\nX-Why: because\r\nContent-Length: 11\r\n\r\n{"error":1}')
    answer = http.request(
        "POST", f"{simulator.url}/v1/bills", json={"amount": 1}, headers={"Authorization": "Bearer k"}
    )
    assert (answer.status, answer.is_success, answer.headers["x-why"], answer.json()) == (
        422,
        False,
        "because",
        {"error": 1},
    )
    sent = simulator.requests[0]
    assert sent.startswith(b"POST /v1/bills HTTP/1.1\r\n")
    assert b"Authorization: Bearer k\r\n" in sent
    assert b"Content-Type: application/json\r\n" in sent
    assert sent.endswith(b'{"amount":1}')


def test_the_connection_goes_to_the_checked_address_while_the_host_stays_the_name(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = _names(monkeypatch, "127.0.0.1")
    port = simulator.url.rpartition(":")[2]
    assert http.request("GET", f"http://vendor.example:{port}/").body == b"hi"
    assert f"Host: vendor.example:{port}".encode() in simulator.requests[0]
    assert asked == ["vendor.example"], "a name that is asked for twice can lead to two places"


def test_a_redirect_is_an_answer_and_is_not_followed(simulator: Simulator) -> None:
    simulator.handler = _saying(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
    assert http.request("GET", simulator.url).status == 302
    assert len(simulator.requests) == 1


def test_a_body_that_is_too_large_is_not_read_to_its_end(simulator: Simulator) -> None:
    simulator.handler = _saying(b"HTTP/1.1 200 OK\r\n\r\n", *[b"x" * 10_000] * 100)
    with pytest.raises(TooLarge, match="50,000 bytes"):
        http.request("GET", simulator.url, largest=50_000)


@pytest.mark.parametrize(
    "parts",
    [
        [b"", b"", b"", b"", b"", b"", b"", b"", b""],
        [b"H", b"T", b"T", b"P", b"/", b"1", b".", b"1", b" "],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", *[b"x"] * 8],
    ],
    ids=["silence", "a drip of headers", "a drip of body"],
)
def test_a_server_cannot_hold_us_longer_than_we_said(simulator: Simulator, parts: list[bytes]) -> None:
    simulator.handler = _saying(*parts, pause=0.15)
    begun = time.monotonic()
    with pytest.raises(TookTooLong):
        http.request("GET", simulator.url, seconds=0.5)
    assert time.monotonic() - begun < 1.2


def test_nobody_there_and_nonsense_are_the_same_to_us(simulator: Simulator) -> None:
    simulator.handler = _saying(b"SSH-2.0-OpenSSH\r\n")
    with pytest.raises(Unreachable):
        http.request("GET", simulator.url)
    with closing(socket.create_server(("127.0.0.1", 0))) as spare:
        port = spare.getsockname()[1]
    with pytest.raises(Unreachable):
        http.request("GET", f"http://127.0.0.1:{port}/")


def test_loopback_is_closed_unless_a_setting_opens_it(simulator: Simulator, settings: Settings) -> None:
    settings.HTTP_ALLOW_LOOPBACK = False
    with pytest.raises(BadAddress):
        http.request("GET", simulator.url)
    assert simulator.requests == []


def test_secrets_are_in_neither_log_nor_error(simulator: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="elinkages"):
        http.request("GET", f"{simulator.url}/hooks/T0KEN?key=CANARY", hide=["T0KEN"])
        with pytest.raises(OutboundError) as refused:
            http.request("GET", "https://T0KEN@example.com/?key=CANARY", hide=["T0KEN"])
    told = caplog.text + str(refused.value)
    assert "T0KEN" not in told
    assert "CANARY" not in told
    assert "/hooks/[hidden]?[hidden] gave 200" in caplog.text


@pytest.mark.django_db
def test_nothing_is_sent_while_a_unit_of_work_or_a_transaction_is_open(simulator: Simulator) -> None:
    msp = builders.an_msp()
    with tenancy.use(msp.pk), pytest.raises(NetworkInTransaction):
        http.request("GET", simulator.url)
    with transaction.atomic(), pytest.raises(NetworkInTransaction):
        http.request("GET", simulator.url)
    assert simulator.requests == []
    assert http.request("GET", simulator.url).status == 200
