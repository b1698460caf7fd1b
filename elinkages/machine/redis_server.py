"""A real Redis on a free port of this machine only, for the queue and the cache."""

import os
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from elinkages.machine import processes
from elinkages.machine.account import Account
from elinkages.machine.postgres import ServerFailed, last_lines
from elinkages.machine.processes import Running


@dataclass(frozen=True, slots=True)
class Redis:
    """Where one Redis lives, and how it is reached."""

    program: Path
    data: Path
    run_folder: Path
    log: Path
    account: Account
    password: str
    port: int

    @property
    def url(self) -> str:
        """REDIS_URL."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"


def start(server: Redis, *, durable: bool = True) -> "subprocess.Popen[bytes]":
    """Start the server. Durable keeps the queue over a restart (append-only file, nothing evicted)."""
    server.account.own(server.data)
    with server.log.open("ab") as log:
        process = processes.start(
            "redis",
            [server.program, "-"],
            run_folder=server.run_folder,
            environment={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
            output=log,
            folder=server.data,
            account=server.account,
            stdin=_configuration(server, durable=durable).encode(),
        )
    try:
        _wait_until_ready(server, process)
    except BaseException:
        stop(server, process)
        raise
    return process


def stop(server: Redis, process: Running) -> None:
    """Stop the server after it has written its file."""
    processes.stop(process)
    processes.forget("redis", server.run_folder)


def _configuration(server: Redis, *, durable: bool) -> str:
    return "\n".join(
        [
            "bind 127.0.0.1",
            "protected-mode yes",
            f"port {server.port}",
            f"requirepass {server.password}",
            "daemonize no",
            "loglevel warning",
            "maxmemory-policy noeviction",
            "databases 64",
            f'dir "{server.data}"',
            'save ""',
            f"appendonly {'yes' if durable else 'no'}",
            "",
        ]
    )


def _wait_until_ready(server: Redis, process: "subprocess.Popen[bytes]", seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", server.port), timeout=1) as connection:
            connection.sendall(f"AUTH {server.password}\r\nPING\r\n".encode())
            answer = connection.recv(64)
            if b"PONG" in answer or b"PONG" in connection.recv(64):
                return
        time.sleep(0.02)
    raise ServerFailed(f"Redis did not start. It wrote: {last_lines(server.log)}")
