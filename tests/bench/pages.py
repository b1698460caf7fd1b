"""Pages of an MSP with 100,000 referrals and sixty months of money among 400,000 referrals.

Lists stand beside a bare Django view with the same rows and bytes; what adds up money stands beside its goal.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.test import Client, override_settings
from django.urls import path

from commissions.models import Payout, PayoutRun, PayoutState
from elinkages import gunicorn
from elinkages.accounts.models import Msp, User
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from partners.models import Partner
from referrals.models import Client as Customer
from referrals.models import Referral
from tests import builders
from tests.bench import fill, years
from tests.bench.measure import Measured, beside, computed, head, limits, measured, row, say

RUNS: Final = 5
ROUNDS: Final = 5
OTHERS: Final = 3
MOST_QUERIES: Final = 8
"""Of a list, those of the session, the login and the unit of work among them."""
REPORT_MS: Final = 100
SAME: Final = 1.25
"""What is as quick, as well as a machine that does other things too can tell."""

OPPOSITE: Final = {
    "referrals": "oldest",
    "partners": "-name",
    "clients": "-name",
    "commissions": "oldest",
    "all": "oldest",
}
"""By the address of a list, the order that begins where its own one ends."""

_floor: dict[str, Any] = {}


def floor_view(request: HttpRequest) -> HttpResponse:
    """Fifty rows by key, eight columns, in a plain template, filled up to the bytes of the page it is compared with."""
    with connection.cursor() as cursor:
        # For the session: no unit of work, which is part of what ours costs.
        cursor.execute("SELECT set_config('elinkages.msp_id', %s, false)", [str(_floor["msp"])])
        cursor.execute(
            """SELECT r.id, r.company, r.stage, r.source_kind, r.expected_mrr_minor, r.registered_at, p.id, p.name
            FROM referrals_referral r JOIN partners_partner p ON p.msp_id = r.msp_id AND p.id = r.partner_id
            WHERE r.msp_id = %s ORDER BY r.registered_at DESC, r.id DESC LIMIT 50""",
            [_floor["msp"]],
        )
        rows = cursor.fetchall()
    template = _floor.setdefault("template", engines["django"].from_string(_TEMPLATE))
    return HttpResponse(template.render({"rows": rows, "filler": _floor["filler"]}))


def use(msp: object, *, filler: str) -> None:
    """Read the rows of this MSP; `filler` in every row brings the page to the bytes it is compared with."""
    _floor.update(msp=msp, filler=filler)


urlpatterns = [path("floor/", floor_view)]

_TEMPLATE: Final = (
    "<!doctype html><title>Floor</title><table>{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>"
    "{% endfor %}<td>{{ filler }}</td></tr>{% endfor %}</table>"
)


def run(sizes: list[int]) -> None:
    """Fill, then every list beside its floor, and every page that adds up money beside its goal."""
    size = max(sizes)
    msp = builders.an_msp("Bench pages")
    owner = builders.a_member(msp, Role.OWNER)
    say(f"Preparing {size:,} referrals with {years.MONTHS} months of money …")
    years.fill(msp, owner, size)
    say(f"Preparing {size * OTHERS:,} referrals of others …")
    for number in range(OTHERS):
        fill.won_deals(builders.an_msp(f"Other {number}"), size, partners=max(10, size // 100), contracts=False)
    years.settle()
    gunicorn.when_ready(None)  # as the web process does
    head(f"Lists at {size:,} referrals and {years.MONTHS} months of one MSP, {size * (OTHERS + 1):,} in all")
    for name, address in _lists(msp).items():
        _list(name, address, msp, owner.user)
    with tenancy.use(msp.pk):
        partner = Partner.objects.order_by("pk")[0]
        login = builders.a_login(partner)
    limits("Pages that add up money, or show what is open", "queries", "computed", "first view")
    for name, address in _reports(msp, partner).items():
        _report(name, address, login.user if address.startswith("/p/") else owner.user)


def _lists(msp: Msp) -> dict[str, str]:
    base = f"/{msp.slug}"
    return {
        "referrals": f"{base}/referrals/",
        "referrals, by stage": f"{base}/referrals/?stage=qualified",
        "referrals, search by name": f"{base}/referrals/?q=company+a1",
        "partners": f"{base}/partners/",
        "clients": f"{base}/clients/",
        "commissions": f"{base}/commissions/",
        "commissions, by stage": f"{base}/commissions/?stage=payable",
        "commissions, by another stage": f"{base}/commissions/?stage=reserved",
        "commissions, by the commonest stage": f"{base}/commissions/?stage=paid",
        "all payouts": f"{base}/payouts/all/",
        "search page, by name": f"{base}/search/?q=company+a1",
        "search page, by address": f"{base}/search/?q=kim@nowhere.test",
    }


def _reports(msp: Msp, partner: Partner) -> dict[str, str]:
    with tenancy.use(msp.pk):
        referral = Referral.objects.order_by("-registered_at")[0]
        client = Customer.objects.filter(referral__isnull=False).order_by("pk")[0]
        draft, closed = PayoutRun.objects.order_by("-number")[:2]
        payout = Payout.objects.filter(partner=partner, state=PayoutState.PAID).order_by("-number")[0]
    base, portal, its = f"/{msp.slug}", f"/p/{msp.slug}", f"/{msp.slug}/partners/{partner.pk}"
    return {
        "home": f"{base}/",
        "home, the chart alone": f"{base}/home/mrr.svg",
        "pipeline board": f"{base}/referrals/board/",
        "one referral": f"{base}/referrals/{referral.pk}/",
        "one partner": f"{its}/",
        "one partner, their statements": f"{its}/statements/",
        "one partner, this month's statement": f"{its}/statements/month/",
        "one client": f"{base}/clients/{client.pk}/",
        "payouts": f"{base}/payouts/",
        "payouts, what a next run would pay": f"{base}/payouts/?next=1",
        "payout runs": f"{base}/payouts/runs/",
        "a run that waits for its approval": f"{base}/payouts/runs/{draft.pk}/",
        "a closed run": f"{base}/payouts/runs/{closed.pk}/",
        "one payout": f"{base}/payouts/{payout.pk}/",
        "one payout's statement": f"{base}/payouts/{payout.pk}/statement/",
        "service credit": f"{base}/payouts/credit/",
        "portal, home": f"{portal}/",
        "portal, earnings": f"{portal}/earnings/",
        "portal, statements": f"{portal}/statements/",
        "portal, this month's statement": f"{portal}/statements/month/",
        "portal, referrals": f"{portal}/referrals/",
    }


def _queries(client: Client, address: str) -> int:
    """How many statements a page takes, those of the session, the login and the unit of work among them."""
    count = 0

    def counted(execute: Callable[..., Any], *arguments: Any) -> Any:
        nonlocal count
        count += 1
        return execute(*arguments)

    with connection.execute_wrapper(counted):
        client.get(address)
    return count


def _client(user: User) -> Client:
    client = Client(SERVER_NAME="localhost")
    client.force_login(user)
    return client


def _list(name: str, address: str, msp: Msp, user: User) -> None:
    """The first page beside the floor, and the hundredth beside the first."""
    client = _client(user)
    response = client.get(address)
    assert response.status_code == 200, (name, response.status_code)
    queries = _queries(client, address)
    bare = Client(SERVER_NAME="localhost")
    with override_settings(MIDDLEWARE=[], ROOT_URLCONF=__name__):
        use(msp.pk, filler="")
        missing = len(response.content) - len(bare.get("/floor/").content)
    use(msp.pk, filler="x" * max(0, missing // 50))
    far = _far(client, address)
    ours, floor, there = Measured([]), Measured([]), Measured([])
    for _ in range(ROUNDS):
        # In turns, so that what else this machine does is shared by all.
        ours.seconds.extend(measured(lambda: client.get(address), RUNS).seconds)
        with override_settings(MIDDLEWARE=[], ROOT_URLCONF=__name__):
            floor.seconds.extend(measured(lambda: bare.get("/floor/"), RUNS).seconds)
        if far:
            there.seconds.extend(measured(lambda: client.get(far), RUNS).seconds)
    much = "" if queries <= MOST_QUERIES else f" of {MOST_QUERIES} at most"
    row(f"{name} ({queries} queries{much}, {len(response.content) // 1024} kB)", ours, floor, _goal(name))
    if far:
        row("  its last page, beside the first", there, ours, SAME)


def _goal(name: str) -> float:
    return 3 if "search" in name else 2.5


def _far(client: Client, address: str) -> str:
    """The address of the last page: the cursor of a row that is early in the opposite order; "" where there is none."""
    opposite = next((order for part, order in OPPOSITE.items() if f"{part}/" in address), "")
    joint = "&" if "?" in address else "?"
    turned = client.get(f"{address}{joint}sort={opposite}").content.decode()
    found = re.search(r"[?&;]after=([^&\"]+)", turned)
    return f"{address}{joint}after={found[1]}" if opposite and found and "q=" not in address else ""


def _report(name: str, address: str, user: User) -> None:
    """The first view, when nothing is kept yet, and those after it; and the processor's time, whoever else used it."""
    client = _client(user)
    cache.clear()
    first = measured(lambda: client.get(address), 1)
    assert client.get(address).status_code == 200, (name, address)
    queries = _queries(client, address)
    views = RUNS * ROUNDS
    before = computed()
    found = measured(lambda: client.get(address), views)
    used = (computed() - before) / views
    beside(name, found.median * 1000, REPORT_MS, "ms", str(queries), f"{used * 1000:.1f}", f"{first.median * 1000:.1f}")
