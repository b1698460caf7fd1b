"""The one way out: every request that Elinkages sends to somebody else's server.

An address is read strictly, its name is resolved once, every answer must be a public address, and the connection goes
to the address that was checked, while TLS and the Host header keep the name. Redirects are answers, not instructions.
Bodies and time are capped. Nothing is sent while a unit of work is open: a transaction must not wait for a stranger.
"""

import json as json_module
import logging
import re
import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx
from django.db import connections

from elinkages.kernel import tenancy
from elinkages.kernel.addresses import OutboundError, Target, TookTooLong, TooLarge, Unreachable, check

logger = logging.getLogger(__name__)
logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs whole addresses, and with them what we hide

SECONDS = 10.0
LARGEST_BODY = 1_048_576
HIDDEN = "[hidden]"


class NetworkInTransaction(RuntimeError):
    """A request was made inside a unit of work: end it first, then call, then open the next one."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said, whatever its status; names of headers in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_success(self) -> bool:
        """2xx."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """The body as JSON; raises ValueError when it is none."""
        return json_module.loads(self.body)


def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    json: Any = None,
    seconds: float = SECONDS,
    largest: int = LARGEST_BODY,
    hide: Iterable[str] = (),
) -> Answer:
    """Send one request and read the whole answer, in `seconds` and at most `largest` bytes.

    `hide`: secrets that must not be in a log or an error, wherever they are in the address. Raises NetworkInTransaction
    and the OutboundErrors. A redirect is returned as the answer that it is.
    """
    _refuse_inside_a_transaction()
    deadline = time.monotonic() + seconds
    started = time.monotonic()
    shown = redact(url, hide)
    try:
        target = check(url, seconds=seconds)
        answer = _exchange(method, target, dict(headers or {}), _payload(body, json), deadline, largest)
    except OutboundError as problem:
        logger.warning("%s %s failed: %s", method, shown, redact(str(problem), hide))
        raise type(problem)(redact(str(problem), hide)) from None
    spent = (time.monotonic() - started) * 1000
    logger.info("%s %s gave %s, %s bytes in %.0f ms", method, shown, answer.status, len(answer.body), spent)
    return answer


def redact(text: str, hide: Iterable[str] = ()) -> str:
    """A text for logs: known secrets, passwords in addresses and everything after a question mark are hidden."""
    for secret in hide:
        if secret:
            text = text.replace(secret, HIDDEN)
    text = re.sub(r"//[^/@\s]*@", f"//{HIDDEN}@", text)
    return re.sub(r"\?[^\s]*", f"?{HIDDEN}", text)


def _refuse_inside_a_transaction() -> None:
    open_blocks = [
        block
        for connection in connections.all(initialized_only=True)
        for block in connection.atomic_blocks
        if not getattr(block, "_from_testcase", False)
    ]
    if tenancy.active() or open_blocks:
        raise NetworkInTransaction("Commit first: intend, call, record are three steps.")


def _payload(body: bytes, json: Any) -> tuple[bytes, str]:
    if json is None:
        return body, ""
    return json_module.dumps(json, separators=(",", ":")).encode(), "application/json"


def _exchange(
    method: str,
    target: Target,
    headers: dict[str, str],
    payload: tuple[bytes, str],
    deadline: float,
    largest: int,
) -> Answer:
    body, content_type = payload
    if content_type:
        headers.setdefault("Content-Type", content_type)
    headers.setdefault("User-Agent", "Elinkages/1.0")
    headers.setdefault("Accept-Encoding", "identity")
    transport = _Transport(_Pinned(target, deadline))
    try:
        with (
            httpx.Client(transport=transport, trust_env=False, follow_redirects=False) as client,
            client.stream(method, target.url, headers=headers, content=body or None) as response,
        ):
            answered = b"".join(_capped(response.iter_raw(), deadline, largest))
            return Answer(response.status_code, {k.lower(): v for k, v in response.headers.items()}, answered)
    except httpcore.TimeoutException as problem:
        raise TookTooLong(f"{target.host} did not answer in time.") from problem
    except ssl.SSLError as problem:
        raise Unreachable(f"{target.host} has no valid certificate.") from problem
    except (httpcore.NetworkError, httpcore.ProtocolError, httpx.HTTPError, OSError) as problem:
        raise Unreachable(f"{target.host} cannot be reached.") from problem


def _capped(chunks: Iterable[bytes], deadline: float, largest: int) -> Iterable[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > largest:
            raise TooLarge(f"The answer is larger than {largest:,} bytes.")
        if time.monotonic() > deadline:
            raise TookTooLong("The answer did not end in time.")
        yield chunk


class _Transport(httpx.BaseTransport):
    """httpx over a connection pool whose connections go where we say."""

    def __init__(self, backend: "httpcore.NetworkBackend") -> None:
        self.pool = httpcore.ConnectionPool(network_backend=backend, ssl_context=ssl.create_default_context())

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One exchange."""
        url = request.url
        answer = self.pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
            )
        )
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer))

    def close(self) -> None:
        """Close every connection."""
        self.pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self.answer = answer

    def __iter__(self) -> Any:
        return iter(self.answer.iter_stream())

    def close(self) -> None:
        self.answer.close()


class _Pinned(httpcore.SyncBackend):
    """Connects to the addresses that were checked, whatever the name leads to by now, until the deadline."""

    def __init__(self, target: Target, deadline: float) -> None:
        super().__init__()
        self.target = target
        self.deadline = deadline

    def connect_tcp(self, host: str, port: int, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
        """The first checked address that answers."""
        problem: Exception = httpcore.ConnectError("No address.")
        for address in self.target.addresses:
            try:
                stream = super().connect_tcp(str(address), self.target.port, timeout=_left(self.deadline))
            except httpcore.ConnectError as refused:
                problem = refused
                continue
            return _Hurried(stream, self.deadline)
        raise problem


class _Hurried(httpcore.NetworkStream):
    """A stream on which nothing may take longer than what is left, not even one byte at a time."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self.stream = stream
        self.deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read within the time that is left."""
        return self.stream.read(max_bytes, timeout=_left(self.deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write within the time that is left."""
        self.stream.write(buffer, timeout=_left(self.deadline))

    def close(self) -> None:
        """Close it."""
        self.stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Shake hands within the time that is left."""
        secured = self.stream.start_tls(ssl_context, server_hostname, timeout=_left(self.deadline))
        return _Hurried(secured, self.deadline)

    def get_extra_info(self, info: str) -> Any:
        """Whatever the stream beneath knows."""
        return self.stream.get_extra_info(info)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("Out of time.")
    return left
