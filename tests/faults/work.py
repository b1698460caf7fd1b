"""The three pieces of work that are disturbed, each with what must be true afterwards."""

import re
import threading
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from html.parser import HTMLParser
from typing import Any

import httpx
from django.db import Error, connection
from django.db.models import Count, Sum
from django.utils import timezone
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from commissions import accruals, invariants
from commissions import tasks as commission_tasks
from commissions.models import (
    AccrualTurn,
    Entry,
    Payout,
    PayoutAttempt,
    PayoutItem,
    PayoutRun,
    Posting,
    RunState,
    Stage,
)
from elinkages.accounts.models import Membership, Msp
from elinkages.accounts.rights import Role
from elinkages.audit.models import AuditEvent
from elinkages.kernel import tenancy
from integrations import tasks as import_tasks
from integrations.models import Import, ImportKind, ImportRow, ImportState
from integrations.spreadsheets import imports, running
from partners.models import Contact, Partner
from referrals import service_lines
from tests import builders
from tests.bench import fill
from tests.faults.site import Site

AWAY = (Error, RedisError, KombuError, OSError)
BEAT_SECONDS = 3.0
"""How often the drill does what beat does, as if a minute had passed: nobody waits a real one."""


def patiently[R](work: Callable[[], R], seconds: float = 90.0) -> R:
    """Ask again while the database or Redis is away, as the next beat or the next click would."""
    end = time.monotonic() + seconds
    while True:
        try:
            return work()
        except AWAY:
            connection.close()
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def must(truth: object, what: str) -> None:
    """What is not true ends the drill."""
    if not truth:
        raise AssertionError(what)


def clean(msp: Msp) -> None:
    """The books prove themselves, the months recomputed."""

    def check() -> list[Any]:
        with tenancy.use(msp.pk):
            return invariants.check(today=msp.today(timezone.now()))

    broken = patiently(check)
    must(not broken, f"The books of {msp} are wrong: {'; '.join(map(str, broken))}")


def disturbed(
    site: Site, during: str, is_done: Callable[[], bool], nudge: Callable[[], None], parts: Iterable[str]
) -> None:
    """Kill the parts one after the other while the work goes on, and do what beat does, until it is done."""
    stop = threading.Event()

    def kill() -> None:
        for name in parts:
            stop.wait(site.rng.uniform(0.3, 1.5))
            site.kill(name, during=during)

    killer = threading.Thread(target=kill)
    killer.start()
    last = 0.0
    try:
        while killer.is_alive() or not patiently(is_done):
            if time.monotonic() - last > BEAT_SECONDS:
                last = time.monotonic()
                try:
                    nudge()
                except AWAY:
                    connection.close()
            time.sleep(0.1)
    finally:
        stop.set()
        killer.join()
        connection.close()


# --- an import


def importing(site: Site, rows: int) -> str:
    """A spreadsheet of partners, killed at every step; afterwards each is there once."""
    msp = builders.an_msp("Import drill", "import-drill")
    owner = builders.a_member(msp, Role.OWNER, "Olga Owner")
    text = "Name,Kind,Person,E-mail\n" + "".join(
        f"Firm {number},CPA,Person {number},p{number}@firm{number}.example\n" for number in range(rows)
    )
    now = timezone.now()
    with tenancy.use(msp.pk):
        service_lines.seed(now)
        batch = imports.upload(
            kind=ImportKind.PARTNERS, file_name="partners.csv", content=text.encode(), by=owner, at=now
        )
        batch = imports.choose(batch, columns=batch.columns, options=batch.options, by=owner, at=now)

    def state() -> str:
        with tenancy.use(msp.pk):
            return Import.objects.get(pk=batch.pk).state

    def nudge() -> None:
        with tenancy.use(msp.pk):
            for one in running.standing_still(timezone.now() + timedelta(seconds=61)):
                import_tasks.nudge_import(one)

    disturbed(site, "import: check", lambda: state() == ImportState.CHECKED, nudge, ("worker", "redis"))

    def start() -> None:
        with tenancy.use(msp.pk):
            fresh = Import.objects.get(pk=batch.pk)
            if fresh.state == ImportState.CHECKED:
                imports.start(fresh, by=owner, at=timezone.now())

    patiently(start)
    parts = ("worker", "postgres", "redis", "worker", "web")
    disturbed(site, "import: write", lambda: state() == ImportState.DONE, nudge, parts)
    return patiently(lambda: _imported(msp, batch, rows))


def _imported(msp: Msp, batch: Import, rows: int) -> str:
    with tenancy.use(msp.pk):
        partners, people = Partner.objects.count(), Contact.objects.count()
        names = Partner.objects.values("name_key").distinct().count()
        undone = ImportRow.objects.filter(batch=batch, is_done=False).count()
        summary = Import.objects.get(pk=batch.pk).summary
        finished = AuditEvent.objects.filter(action="import.finished").count()
    told = (partners, names, people, undone, summary["create"], finished)
    must(told == (rows, rows, rows, 0, rows, 1), f"Rows were lost or came twice: {told} for {rows}")
    return f"{rows} rows: {partners} partners, {partners - rows} lost, {partners - names} twice, told once"


# --- accruals


def accruing(site: Site, contracts: int) -> tuple[str, Msp]:
    """Every open month of many contracts; afterwards as for a twin that nobody disturbed."""
    calm, stormy = builders.an_msp("Calm", "calm"), builders.an_msp("Stormy", "stormy")
    for msp in (calm, stormy):
        fill.won_deals(msp, contracts, partners=10)
        with tenancy.use(msp.pk), connection.cursor() as cursor:
            cursor.execute("UPDATE referrals_contract SET accrued_revision = 0")
    now, unit = timezone.now(), partial(tenancy.use, calm.pk)
    accruals.accrue(today=calm.today(now), at=now, unit=unit)
    accruals.release(today=calm.today(now), at=now, unit=unit)
    wanted = _accrued(calm)
    must(wanted["entries"], "the twin has accrued something")

    def nudge() -> None:
        with tenancy.use(stormy.pk):  # as if five minutes had passed since its last sign of life
            AccrualTurn.objects.update(moved_at=timezone.now() - timedelta(minutes=6))
        commission_tasks.accrue.apply_async(kwargs={"msp_id": str(stormy.pk)}, retry=False)

    parts = ("worker", "postgres", "redis", "worker", "postgres", "web")
    disturbed(site, "accrual", lambda: _accrued(stormy) == wanted, nudge, parts)
    time.sleep(2 * BEAT_SECONDS)  # a late message has its chance to do something twice
    must(_accrued(stormy) == wanted, "a late message changed what was done")
    clean(stormy)
    found = f"{wanted['entries']:,} entries, {wanted['postings']:,} postings"
    return f"{contracts} contracts: {found}, equal to the twin's to the cent", stormy


def _accrued(msp: Msp) -> dict[str, Any]:
    with tenancy.use(msp.pk):
        months = Entry.objects.values_list("earning_month", "stage").annotate(n=Count("pk"), minor=Sum("minor"))
        return {
            "months": sorted(months.values_list("earning_month", "stage", "n", "minor")),
            "entries": Entry.objects.count(),
            "postings": Posting.objects.count(),
        }


# --- a payout run, through the web


class _Forms(HTMLParser):
    """The fields of every form of a page, by the path that it is sent to."""

    def __init__(self, here: str) -> None:
        super().__init__()
        self.here = here
        self.found: dict[str, dict[str, str]] = {}
        self._open: dict[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Forms and their inputs."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = self.found.setdefault(given.get("action") or self.here, {})
        elif tag in ("input", "textarea") and self._open is not None and given.get("name"):
            self._open[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        """The end of one."""
        if tag == "form":
            self._open = None


class Person:
    """Somebody with a browser, who presses again what did not answer."""

    def __init__(self, site: Site, member: Membership) -> None:
        self.site, self.slug = site, member.msp.slug
        browser = builders.a_browser(member.user)
        cookies = {name: morsel.value for name, morsel in browser.cookies.items()}
        self.web = httpx.Client(base_url=site.url, cookies=cookies, timeout=20, trust_env=False)

    def read(self, path: str) -> httpx.Response:
        """A page, asked for until it comes."""
        end = time.monotonic() + 90
        while True:
            try:
                answer = self.web.get(path)
                if answer.status_code < 500:
                    return answer
            except httpx.HTTPError:
                pass
            must(time.monotonic() < end, f"{path} does not answer")
            time.sleep(0.1)

    def send(self, page: str, path: str, *, killing: str, during: str, **more: str) -> str:
        """Send the form of a page while a part is killed, and again until it is answered; returns where it led to."""
        answer = self.read(page)
        forms = _Forms(page)
        forms.feed(answer.text)
        must(path in forms.found, f"{page} has no form for {path}: {answer.status_code} {sorted(forms.found)}")
        data = {**forms.found[path], **more}
        must(data.get("_once"), f"the form for {path} can be sent twice")
        killer = threading.Timer(self.site.rng.uniform(0, 0.15), self.site.kill, (killing,), {"during": during})
        killer.start()
        led = self._pressed(path, data, page)
        killer.join()
        again = self._pressed(path, data, page)  # a copy that was on its way
        must(again == led, f"a copy of {path} led to {again}, not {led}")
        return led

    def _pressed(self, path: str, data: dict[str, str], page: str) -> str:
        """Where a form led to, sent until it is answered. A connection that a killed process left is no answer."""
        end = time.monotonic() + 90
        while True:
            try:
                sent = self.web.post(path, data=data, headers={"Referer": self.site.url + page})
                must(sent.status_code not in (403, 409, 422), f"{path}: {sent.status_code} {_told(sent.text)}")
                if led := sent.headers.get("location", ""):
                    return str(led)
            except httpx.HTTPError:
                pass
            must(time.monotonic() < end, f"{path} does not answer")
            time.sleep(0.05)


def _told(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))[:400]


def paying(site: Site, msp: Msp) -> str:
    """Runs are opened, canceled, approved and released through the web; each has its effect once."""
    opener = builders.a_member(msp, Role.OWNER, "Olga Owner")
    approver = builders.a_member(msp, Role.FINANCE, "Fiona Field")
    olga, fiona = Person(site, opener), Person(site, approver)
    runs, kills = f"/{msp.slug}/payouts/", iter(["web", "postgres", "redis", "web", "web", "postgres", "web"])
    with tenancy.use(msp.pk):
        payable = Entry.objects.filter(stage=Stage.PAYABLE).aggregate(minor=Sum("minor"))["minor"]
    for _ in range(2):
        run = olga.send(runs, f"{runs}runs/new/", killing=next(kills), during="run: open")
        cancel = f"{run}cancellation/"
        olga.send(cancel, cancel, killing=next(kills), during="run: cancel", reason="A drill, not a payout")
    run = olga.send(runs, f"{runs}runs/new/", killing=next(kills), during="run: open")
    fiona.send(run, f"{run}approval/", killing=next(kills), during="run: approve")
    olga.send(f"{run}release/", f"{run}release/", killing=next(kills), during="run: release")
    told = patiently(lambda: _paid(msp, payable))
    clean(msp)
    return told


def _paid(msp: Msp, payable: int) -> str:
    with tenancy.use(msp.pk):
        states = dict(PayoutRun.objects.values_list("state").annotate(n=Count("pk")).order_by())
        released = Payout.objects.filter(run__state=RunState.RELEASED)
        total = released.aggregate(minor=Sum("minor"))["minor"]
        live = (
            PayoutItem.objects.filter(released_at=None).values("entry").annotate(n=Count("pk")).filter(n__gt=1).count()
        )
        attempts = PayoutAttempt.objects.count()
        events = dict(
            AuditEvent.objects.filter(action__startswith="payout_run.").values_list("action").annotate(n=Count("pk"))
        )
        left = Entry.objects.filter(stage=Stage.PAYABLE).count()
        count = released.count()
    must(states == {RunState.CANCELED: 2, RunState.RELEASED: 1}, f"runs: {states}")
    wanted = {f"payout_run.{what}": n for what, n in (("opened", 3), ("canceled", 2), ("approved", 1), ("released", 1))}
    must(events == wanted, f"history: {events}")
    must(
        (total, attempts, live, left) == (payable, count, 0, 0),
        f"{total} of {payable}, {attempts} of {count}, {live}, {left}",
    )
    return (
        f"3 runs opened, 2 canceled, 1 released: {count} payouts, {total / 100:,.2f} of {payable / 100:,.2f}, each once"
    )
