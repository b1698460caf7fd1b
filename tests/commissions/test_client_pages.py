"""Winning a referral and looking after the client that it became, as a person does it in the browser."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import strip_tags

from commissions import accruals
from commissions.models import Pin
from commissions.terms import Flat, FullClawback, Pausing, Percent, Tiered
from elinkages.accounts.models import Msp, User
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from referrals import mrr
from referrals.models import Client, ClientState, Contract, Finding, Referral
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def msp() -> Msp:
    return builders.an_msp("Acme IT", "acme")


@pytest.fixture
def today(msp: Msp) -> date:
    day = msp.today(timezone.now())
    return day


def browse(msp: Msp, role: str = Role.OWNER) -> Browser:
    """A signed-in browser of one of the MSP's people."""
    user = User.objects.create(name="Olga Owner", email=f"{role}@acme.example")
    builders.a_member(msp, role, user=user)
    return builders.a_browser(user)


def rows(*contracts: dict[str, Any]) -> dict[str, str]:
    """The rows of a win as a browser sends them."""
    sent = {"contracts-TOTAL_FORMS": str(len(contracts)), "contracts-INITIAL_FORMS": "0"}
    for number, contract in enumerate(contracts):
        empty = {"service_line": "", "mrr": "", "starts_on": "", "first_paid_on": ""}
        sent |= {f"contracts-{number}-{name}": str(value) for name, value in {**empty, **contract}.items()}
    return sent


def a_win(msp: Msp, today: date) -> tuple[Referral, dict[str, str]]:
    """A referral and the form that wins it for $2,000.00 a month under a plan for everyone."""
    with tenancy.use(msp.pk):
        builders.a_plan(Percent(basis_points=1_000, months=12))
        referral = builders.a_referral(builders.a_partner("Harbor & Finch CPAs"), "Alder Legal")
        line = builders.a_service_line()
    row = {"service_line": line.pk, "mrr": "2,000", "starts_on": today.isoformat()}
    return referral, {"client_name": "Alder Legal", "website": "", "won_on": today.isoformat(), **rows(row)}


def test_a_referral_is_won_on_one_page(msp: Msp, today: date) -> None:
    referral, sent = a_win(msp, today)
    browser = browse(msp)
    url = f"/acme/referrals/{referral.pk}/win/"
    page = browser.get(url).content.decode()
    assert 'value="Alder Legal"' in page
    assert "Harbor &amp; Finch CPAs" in page
    answer = browser.post(url, sent)
    with tenancy.use(msp.pk):
        client = Client.objects.get()
        assert Pin.objects.get().contract.client == client
    assert answer["Location"] == f"/acme/clients/{client.pk}/"
    shown = browser.get(answer["Location"]).content.decode()
    assert "$2,000.00" in shown
    assert "10% of monthly recurring revenue for 12 months" in shown
    assert "What changed just now is counted within ten minutes" in shown
    with tenancy.use(msp.pk):
        accruals.accrue(today=today, at=timezone.now())
    assert "is counted within ten minutes" not in browser.get(answer["Location"]).content.decode()


def test_the_plan_and_its_reason_are_shown_before_the_win(msp: Msp, today: date) -> None:
    referral, sent = a_win(msp, today)
    browser = browse(msp)
    fragment = browser.get(f"/acme/referrals/{referral.pk}/win/plans/", sent).content.decode()
    assert "$200.00 a month, $2,400.00 in all over 12 months." in fragment
    assert "by the rule for everyone" in fragment
    early = {**sent, "won_on": "2019-01-01"}
    without = browser.get(f"/acme/referrals/{referral.pk}/win/plans/", early).content.decode()
    assert "No plan applies: no rule covers Harbor &amp; Finch CPAs" in without
    assert "after this win" in without
    assert "after this win" not in fragment
    checked = browser.post(f"/acme/referrals/{referral.pk}/win/", {**sent, "check": "1"})
    assert checked.status_code == 200
    assert "by the rule for everyone" in checked.content.decode()
    with tenancy.use(msp.pk):
        assert not Client.objects.exists()


def test_another_contract_is_added_without_scripts_and_what_was_typed_stays(msp: Msp, today: date) -> None:
    referral, sent = a_win(msp, today)
    answer = browse(msp).post(f"/acme/referrals/{referral.pk}/win/", {**sent, "add": "1"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert 'value="2,000"' in page
    assert "Contract 2" in page
    assert 'name="contracts-TOTAL_FORMS" value="2"' in page


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"mrr": "two thousand"}, "is not an amount. Write it like 1,234.56."),
        ({"mrr": "0"}, "Enter an amount above zero."),
        ({"mrr": "$2.001"}, "could be read two ways"),
        ({"service_line": "", "starts_on": ""}, "“Service line” is empty. Choose one."),
        ({"first_paid_on": "2099-01-01"}, "has not come yet"),
    ],
)
def test_a_wrong_row_is_said_and_nothing_is_won(msp: Msp, today: date, row: dict[str, str], sentence: str) -> None:
    referral, sent = a_win(msp, today)
    changed = {f"contracts-0-{name}": value for name, value in row.items()}
    answer = browse(msp).post(f"/acme/referrals/{referral.pk}/win/", {**sent, **changed})
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert 'value="Alder Legal"' in answer.content.decode()
    with tenancy.use(msp.pk):
        assert not Client.objects.exists()
        assert Referral.objects.get().is_open


@pytest.mark.parametrize("empty", [rows({}), rows(), {"contracts-TOTAL_FORMS": "x"}, {}])
def test_a_win_without_contracts_is_refused(msp: Msp, today: date, empty: dict[str, str]) -> None:
    referral, sent = a_win(msp, today)
    kept = {name: value for name, value in sent.items() if not name.startswith("contracts")}
    answer = browse(msp, Role.MANAGER).post(f"/acme/referrals/{referral.pk}/win/", {**kept, **empty})
    assert answer.status_code == 422


def test_a_win_sent_twice_makes_one_client(msp: Msp, today: date) -> None:
    referral, sent = a_win(msp, today)
    browser = browse(msp)
    sent["_once"] = "01999999-0000-7000-8000-000000000002"
    url = f"/acme/referrals/{referral.pk}/win/"
    first, second = browser.post(url, sent), browser.post(url, sent)
    assert first["Location"] == second["Location"]
    with tenancy.use(msp.pk):
        assert Client.objects.count() == 1
    again = browser.post(url, {**sent, "_once": ""})
    assert again.status_code == 422
    assert "Alder Legal is at “Won” now." in again.content.decode()


def test_an_undecided_duplicate_is_pointed_out_and_keeps_the_deal_from_being_won(msp: Msp, today: date) -> None:
    referral, sent = a_win(msp, today)
    with tenancy.use(msp.pk):
        other = builders.a_client(name="Alder Legal LLC")
        Finding.objects.create(
            referral=referral, other_client=other, evidence={"name": "Alder Legal LLC"}, found_at=timezone.now()
        )
    browser = browse(msp)
    url = f"/acme/referrals/{referral.pk}/win/"
    assert "may already be known" in browser.get(url).content.decode()
    answer = browser.post(url, sent)
    assert answer.status_code == 422
    assert "Decide first whether Alder Legal is the same company" in answer.content.decode()


def a_referred(msp: Msp, today: date, days: int = 40, **fields: Any) -> Contract:
    """A contract under a flat fee with a 90-day clawback, started and paid some days ago."""
    with tenancy.use(msp.pk):
        start = today - timedelta(days=days)
        terms = Flat(amount_minor=50_000, clawback=FullClawback(90))
        partner = builders.a_partner("Harbor & Finch CPAs")
        return builders.a_deal(partner, terms, 200_000, start, first_paid_on=start, **fields)


def test_the_page_of_a_client_costs_the_same_with_more_contracts(msp: Msp, today: date) -> None:
    contract = a_referred(msp, today)
    browser = browse(msp)
    counts = []
    browser.get(f"/acme/clients/{contract.client_id}/")  # the first page of a session notes that it was seen
    for number in (1, 5):
        with tenancy.use(msp.pk):
            for _ in range(number):
                more = builders.a_contract(contract.client, moves={date(2026, 3, 1): 120_000})
                builders.a_pin(more, builders.a_plan(for_everyone=False))
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(f"/acme/clients/{contract.client_id}/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_new_mrr_shows_its_effect_before_it_is_saved(msp: Msp, today: date) -> None:
    with tenancy.use(msp.pk):
        start = (today.replace(day=1) - timedelta(days=70)).replace(day=1)
        terms = Percent(basis_points=1_000, months=None)
        contract = builders.a_deal(builders.a_partner("Harbor & Finch CPAs"), terms, 200_000, start)
    browser = browse(msp)
    url = f"/acme/contracts/{contract.pk}/movement/"
    sent = {"kind": "moved", "mrr": "3,000.00", "effective_on": start.isoformat(), "note": "Ten more seats"}
    fragment = browser.get(url, sent).content.decode()
    assert "$2,000.00" in fragment
    assert "becomes" in fragment
    assert "added for Harbor &amp; Finch CPAs" in fragment
    assert "$300.00" in fragment
    assert "<h1" not in fragment
    shown = browser.post(url, {**sent, "check": "1"})
    assert shown.status_code == 200
    assert "$300.00" in shown.content.decode()
    with tenancy.use(msp.pk):
        assert mrr.timeline(contract).level(today) == 200_000
    assert browser.post(url, sent).status_code == 302
    with tenancy.use(msp.pk):
        assert mrr.timeline(contract).level(today) == 300_000


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"mrr": ""}, "Enter the new MRR."),
        ({"mrr": "lots"}, "is not an amount"),
        ({"mrr": "2000"}, "is already $2,000.00 on that day."),
        ({"effective_on": "2001-01-01"}, "Choose that day or a later one."),
        ({"kind": "resume", "mrr": ""}, "is not paused on that day"),
        ({"kind": "bonus"}, "is not on offer."),
    ],
)
def test_a_new_mrr_that_cannot_be_is_refused_and_stays_typed(
    msp: Msp, today: date, change: dict[str, str], sentence: str
) -> None:
    contract = a_referred(msp, today)
    sent = {"kind": "moved", "mrr": "3000", "effective_on": today.isoformat(), "note": "Ten more seats"}
    answer = browse(msp).post(f"/acme/contracts/{contract.pk}/movement/", {**sent, **change})
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert 'value="Ten more seats"' in answer.content.decode()


def test_leaving_names_what_is_taken_back_and_asks_for_the_name(msp: Msp, today: date) -> None:
    contract = a_referred(msp, today)
    client = contract.client
    browser = browse(msp)
    url = f"/acme/clients/{client.pk}/leaving/"
    page = browser.get(url).content.decode()
    assert "$500.00 is taken back" in " ".join(page.replace('<span class="money">', "").replace("</span>", "").split())
    sent = {"last_day": today.isoformat(), "reason": "Sold", "name": "somebody"}
    refused = browser.post(url, sent)
    assert refused.status_code == 422
    assert f"Type the name of the client, {client.name}" in refused.content.decode()
    assert 'value="Sold"' in refused.content.decode()
    with tenancy.use(msp.pk):
        assert Client.objects.get().state == ClientState.ACTIVE
    assert browser.post(url, {**sent, "name": client.name.upper()}).status_code == 302
    with tenancy.use(msp.pk):
        assert Client.objects.get().left_on == today + timedelta(days=1)
        assert Contract.objects.get().ends_on == today + timedelta(days=1)


def test_leaving_after_the_window_asks_for_no_name(msp: Msp, today: date) -> None:
    contract = a_referred(msp, today, days=200)
    browser = browse(msp)
    url = f"/acme/clients/{contract.client_id}/leaving/"
    assert "to confirm" not in browser.get(url).content.decode()
    fragment = browser.get(url, {"last_day": (today - timedelta(days=150)).isoformat()}).content.decode()
    assert "to confirm" in fragment
    assert browser.post(url, {"last_day": today.isoformat(), "reason": "Sold"}).status_code == 302
    assert browser.post(f"/acme/clients/{contract.client_id}/return/").status_code == 302
    with tenancy.use(msp.pk):
        assert Client.objects.get().state == ClientState.ACTIVE


def test_a_contract_ends_and_its_end_is_taken_back(msp: Msp, today: date) -> None:
    contract = a_referred(msp, today)
    browser = browse(msp)
    url = f"/acme/contracts/{contract.pk}/end/"
    sent = {"last_day": today.isoformat(), "reason": "Not needed"}
    assert browser.post(url, sent).status_code == 422
    assert browser.post(url, {**sent, "name": contract.client.name}).status_code == 302
    assert browser.post(url, {**sent, "name": contract.client.name}).status_code == 422
    back = f"/acme/contracts/{contract.pk}/reinstatement/"
    assert browser.post(back, {"reason": ""}).status_code == 422
    assert browser.post(back, {"reason": "Wrong client"}).status_code == 302
    with tenancy.use(msp.pk):
        assert Contract.objects.get().ends_on is None


def test_the_first_payment_is_recorded_with_what_it_earns(msp: Msp, today: date) -> None:
    with tenancy.use(msp.pk):
        start = today - timedelta(days=40)
        contract = builders.a_deal(builders.a_partner("Harbor"), Flat(amount_minor=50_000), starts_on=start)
    browser = browse(msp)
    url = f"/acme/contracts/{contract.pk}/first-payment/"
    assert "added for Harbor" in browser.get(url).content.decode()
    assert browser.post(url, {"on": (today + timedelta(days=2)).isoformat()}).status_code == 422
    assert browser.post(url, {"on": today.isoformat()}).status_code == 302
    with tenancy.use(msp.pk):
        assert Contract.objects.get().first_paid_on == today


def test_a_plan_is_chosen_later_from_the_page_of_the_client(msp: Msp, today: date) -> None:
    with tenancy.use(msp.pk):
        referral = builders.a_referral(builders.a_partner("Harbor"), "Alder Legal")
        contract = builders.a_contract(builders.a_client(referral))
        version = builders.a_plan(for_everyone=False).versions.get()
    browser = browse(msp)
    page = browser.get(f"/acme/clients/{contract.client_id}/").content.decode()
    assert "No plan applies to Managed services." in page
    url = f"/acme/contracts/{contract.pk}/plan/"
    assert "No plan applies: no rule covers Harbor" in browser.get(url).content.decode()
    sent = {"won_on": "2026-01-01", "version": str(version.pk), "note": ""}
    assert "Say why, for anyone who reads the history." in browser.post(url, sent).content.decode()
    assert browser.post(url, {**sent, "note": "As agreed"}).status_code == 302
    assert browser.post(url, {**sent, "note": "As agreed"}).status_code == 422
    assert f"It is {version}" in browser.get(url).content.decode()
    with tenancy.use(msp.pk):
        assert Pin.objects.get().plan_version == version


def test_the_months_of_a_contract_are_listed_with_their_reasons(msp: Msp, today: date) -> None:
    contract = a_referred(msp, today)
    browser = browse(msp)
    url = f"/acme/commissions/?contract={contract.pk}&columns=why"
    assert (
        url.replace("&", "&amp;").partition("&amp;")[0]
        in browser.get(f"/acme/clients/{contract.client_id}/").content.decode()
    )
    assert "No amount matches" in browser.get(url).content.decode()
    with tenancy.use(msp.pk):
        accruals.accrue(today=today, at=timezone.now())
    page = browser.get(url).content.decode()
    assert "$500.00 once, for the first invoice, paid on" in page
    assert "Harbor &amp; Finch CPAs" in page


def test_a_contract_is_added_to_a_client_that_nobody_introduced(msp: Msp, today: date) -> None:
    with tenancy.use(msp.pk):
        client, line = builders.a_client(), builders.a_service_line()
    sent = {"service_line": str(line.pk), "mrr": "$1,500", "starts_on": today.isoformat(), "first_paid_on": ""}
    browser = browse(msp)
    assert browser.post(f"/acme/clients/{client.pk}/contracts/new/", sent).status_code == 302
    assert "Nobody: no commission is earned" in browser.get(f"/acme/clients/{client.pk}/").content.decode()
    with tenancy.use(msp.pk):
        assert mrr.by_client([client.pk], on=today) == {client.pk: 150_000}


def test_who_may_not_manage_clients_sees_no_button_and_is_refused(msp: Msp, today: date) -> None:
    contract = a_referred(msp, today)
    for role in (Role.FINANCE, Role.READ_ONLY):
        browser = browse(msp, role)
        page = browser.get(f"/acme/clients/{contract.client_id}/")
        assert page.status_code == 200
        assert "They are leaving" not in page.content.decode()
        for path in (f"clients/{contract.client_id}/leaving/", f"contracts/{contract.pk}/movement/"):
            assert browser.get(f"/acme/{path}").status_code == 403


def test_the_client_of_another_msp_is_not_found(msp: Msp, today: date) -> None:
    contract = a_referred(msp, today)
    other = builders.an_msp("Other IT", "other-it")
    user = User.objects.create(name="Otto", email="otto@other.example")
    builders.a_member(other, user=user)
    browser = builders.a_browser(user)
    for path in (f"clients/{contract.client_id}/", f"contracts/{contract.pk}/movement/"):
        assert browser.get(f"/other-it/{path}").status_code == 404


def test_a_day_is_the_one_at_the_msp(msp: Msp) -> None:
    late = datetime(2026, 1, 2, 3, tzinfo=timezone.get_fixed_timezone(0))
    assert msp.today(late) == date(2026, 1, 1)


def test_a_pause_says_before_it_is_saved_what_becomes_of_its_months(msp: Msp, today: date) -> None:
    start = (today - timedelta(days=200)).replace(day=1)
    sentences: dict[Pausing, str] = {
        "clock_stops": "Whole months of a pause are made up at the end of the term.",
        "clock_runs": "The term keeps running during a pause: the partner loses those months.",
    }
    browser = browse(msp)
    for pause, sentence in sentences.items():
        with tenancy.use(msp.pk):
            terms = Percent(basis_points=1_000, pause=pause)
            contract = builders.a_deal(builders.a_partner(f"Partner {pause}"), terms, 200_000, start)
        typed = {"kind": "pause", "effective_on": str(today), "mrr": "", "note": ""}
        shown = browser.get(f"/acme/contracts/{contract.pk}/movement/", typed).content.decode()
        assert "$2,000.00 MRR becomes $0.00" in strip_tags(shown)
        assert sentence in shown


def test_a_client_with_steps_says_that_others_may_move(msp: Msp, today: date) -> None:
    with tenancy.use(msp.pk):
        terms = Tiered(tiers=((0, 500), (300_000, 1_000)), mode="whole")
        plan = builders.a_plan(terms, for_everyone=False)
        partner, start = builders.a_partner(), (today - timedelta(days=100)).replace(day=1)
        contract = builders.a_deal(partner, plan=plan, mrr_minor=200_000, starts_on=start)
        builders.a_deal(partner, plan=plan, mrr_minor=200_000, starts_on=start)
    typed = {"kind": "moved", "effective_on": str(today), "mrr": "2,500", "note": ""}
    shown = browse(msp).get(f"/acme/contracts/{contract.pk}/movement/", typed).content.decode()
    assert "what their other clients earn may move to another step, too" in shown
    assert "$200.00 becomes" in strip_tags(shown), "10% because of the other client, as the accrual has it"


@pytest.mark.parametrize(("cap_minor", "says"), [(50_000, True), (None, False)])
def test_a_forecast_under_a_cap_of_the_year_says_that_it_is_before_the_cap(
    msp: Msp, today: date, cap_minor: int | None, says: bool
) -> None:
    with tenancy.use(msp.pk):
        terms = Percent(basis_points=1_000, cap_year_minor=cap_minor)
        contract = builders.a_deal(builders.a_partner(), terms, 200_000, (today - timedelta(days=100)).replace(day=1))
    address = f"/acme/contracts/{contract.pk}/movement/"
    typed = {"kind": "moved", "effective_on": str(today), "mrr": "2,500", "note": ""}
    browser = browse(msp)
    shown = browser.get(address, typed).content.decode()
    assert "$200.00 becomes $250.00" in strip_tags(shown)
    assert ("These amounts are before the calendar-year cap." in shown) is says
    assert "before the calendar-year cap" not in browser.get(address, {**typed, "mrr": "2,000"}).content.decode()


def test_the_movements_of_all_contracts_stand_on_one_timeline(msp: Msp, today: date) -> None:
    with tenancy.use(msp.pk):
        contract = builders.a_deal(builders.a_partner(), mrr_minor=200_000)
        builders.a_contract(contract.client, 50_000, date(2026, 2, 1), moves={date(2026, 3, 1): 80_000})
    page = browse(msp).get(f"/acme/clients/{contract.client_id}/").content.decode()
    assert "How the MRR moved" in page
    for total in ("2,000.00", "2,500.00", "2,800.00"):
        assert total in page
