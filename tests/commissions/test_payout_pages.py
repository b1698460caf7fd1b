"""The pages of payouts, as the people who use them."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from commissions import payouts
from commissions.models import Entry, Hold, Payout, PayoutRun, PayoutState, RunState, Stage
from commissions.views import run_page
from commissions.views.run_page import FEWEST_LINES, ROWS, rows_of
from elinkages.accounts import doors
from elinkages.accounts.models import Msp
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from tests import builders
from tests.commissions.desks import Desk
from tests.commissions.owing import payable

pytestmark = pytest.mark.django_db


@pytest.fixture
def msp() -> Msp:
    acme = builders.an_msp()
    with tenancy.use(acme.pk):
        for number, minor in enumerate((10_000, 20_000, 4_000), 1):
            payable(builders.a_partner(f"Partner {number}"), minor)
    return acme


@pytest.fixture
def finn(msp: Msp) -> Desk:
    return Desk(msp, Role.FINANCE, "Finn Finance")


@pytest.fixture
def olivia(msp: Msp) -> Desk:
    return Desk(msp, Role.OWNER, "Olivia Owner")


def today(msp: Msp) -> str:
    day = msp.today(timezone.now())
    return day.isoformat()


def opened(desk: Desk) -> PayoutRun:
    assert desk.send("payout-run-new", cutoff_on=today(desk.msp)).status_code == 302
    with tenancy.use(desk.msp.pk):
        return PayoutRun.objects.get(state=RunState.DRAFT)


def released(finn: Desk, olivia: Desk) -> PayoutRun:
    run = opened(finn)
    assert olivia.send("payout-run-approval", run.pk).status_code == 302
    assert finn.send("payout-run-release", run.pk).status_code == 302
    return run


def test_what_the_next_run_would_pay_is_counted_once_the_waiting_one_is_no_more(msp: Msp, finn: Desk) -> None:
    assert "Would be paid now" in finn.open("payout-run-list")
    assert finn.send("payout-run-new", cutoff_on=today(msp)).status_code == 302
    with tenancy.use(msp.pk):
        payable(builders.a_partner("Late Larry"), 9_000)
    with CaptureQueriesContext(connection) as seen:
        shown = finn.open("payout-run-list")
    assert "is waiting for approval" in shown
    assert "Everything payable is in the open run." in shown
    assert "Late Larry" not in shown
    assert "Would be paid now" not in shown
    assert not [query for query in seen if "entry AS MATERIALIZED" in query["sql"] and "'money'" in query["sql"]]
    asked = finn.open("payout-run-list", next="yes")
    assert "Late Larry" in asked
    assert "Would be paid now" in asked
    assert "Open a payout run" not in asked


def test_the_list_previews_the_next_run_with_reasons_and_opens_it(msp: Msp, finn: Desk) -> None:
    text = finn.open("payout-run-list")
    assert "$300.00" in text
    assert "Below the minimum of $50.00" in text
    assert "Open a payout run" in text
    run = opened(finn)
    assert "is waiting for approval" in finn.open("payout-run-list")
    assert "Below the minimum of $50.00" in finn.open("payout-run", run.pk)


def test_few_payouts_show_all_their_lines_and_many_show_the_first_ones(msp: Msp, finn: Desk) -> None:
    with tenancy.use(msp.pk):
        petra = builders.a_partner("Petra")
        for _ in range(FEWEST_LINES + 1):
            payable(petra, 1_000)
    few = finn.open("payout-run", opened(finn).pk)
    with tenancy.use(msp.pk):
        (hers,) = rows_of(list(Payout.objects.filter(partner=petra)))
        assert (len(hers.lines), hers.count) == (FEWEST_LINES + 1, FEWEST_LINES + 1)
        (shown, *_) = rows_of([hers.payout] * ROWS)
        assert (len(shown.lines), shown.count) == (FEWEST_LINES, FEWEST_LINES + 1)
        assert shown.lines == hers.lines[:FEWEST_LINES]
    assert few.count("$10.00") == FEWEST_LINES + 1
    assert " lines of " not in few


def test_the_approver_reads_every_reason_and_approves_with_the_amount_on_the_button(
    msp: Msp, finn: Desk, olivia: Desk
) -> None:
    run = opened(finn)
    text = olivia.open("payout-run", run.pk)
    assert "Approve 2 payouts, " in text
    assert "10% of MRR for January 2026" in text
    assert "This is the first run" in text
    assert olivia.send("payout-run-approval", run.pk).status_code == 302
    assert "Release 2 payouts, " in finn.open("payout-run", run.pk)


def test_of_many_differences_and_many_left_out_the_page_tells_the_first(
    msp: Msp, finn: Desk, olivia: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_page, "TOLD", 1)
    released(finn, olivia)
    with tenancy.use(msp.pk):
        for name, minor in (("Larger", 30_000), ("Smaller", 9_000), ("Too small", 1_000)):
            payable(builders.a_partner(name), minor)
    shown = olivia.open("payout-run", opened(finn).pk)
    assert "<td>Larger</td>" in shown  # by more than those who were paid last time and are missing now
    assert "These moved most. 3 more differ from the last run." in shown
    assert "And 1 more." in shown


def test_who_opened_the_run_is_told_who_may_approve_it(msp: Msp, finn: Desk, olivia: Desk) -> None:
    run = opened(finn)
    text = finn.open("payout-run", run.pk)
    assert "someone else must approve it" in text
    assert "Olivia Owner" in text
    assert "Approve 2 payouts" not in text
    refused = finn.send("payout-run-approval", run.pk)
    assert refused.status_code == 422
    assert "someone else must approve it" in refused.content.decode()


def test_an_owner_who_works_alone_gives_a_reason(msp: Msp, olivia: Desk) -> None:
    Msp.objects.filter(pk=msp.pk).update(
        one_person_approval_at=timezone.now(), one_person_approval_by=olivia.member.user
    )
    run = opened(olivia)
    assert olivia.send("payout-run-approval", run.pk, one_person_reason="").status_code == 422
    assert olivia.send("payout-run-approval", run.pk, one_person_reason="I am alone").status_code == 302
    assert "I am alone" in olivia.open("payout-run", run.pk)


def test_references_are_recorded_line_by_line_and_what_is_empty_stays(msp: Msp, finn: Desk, olivia: Desk) -> None:
    run = released(finn, olivia)
    text = finn.open("payout-run", run.pk)
    names = re.findall(r'name="(reference_\d+)"', text)
    assert len(names) == 2
    answer = finn.send("payout-run-settlement", run.pk, paid_on=today(msp), **{names[0]: "TRX 1", names[1]: ""})
    assert answer.status_code == 302
    with tenancy.use(msp.pk):
        assert list(run.payouts.order_by("number").values_list("state", "reference")) == [
            (PayoutState.PAID, "TRX 1"),
            (PayoutState.SUBMITTED, ""),
        ]
        assert PayoutRun.objects.get().state == RunState.RELEASED


def test_references_that_cannot_be_recorded_are_kept_on_the_page(msp: Msp, finn: Desk, olivia: Desk) -> None:
    run = released(finn, olivia)
    name = re.findall(r'name="(reference_\d+)"', finn.open("payout-run", run.pk))[0]
    answer = finn.send("payout-run-settlement", run.pk, paid_on="2099-01-01", **{name: "TRX 1"})
    assert answer.status_code == 422
    assert "in the future" in answer.content.decode()
    assert 'value="TRX 1"' in answer.content.decode()
    empty = finn.send("payout-run-settlement", run.pk, paid_on=today(msp))
    assert "Enter at least one reference" in empty.content.decode()


def test_a_payout_is_followed_from_the_bank_and_back(msp: Msp, finn: Desk, olivia: Desk) -> None:
    released(finn, olivia)
    with tenancy.use(msp.pk):
        first, second = Payout.objects.order_by("number")
    assert finn.send("payout-settlement", first.pk, reference="TRX 9", paid_on=today(msp)).status_code == 302
    assert "TRX 9" in finn.open("statement", first.pk)
    assert finn.send("payout-return", first.pk, reason="Account closed").status_code == 302
    assert "Account closed" in finn.open("payout", first.pk)
    assert finn.send("payout-failure", second.pk, reason="").status_code == 422
    assert finn.send("payout-failure", second.pk, reason="Wrong number").status_code == 302
    with tenancy.use(msp.pk):
        assert set(Entry.objects.values_list("stage", flat=True)) == {Stage.PAYABLE}
        assert PayoutRun.objects.get().state == RunState.CLOSED


def test_a_form_that_is_sent_twice_has_one_effect(msp: Msp, finn: Desk, olivia: Desk) -> None:
    released(finn, olivia)
    with tenancy.use(msp.pk):
        payout = Payout.objects.order_by("number").first()
    assert payout is not None
    data = {"reference": "TRX 9", "paid_on": today(msp), "_once": "0b0e6f0a-0000-4000-8000-000000000001"}
    assert finn.send("payout-settlement", payout.pk, **data).status_code == 302
    assert finn.send("payout-settlement", payout.pk, **data).status_code == 303
    with tenancy.use(msp.pk):
        assert payout.postings.filter(journal__kind="settle").count() == 1


def test_the_list_for_the_bank_is_refused_before_the_release_and_the_same_afterwards(
    msp: Msp, finn: Desk, olivia: Desk
) -> None:
    run = opened(finn)
    url = doors.url("dashboard", msp, "dashboard:payout-run-file", run.pk)
    assert finn.browser.get(url).status_code == 409
    olivia.send("payout-run-approval", run.pk)
    finn.send("payout-run-release", run.pk)
    first, second = finn.browser.get(url), finn.browser.get(url)
    assert first.content == second.content
    assert first.headers["Content-Disposition"] == f'attachment; filename="payout-run-{run.number}.csv"'
    assert b"Partner 1,100.00,USD,ELK-" in first.content


def test_a_run_and_one_payout_are_cancelled_with_a_reason(msp: Msp, finn: Desk, olivia: Desk) -> None:
    run = opened(finn)
    with tenancy.use(msp.pk):
        payout = Payout.objects.order_by("number").first()
    assert payout is not None
    assert finn.send("payout-cancellation", payout.pk, reason="Dispute").status_code == 302
    assert finn.send("payout-run-cancellation", run.pk, reason="Wrong day").status_code == 302
    assert "Wrong day" in finn.open("payout-run", run.pk)
    assert olivia.send("payout-run-approval", run.pk).status_code == 422


def test_a_hold_keeps_a_partner_out_of_the_next_run_until_it_is_lifted(msp: Msp, finn: Desk) -> None:
    with tenancy.use(msp.pk):
        partner = Entry.objects.order_by("pk")[0].partner
    url = doors.url("dashboard", msp, "dashboard:hold-new") + f"?partner={partner.pk}"
    assert finn.browser.get(url).status_code == 200
    assert finn.browser.post(url, {"reason": "W-9 missing"}).status_code == 302
    assert "On hold: W-9 missing" in finn.open("payout-run-list")
    with tenancy.use(msp.pk):
        hold = Hold.objects.get()
    assert "W-9 missing" in finn.open("hold-lifting", hold.pk)
    assert finn.send("hold-lifting", hold.pk).status_code == 302
    assert "W-9 missing" not in finn.open("payout-run-list")
    assert finn.browser.get(doors.url("dashboard", msp, "dashboard:hold-new") + "?partner=x").status_code == 404


@pytest.mark.parametrize("role", [Role.MANAGER, Role.READ_ONLY])
def test_who_does_not_manage_payouts_reads_but_changes_nothing(role: str, msp: Msp, finn: Desk) -> None:
    reader = Desk(msp, role, "Rita Reader")
    run = opened(finn)
    with tenancy.use(msp.pk):
        payout = Payout.objects.first()
    assert payout is not None
    assert "Approve 2 payouts" not in reader.open("payout-run", run.pk)
    assert "Open a payout run" not in reader.open("payout-run-list")
    reader.open("payout", payout.pk)
    for name in ("payout-run-approval", "payout-run-release", "payout-run-cancellation", "payout-run-settlement"):
        assert reader.send(name, run.pk).status_code == 403, name
    for name in ("payout-settlement", "payout-failure", "payout-return", "payout-cancellation"):
        assert reader.send(name, payout.pk).status_code == 403, name


def test_nothing_to_pay_is_said_and_what_was_typed_is_kept(finn: Desk, msp: Msp) -> None:
    answer = finn.send("payout-run-new", cutoff_on="2020-01-01")
    assert answer.status_code == 422
    assert "Nobody is owed enough" in answer.content.decode()
    assert 'value="2020-01-01"' in answer.content.decode()


def test_another_msps_run_is_not_found(msp: Msp, finn: Desk) -> None:
    run = opened(finn)
    stranger = Desk(builders.an_msp("Other IT"), Role.OWNER, "Stranger")
    for name in ("payout-run", "payout-run-approval", "payout-run-file"):
        assert (
            stranger.browser.get(doors.url("dashboard", stranger.msp, f"dashboard:{name}", run.pk)).status_code == 404
        )


def test_the_pages_ask_as_many_questions_for_many_partners_as_for_few(msp: Msp, finn: Desk) -> None:
    def counts() -> dict[str, int]:
        with tenancy.use(msp.pk):
            run = PayoutRun.objects.order_by("-number").first()
            assert run is not None
            payout = run.payouts.order_by("number").first()
            assert payout is not None
        found = {}
        for name, args in (("payout-run-list", ()), ("commission-list", ()), ("payout-run", (run.pk,))):
            with CaptureQueriesContext(connection) as asked:
                finn.open(name, *args)
            found[name] = len(asked)
        return found

    run = opened(finn)
    counts()  # the first page of a session notes that it was seen
    few = counts()
    with tenancy.use(msp.pk):
        payouts.cancel(run, reason="Again", by=finn.member, at=timezone.now())
        for number in range(20):
            partner = builders.a_partner(f"More {number}")
            payable(partner, 10_000, contract=builders.a_deal(partner))
            payable(partner, 7_000)
    opened(finn)
    many = counts()
    assert {name: many[name] - few[name] for name in few} == {
        "payout-run-list": 0,
        "commission-list": 1,  # all sums, because there are new journals
        "payout-run": 1,
    }


def test_a_parked_msp_is_told_that_payouts_are_stopped(msp: Msp, finn: Desk) -> None:
    Msp.objects.filter(pk=msp.pk).update(parked_at=timezone.now(), parked_reason="I10 differs")
    text = finn.open("payout-run-list")
    assert "Payouts are stopped" in text
    assert "Open a payout run" not in text
    refused = finn.send("payout-run-new", cutoff_on=today(msp))
    assert refused.status_code == 422
    assert "I10 differs" in refused.content.decode()
