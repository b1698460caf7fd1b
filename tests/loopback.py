"""The internet, as far as a check of a portal's host name needs it, on this machine's own loopback address.

What asks is the product's own client (`elinkages.kernel.http`), over real sockets and real TLS. Only where names lead
is arranged: there is no name server here that would say so, and port 443 is not ours to open.
"""

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HTTPS = 443


class Server(ThreadingHTTPServer):
    """Answers every GET with what it was told to, and remembers what it was asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.body = 404, b""
        self.asked: list[str] = []

    def says(self, body: str, status: int = 200) -> None:
        """From now on."""
        self.status, self.body = status, body.encode()

    def handle_error(self, *_: Any) -> None:
        """Quiet: a client that trusts nobody hangs up."""


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


class Internet:
    """A resolver that is asked over HTTP, and one name with a certificate whose server can be switched off."""

    def __init__(self, name: str, certificate: Path) -> None:
        self.name = name
        self.resolver, self.site = Server(), Server()
        self.is_site_up = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.site.socket = context.wrap_socket(self.site.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def resolver_url(self) -> str:
        """Where DNS is asked over HTTP."""
        return f"http://127.0.0.1:{self.resolver.server_port}/dns-query"

    def has_txt(self, *texts: str) -> None:
        """Let the resolver find these TXT records, and beside them an alias that is none."""
        records = [{"type": 16, "data": f'"{text}"'} for text in texts] + [{"type": 5, "data": "x."}]
        self.resolver.says(json.dumps({"Status": 0, "Answer": records}))


@contextmanager
def internet(name: str, folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Internet]:
    """Let `name` lead to a server here, which has a certificate that this process trusts."""
    certificate = _certificate(name, folder / "certificate.pem")
    made = Internet(name, certificate)
    patch.setenv("SSL_CERT_FILE", str(certificate))
    _lead(name, made, patch)
    threads = [threading.Thread(target=server.serve_forever, args=[0.05]) for server in (made.resolver, made.site)]
    for thread in threads:
        thread.start()
    try:
        yield made
    finally:
        for server, thread in zip((made.resolver, made.site), threads, strict=True):
            server.shutdown()
            server.server_close()
            thread.join()


def _lead(name: str, there: Internet, patch: pytest.MonkeyPatch) -> None:
    lookup, connect = socket.getaddrinfo, socket.create_connection

    def getaddrinfo(host: Any, *rest: Any, **more: Any) -> Any:
        return lookup("127.0.0.1" if host == name else host, *rest, **more)

    def create_connection(address: tuple[str, int], *rest: Any, **more: Any) -> Any:
        if address[1] != HTTPS:
            return connect(address, *rest, **more)
        if not there.is_site_up:
            raise ConnectionRefusedError(f"Nobody listens for {name}.")
        return connect(("127.0.0.1", there.site.server_port), *rest, **more)

    patch.setattr(socket, "getaddrinfo", getaddrinfo)
    patch.setattr(socket, "create_connection", create_connection)


def _certificate(name: str, file: Path) -> Path:
    """A certificate of a name, signed by itself, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + built.public_bytes(serialization.Encoding.PEM))
    return file
