"""Earnings: where every amount stands and why, for the partner and for nobody else."""

from collections.abc import Iterator
from datetime import date

import pytest
from django.db import connection
from django.test import Client as Browser

from commissions import earnings, holds, payouts
from commissions.models import Entry, Payout, Stage
from elinkages.accounts import doors
from elinkages.accounts.models import Membership, Msp
from elinkages.accounts.rights import Role
from elinkages.audit import trail
from elinkages.kernel import tenancy
from partners.models import Partner, PartnerLogin
from tests import builders
from tests.commissions.owing import accrued, noon, payable

pytestmark = pytest.mark.django_db

DAY = date(2026, 2, 2)


@pytest.fixture
def msp() -> Msp:
    return builders.an_msp()


@pytest.fixture
def inside(msp: Msp) -> Iterator[Msp]:
    with tenancy.use(msp.pk):
        yield msp


def paid(partner: Partner, msp: Msp) -> Payout:
    """A whole run that pays the partner what is payable."""
    finn = builders.a_member(msp, Role.FINANCE, "Finn Finance")
    olivia = builders.a_member(msp, Role.OWNER, "Olivia Owner")
    run = payouts.open_run(cutoff_on=DAY, by=finn, at=noon(DAY)).run
    payouts.approve(run, by=olivia, at=noon(DAY))
    payouts.release(run, by=finn, at=noon(DAY))
    return payouts.settle(run.payouts.get(partner=partner), reference="TRX 1", paid_on=DAY, by=finn, at=noon(DAY))


def test_totals_say_where_each_amount_stands(inside: Msp) -> None:
    petra = builders.a_partner()
    payable(petra, 10_000)
    paid(petra, inside)
    payable(petra, 700)
    accrued(petra, 30, hold_until=date(2026, 3, 1))
    void = accrued(petra, 5)
    Entry.objects.filter(pk=void.pk).update(stage=Stage.VOID, voided_on=date(2026, 2, 2))
    standing = earnings.totals(petra)
    assert standing == earnings.Totals(accrued=30, payable=700, paid=10_000)
    assert standing.earned == 10_730
    assert [(month.month, month.totals.earned) for month in earnings.months(petra)] == [(date(2026, 1, 1), 10_730)]
    assert earnings.releases(petra) == [earnings.Release(date(2026, 3, 1), 30, 1)]


@pytest.mark.parametrize(
    ("payable_minor", "is_held", "words"),
    [
        (12_345, False, "$123.45 is ready for the next payout run."),
        (4_999, False, "Payouts start at $50.00. $0.01 more, and it will be in the next payout run."),
        (0, False, "Nothing is waiting for the next payout run."),
        (-500, False, "$5.00 is taken back from what you earn next, because a client left early."),
        (12_345, True, "Payouts are on hold. Ask Acme IT what is missing."),
    ],
)
def test_what_is_next_is_said_in_words(payable_minor: int, is_held: bool, words: str, msp: Msp) -> None:
    assert earnings.what_is_next(earnings.Totals(payable=payable_minor), msp, is_held=is_held) == words


def test_an_amount_explains_its_share_and_what_was_counted_before(inside: Msp) -> None:
    petra, ben = builders.a_partner("Petra"), builders.a_partner("Ben")
    contract = builders.a_deal(petra, shares={petra: 6_000, ben: 4_000})
    from commissions import accruals

    accruals.accrue(today=date(2026, 2, 3), at=noon(date(2026, 2, 3)))
    builders.a_movement(contract, date(2026, 1, 1), 200_000)
    accruals.accrue(today=date(2026, 2, 4), at=noon(date(2026, 2, 4)))
    first, second = Entry.objects.filter(partner=petra).order_by("pool__seq")
    assert (first.minor, second.minor) == (6_000, 6_000)
    told = earnings.explain(second)
    assert told.share == "your 60% share of $200.00"
    assert (told.step.target, told.step.before, told.step.minor) == (12_000, 6_000, 6_000)
    assert told.origin.client == contract.client.name
    assert list(told.siblings) == [first]
    assert earnings.explain(first).step.is_difference is False


# --- through the doors -------------------------------------------------------------------------------------------


class Party:
    """A partner with a login, an accrued amount and a paid one."""

    def __init__(self, msp: Msp, name: str) -> None:
        with tenancy.use(msp.pk):
            self.partner = builders.a_partner(name)
            self.login: PartnerLogin = builders.a_login(self.partner)
            contract = builders.a_deal(self.partner)
            self.client_name = contract.client.name
            payable(self.partner, 10_000, contract=contract)
            self.payout = paid(self.partner, msp)
            self.entry = accrued(self.partner, 4_242, hold_until=date(2030, 1, 1), contract=contract)
        self.browser = Browser()
        self.browser.force_login(self.login.user)


@pytest.fixture
def petra(msp: Msp) -> Party:
    return Party(msp, "Petra Park CPA")


@pytest.fixture
def ben(msp: Msp) -> Party:
    return Party(msp, "Ben Broker")


def test_a_partner_sees_what_they_earned_and_until_when_it_is_held(msp: Msp, petra: Party) -> None:
    answer = petra.browser.get(doors.url("portal", msp, "portal:earnings"))
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "$42.42" in text
    assert "Jan 1, 2030" in text
    assert "$100.00" in text
    assert petra.client_name in text


def test_a_partner_opens_an_amount_and_reads_why(msp: Msp, petra: Party) -> None:
    answer = petra.browser.get(doors.url("portal", msp, "portal:entry", petra.entry.pk))
    text = answer.content.decode()
    assert "10% of MRR for January 2026" in text
    assert "Held until" in text


def test_a_partner_reads_the_statement_of_a_payout(msp: Msp, petra: Party) -> None:
    listed = petra.browser.get(doors.url("portal", msp, "portal:statement-list")).content.decode()
    assert "TRX 1" in listed
    text = petra.browser.get(doors.url("portal", msp, "portal:statement", petra.payout.pk)).content.decode()
    assert "Petra Park CPA" in text
    assert "TRX 1" in text
    assert f"ELK-{petra.payout.number}" in text


def test_a_partner_cannot_see_another_partners_statement_or_amount(msp: Msp, petra: Party, ben: Party) -> None:
    for name, row in (("portal:statement", ben.payout), ("portal:entry", ben.entry)):
        assert petra.browser.get(doors.url("portal", msp, name, row.pk)).status_code == 404
    assert "Ben" not in petra.browser.get(doors.url("portal", msp, "portal:earnings")).content.decode()


def test_the_portals_role_sees_one_partners_money_by_policy_alone(msp: Msp, petra: Party, ben: Party) -> None:
    with tenancy.use(msp.pk, partner_id=petra.partner.pk), connection.cursor() as cursor:
        for table in ("commissions_entry", "commissions_payout", "commissions_payoutitem", "commissions_pool"):
            cursor.execute(f"SELECT count(*) FROM {table}")
            mine = cursor.fetchone()[0]
            assert mine == (1 if "payout" in table else 2), table


def test_a_voided_amount_and_a_proposal_are_not_shown(msp: Msp, petra: Party) -> None:
    with tenancy.use(msp.pk):
        Entry.objects.filter(pk=petra.entry.pk).update(stage=Stage.VOID, voided_on=date(2026, 2, 2))
        payable(petra.partner, 10_000)
        finn = builders.a_member(msp, Role.FINANCE, "Fay Finance")
        draft = payouts.open_run(cutoff_on=DAY, by=finn, at=noon(DAY)).run.payouts.get()
    assert petra.browser.get(doors.url("portal", msp, "portal:entry", petra.entry.pk)).status_code == 404
    assert petra.browser.get(doors.url("portal", msp, "portal:statement", draft.pk)).status_code == 404


def test_a_hold_is_told_to_the_partner_with_its_reason(msp: Msp, petra: Party) -> None:
    with tenancy.use(msp.pk):
        by = builders.a_member(msp, Role.FINANCE, "Fay Finance")
        hold = holds.place(petra.partner, reason="We need your W-9", by=by, at=noon(DAY))
    assert "We need your W-9" in petra.browser.get(doors.url("portal", msp, "portal:earnings")).content.decode()
    with tenancy.use(msp.pk):
        holds.lift(hold, by=by, at=noon(DAY))
        with pytest.raises(holds.AlreadyLifted):
            holds.lift(hold, by=by, at=noon(DAY))
    assert "We need your W-9" not in petra.browser.get(doors.url("portal", msp, "portal:earnings")).content.decode()


def test_a_hold_on_a_contract_is_in_the_history_of_its_client(msp: Msp, petra: Party) -> None:
    with tenancy.use(msp.pk):
        contract = builders.a_deal(petra.partner)
        by = builders.a_member(msp, Role.FINANCE, "Fay Finance")
        holds.lift(holds.place(contract, reason="They dispute it", by=by, at=noon(DAY)), by=by, at=noon(DAY))
        told = [(event.action, event.facts) for event in trail.history(contract.client)]
    facts = {"contract": "Managed services", "reason": "They dispute it"}
    assert told == [("hold.lifted", facts), ("hold.placed", facts)]


@pytest.fixture
def olivia(msp: Msp) -> Membership:
    return builders.a_member(msp, Role.OWNER, "Olivia Owner")


@pytest.fixture
def office(olivia: Membership) -> Browser:
    return builders.a_browser(olivia.user)


def test_the_list_of_commissions_is_filtered_by_stage_month_kind_and_partner(
    msp: Msp, office: Browser, petra: Party, ben: Party
) -> None:
    url = doors.url("dashboard", msp, "dashboard:commission-list")

    def rows(**query: str) -> int:
        return office.get(url, query).content.decode().count("row-link")

    assert rows() == 4
    assert rows(stage="accrued") == 2
    assert rows(stage="accrued", partner=str(petra.partner.pk)) == 1
    assert rows(q="petra") == 2
    assert rows(month="2026-01") == 4
    assert rows(month="2025-01") == 0
    assert rows(kind="clawback") == 0
    assert rows(stage="nonsense", month="x", partner="y", kind="z") == 4


def test_an_amount_opens_to_its_reason_its_postings_and_its_payout(msp: Msp, office: Browser, petra: Party) -> None:
    with tenancy.use(msp.pk):
        entry = Entry.objects.get(partner=petra.partner, stage=Stage.PAID)
    text = office.get(doors.url("dashboard", msp, "dashboard:entry", entry.pk)).content.decode()
    assert "10% of MRR for January 2026" in text
    assert "Commission expense" in text or "Accrued" in text
    assert f"Payout {petra.payout.number}" in text


def test_another_msps_amount_is_not_found(office: Browser, msp: Msp) -> None:
    other = builders.an_msp("Other IT")
    stranger = Party(other, "Stranger")
    assert office.get(doors.url("dashboard", msp, "dashboard:entry", stranger.entry.pk)).status_code == 404
    assert office.get(doors.url("dashboard", msp, "dashboard:statement", stranger.payout.pk)).status_code == 404
