"""Pages at 100,000 referrals of one MSP among 400,000, against a bare Django view with the same rows and bytes."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, Final

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.test import Client, override_settings
from django.urls import path

from commissions import accruals, payouts
from elinkages import gunicorn
from elinkages.accounts.models import Membership, Msp
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from partners.models import Partner
from referrals.models import Referral
from tests import builders
from tests.bench import accrual, fill
from tests.bench.measure import Measured, head, measured, row, say

RUNS: Final = 5
ROUNDS: Final = 5
OTHERS: Final = 3
MONEY_ON: Final = date(2026, 1, 1)
MONEY_AT: Final = datetime(2026, 1, 1, 15, tzinfo=UTC)
NO_GOAL: Final = frozenset({"home", "one referral", "one partner", "pipeline board", "payouts and runs"})
"""Pages that are no lists."""

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
    """Fill, then every page beside its floor."""
    size = max(sizes)
    msp = builders.an_msp("Bench pages")
    owner = builders.a_member(msp, Role.OWNER)
    say(f"Preparing {size:,} referrals among {size * (OTHERS + 1):,} …")
    fill.won_deals(msp, size // 2, partners=max(10, size // 100), contracts=True)
    fill.won_deals(msp, size - size // 2, partners=max(10, size // 100), contracts=False)
    for number in range(OTHERS):
        fill.won_deals(builders.an_msp(f"Other {number}"), size, partners=max(10, size // 100), contracts=False)
    _money(msp, owner)
    gunicorn.when_ready(None)  # as the web process does
    head(f"Pages at {size:,} referrals of one MSP, {size * (OTHERS + 1):,} in all")
    for name, address in _pages(msp).items():
        _one(name, address, msp, owner)


def _money(msp: Msp, owner: Membership) -> None:
    """Two months of commissions, an amount for every contract in each, and a run that pays them."""
    say("Two months of commissions, and a payout run …")
    for month in (1, 2):
        accrual.accrue_month(msp, month)
    with tenancy.use(msp.pk):
        accruals.release(today=MONEY_ON, at=MONEY_AT)
    fill.analyze()
    with tenancy.use(msp.pk):
        payouts.open_run(cutoff_on=MONEY_ON, by=owner, at=MONEY_AT)
    fill.analyze()


def _pages(msp: Msp) -> dict[str, str]:
    with tenancy.use(msp.pk):
        some = Referral.objects.order_by("-registered_at")[0]
        partner = Partner.objects.order_by("pk")[0]
    base = f"/{msp.slug}"
    return {
        "referrals, first page": f"{base}/referrals/",
        "referrals, by stage": f"{base}/referrals/?stage=qualified",
        "referrals, search by name": f"{base}/referrals/?q=company+a1",
        "pipeline board": f"{base}/referrals/board/",
        "one referral": f"{base}/referrals/{some.pk}/",
        "partners": f"{base}/partners/",
        "one partner": f"{base}/partners/{partner.pk}/",
        "clients": f"{base}/clients/",
        "commissions": f"{base}/commissions/",
        "commissions, by stage": f"{base}/commissions/?stage=payable",
        "all payouts": f"{base}/payouts/all/",
        "search page, by name": f"{base}/search/?q=company+a1",
        "search page, by address": f"{base}/search/?q=kim@nowhere.test",
        "payouts and runs": f"{base}/payouts/",
        "home": f"{base}/",
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


def _one(name: str, address: str, msp: Msp, owner: Membership) -> None:
    client = Client(SERVER_NAME="localhost")
    client.force_login(owner.user)
    response = client.get(address)
    assert response.status_code == 200, (name, response.status_code)
    queries = _queries(client, address)
    bare = Client(SERVER_NAME="localhost")
    with override_settings(MIDDLEWARE=[], ROOT_URLCONF=__name__):
        use(msp.pk, filler="")
        missing = len(response.content) - len(bare.get("/floor/").content)
    use(msp.pk, filler="x" * max(0, missing // 50))
    ours, floor = Measured([]), Measured([])
    for _ in range(ROUNDS):
        # In turns, so that what else this machine does is shared by both.
        ours.seconds.extend(measured(lambda: client.get(address), RUNS).seconds)
        with override_settings(MIDDLEWARE=[], ROOT_URLCONF=__name__):
            floor.seconds.extend(measured(lambda: bare.get("/floor/"), RUNS).seconds)
    goal = None if name in NO_GOAL else 3 if "search" in name else 2.5
    row(f"{name} ({queries} queries, {len(response.content) // 1024} kB)", ours, floor, goal)
