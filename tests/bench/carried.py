"""What every page carries: the unit of work, the bytes of a first view, and the start of the web process."""

import gzip
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.error import URLError

from django.conf import settings
from django.db import connection
from django.test import Client

from elinkages.accounts.models import Msp
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from elinkages.machine.postgres import free_port
from partners.models import Partner
from tests import builders
from tests.bench.measure import beside, computed, limits, measured

ROUNDS: Final = 400
STARTS: Final = 3
ASSET: Final = re.compile(r'(?:href|src)="/static/([^"]+\.(css|js))"')


def run(_sizes: list[int]) -> None:
    """Each beside its limit; nothing here grows with rows."""
    msp = builders.an_msp("Bench carried")
    owner = builders.a_member(msp, Role.OWNER)
    with tenancy.use(msp.pk):
        builders.a_partner()
    limits("What every page carries", "computed", "bare")
    _unit_of_work(msp)
    browser = builders.a_browser(owner.user)
    _bytes(browser, f"/{msp.slug}/")
    _start()


def _unit_of_work(msp: Msp) -> None:
    """One row by key in a unit of work of its own, less the same without: what a request pays to be walled in."""
    with tenancy.use(msp.pk):
        partner = Partner.objects.get()
    sql = "SELECT name FROM partners_partner WHERE msp_id = %s AND id = %s"

    def bare() -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql, [msp.pk, partner.pk])

    def walled() -> None:
        with tenancy.use(msp.pk, reads_only=True):
            bare()

    begun = computed()
    with_it, used = measured(walled, ROUNDS), computed() - begun
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('elinkages.msp_id', %s, false)", [str(msp.pk)])
    begun = computed()
    without, used_without = measured(bare, ROUNDS), computed() - begun
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('elinkages.msp_id', '', false)")
    took, needed = (with_it.median - without.median) * 1000, (used - used_without) / ROUNDS * 1000
    # Beside the bare statement, because a machine on which that takes twice as long takes twice as long for this too.
    columns = (f"{needed:.2f} ms", f"{without.median * 1000:.2f} ms")
    beside("tenancy, the unit of work of a request", took, 0.4, "ms", *columns)


def _bytes(browser: Client, address: str) -> None:
    page = browser.get(address, headers={"accept-encoding": "gzip"})
    text = gzip.decompress(page.content).decode() if page.headers.get("Content-Encoding") else page.content.decode()
    sizes = {"css": 0, "js": 0}
    for name, kind in set(ASSET.findall(text)):
        sizes[kind] += len(gzip.compress((Path(settings.STATIC_ROOT) / name).read_bytes(), 9))
    beside("style sheets of a first view, compressed", sizes["css"] / 1024, 25, "kB")
    beside("scripts", sizes["js"] / 1024, 30, "kB")
    beside("all of it, with the page", (len(page.content) + sum(sizes.values())) / 1024, 60, "kB")


def _start() -> None:
    """From the command to the first answer; all processes together, until they have ended again, for what it took."""
    times = []
    before = os.times()
    for _ in range(STARTS):
        began = time.perf_counter()
        with _web() as address:
            while not _answers(address):
                time.sleep(0.05)
            times.append(time.perf_counter() - began)
    after = os.times()
    used = (after.children_user + after.children_system - before.children_user - before.children_system) / STARTS
    took = sorted(times)[STARTS // 2]
    beside("start of the web process, to its first answer", took * 1000, 2_000, "ms", f"{used * 1000:,.0f} ms")


@contextmanager
def _web() -> Iterator[str]:
    bind = f"127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "gunicorn", "-c", "python:elinkages.gunicorn", "elinkages.wsgi:application"]
    with subprocess.Popen([*command, "--bind", bind], env=os.environ, stderr=subprocess.DEVNULL) as process:
        try:
            yield f"http://{bind}/healthz"
        finally:
            process.terminate()


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310 - our own server
            return bool(answer.status == 200)
    except (URLError, ConnectionError):
        return False
