"""Which addresses of the internet we call: read strictly, resolved once, public without exception."""

import ipaddress
import re
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as ResolverTooSlow
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from django.conf import settings

PORTS = {"https": 443, "http": 80}
_HOST = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*", re.ASCII)
# Ways to write or wrap a private address that Python's flags call public.
_CLOSED = [
    ipaddress.ip_network(text)
    for text in (
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2002::/16",
        "2001::/32",
        "100::/64",
        "fec0::/10",
        "::/96",
        "192.0.0.0/24",
        "192.88.99.0/24",
    )
]

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class OutboundError(Exception):
    """A request that has no answer. The message is fit for the person who gave the address."""


class BadAddress(OutboundError):
    """The address is not one that we ever call."""


class Unreachable(OutboundError):
    """The name is unknown, nobody answers, or TLS fails."""


class TookTooLong(OutboundError):
    """The answer was not complete in time."""


class TooLarge(OutboundError):
    """The answer is larger than allowed."""


@dataclass(frozen=True, slots=True)
class Target:
    """A checked address: the URL with its name, and where that name leads now."""

    url: str
    host: str
    port: int
    addresses: Sequence[Address] = field(default_factory=tuple)


def check(url: str, *, seconds: float = 10.0) -> Target:
    """Read an address and resolve its name; a form does it before an address is kept.

    Raises BadAddress, Unreachable, TookTooLong.
    """
    scheme, host, port = _read(url)
    addresses = _resolve(host, port, seconds)
    if _loopback_allowed() and all(address.is_loopback for address in addresses):
        return Target(url, host, port, addresses)
    if scheme != "https":
        raise BadAddress("Use an address that begins with https://.")
    if port != PORTS["https"]:
        raise BadAddress(f"Port {port} is not allowed; leave the port out.")
    if not all(is_public(address) for address in addresses):
        raise BadAddress(f"{host} leads to an address that is not public.")
    return Target(url, host, port, addresses)


def is_public(address: Address) -> bool:
    """Whether an address is one of the open internet, also behind the disguises of IPv6."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return is_public(address.ipv4_mapped)
    closed = address.is_multicast or address.is_reserved or address.is_unspecified or address.is_link_local
    in_a_closed_net = any(address.version == net.version and address in net for net in _CLOSED)
    return address.is_global and not closed and not in_a_closed_net


def _loopback_allowed() -> bool:
    return bool(settings.HTTP_ALLOW_LOOPBACK)


def _read(url: str) -> tuple[str, str, int]:
    """(scheme, host, port) of an address in its one plain form."""
    if not url.isascii() or not url.isprintable() or set(url) & set(' \\"<>^`{|}') or len(url) > 2_000:
        raise BadAddress("The address has characters that do not belong in one.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as problem:
        raise BadAddress("The address cannot be read.") from problem
    if parts.scheme not in PORTS or not url.startswith(f"{parts.scheme}://"):
        raise BadAddress("Use an address that begins with https://.")
    if "@" in parts.netloc:
        raise BadAddress("Leave name and password out of the address.")
    host = (parts.hostname or "").lower()
    if not (_HOST.fullmatch(host) or _is_bracketed(parts.netloc, host)):
        raise BadAddress("The address has no valid host name.")
    return parts.scheme, host, PORTS[parts.scheme] if port is None else port


def _is_bracketed(netloc: str, host: str) -> bool:
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return netloc.startswith("[") and "%" not in host


def _resolve(host: str, port: int, seconds: float) -> Sequence[Address]:
    """Every address of a name. The system's resolver has no time limit of its own, so it works in a thread."""
    pool = ThreadPoolExecutor(1)
    try:
        found = pool.submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM).result(timeout=seconds)
    except ResolverTooSlow as problem:
        raise TookTooLong(f"{host} could not be looked up in time.") from problem
    except (OSError, UnicodeError) as problem:
        raise Unreachable(f"There is no server named {host}.") from problem
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
