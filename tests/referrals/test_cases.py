"""Competing claims: a case holds the money, collects the evidence, and ends in a decision that everybody reads."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client as Browser

from commissions import accruals, invariants, payouts
from commissions.models import Entry, Stage
from elinkages.audit import trail
from elinkages.kernel import tenancy
from elinkages.kernel.actors import System
from elinkages.mail.models import Message
from referrals import attribution, cases, decisions, pipeline, splits
from referrals.models import Case, CaseNote, Channel, Claim, Contract, Credit, FindingState, Outcome, Referral
from tests.builders import a_deal, a_partner, a_referral
from tests.referrals.conftest import FIRST, House, text_of

AT = datetime(2026, 3, 2, 15, tzinfo=UTC)
LATER, TODAY = datetime(2026, 6, 20, 15, tzinfo=UTC), date(2026, 6, 20)
BY = System("Test")


def opened(house: House, referral: Referral, **facts: Any) -> Case:
    facts = {
        "claimant": house.lake,
        "statement": "We had lunch with them in May.",
        "by": house.owner,
        "at": AT,
        **facts,
    }
    return cases.open_case(referral, **facts)


def held(referral: Referral) -> dict[str, int]:
    return dict(Credit.objects.filter(referral=referral).values_list("partner__name", "basis_points"))


def decide(house: House, case: Case, outcome: str, shares: Any = (), at: datetime = LATER) -> Case:
    return cases.decide(case, outcome=outcome, decision="Their e-mail is older.", shares=shares, by=house.owner, at=at)


def owed(house: House) -> dict[str, int]:
    totals: dict[str, int] = {}
    for entry in Entry.objects.exclude(stage=Stage.VOID).select_related("partner"):
        totals[entry.partner.name] = totals.get(entry.partner.name, 0) + entry.minor
    return totals


def test_a_case_has_everybody_in_it_and_tells_neither_of_the_other(inside: House) -> None:
    referral = a_referral(inside.harbor, "Mesa Logistics")
    case = opened(inside, referral)
    assert case.due_on == date(2026, 3, 16)
    assert set(case.claims.values_list("partner__name", "is_holder")) == {
        ("Harbor & Finch CPAs", True),
        ("Lakeside Advisory", False),
    }
    letters = {letter.to: letter for letter in Message.objects.all()}
    assert {inside.dana.email, inside.lena.email} <= set(letters)
    assert "Lakeside" not in letters[inside.dana.email].text
    assert "Harbor" not in letters[inside.lena.email].text
    assert Referral.objects.get(pk=referral.pk).review_waits


def test_nothing_is_paid_while_it_is_open(inside: House) -> None:
    contract = a_deal(inside.harbor)
    referral = contract.client.referral
    assert referral
    accruals.accrue(today=TODAY, at=LATER)
    accruals.release(today=TODAY, at=LATER)
    assert payouts.outlook(TODAY).minor > 0
    case = opened(inside, referral, at=LATER)
    assert payouts.outlook(TODAY).minor == 0
    with pytest.raises(payouts.NothingToPay):
        payouts.open_run(cutoff_on=TODAY, by=inside.owner, at=LATER)
    decide(inside, case, Outcome.KEEP)
    assert payouts.outlook(TODAY).minor > 0
    assert held(referral) == {"Harbor & Finch CPAs": 10_000}


def test_a_run_that_is_open_already_is_not_approved_over_a_case(inside: House) -> None:
    contract = a_deal(inside.harbor)
    accruals.accrue(today=TODAY, at=LATER)
    accruals.release(today=TODAY, at=LATER)
    run = payouts.open_run(cutoff_on=TODAY, by=inside.manager, at=LATER).run
    assert contract.client.referral
    opened(inside, contract.client.referral, at=LATER)
    with pytest.raises(Exception, match="cannot be paid now"):
        payouts.approve(run, by=inside.owner, at=LATER)


def paid(house: House, contract: Contract) -> None:
    accruals.accrue(today=TODAY, at=LATER)
    accruals.release(today=TODAY, at=LATER)
    run = payouts.open_run(cutoff_on=TODAY, by=house.manager, at=LATER).run
    payouts.approve(run, by=house.owner, at=LATER)
    payouts.release(run, by=house.manager, at=LATER)
    for payout in run.payouts.all():
        payouts.settle(payout, reference="ACH 1", paid_on=TODAY, by=house.manager, at=LATER)


@pytest.mark.parametrize("is_paid", [False, True])
def test_after_a_win_commissions_follow_as_differences(inside: House, is_paid: bool) -> None:
    contract = a_deal(inside.harbor)
    referral = contract.client.referral
    assert referral
    if is_paid:
        paid(inside, contract)
    else:
        accruals.accrue(today=TODAY, at=LATER)
    before = owed(inside)
    assert set(before) == {"Harbor & Finch CPAs"}
    decide(inside, opened(inside, referral, at=LATER), Outcome.TRANSFER, [(inside.lake, 10_000)])
    assert held(referral) == {"Lakeside Advisory": 10_000}
    accruals.accrue(today=TODAY, at=LATER)
    after = owed(inside)
    assert after["Lakeside Advisory"] == before["Harbor & Finch CPAs"]
    assert after.get("Harbor & Finch CPAs", 0) == 0
    assert invariants.check(today=TODAY) == []


def test_sharing_after_a_win_loses_no_cent(inside: House) -> None:
    contract = a_deal(inside.harbor, mrr_minor=100_001)
    referral = contract.client.referral
    assert referral
    paid(inside, contract)
    total = sum(owed(inside).values())
    shares = [(inside.harbor, 3_333), (inside.lake, 6_667)]
    decide(inside, opened(inside, referral, at=LATER), Outcome.SPLIT, shares)
    accruals.accrue(today=TODAY, at=LATER)
    assert sum(owed(inside).values()) == total
    assert invariants.check(today=TODAY) == []


def test_everybody_reads_the_decision_with_their_own_share(inside: House) -> None:
    referral = a_referral(inside.harbor, "Mesa Logistics")
    case = opened(inside, referral)
    Message.objects.all().delete()
    decide(inside, case, Outcome.SPLIT, [(inside.harbor, 7_000), (inside.lake, 3_000)])
    texts = dict(Message.objects.values_list("to", "text"))
    assert "Your share of the credit is 70%." in texts[inside.dana.email]
    assert "Your share of the credit is 30%." in texts[inside.lena.email]
    assert all("Their e-mail is older." in text for text in texts.values())
    assert not Referral.objects.get(pk=referral.pk).review_waits
    assert [event.action for event in trail.history(referral)][:2] == ["credit.shared", "case.decided"]


def test_credit_is_changed_nowhere_else_meanwhile(inside: House) -> None:
    referral = a_referral(inside.harbor)
    opened(inside, referral)
    shares = [(inside.lake, 10_000)]
    with pytest.raises(attribution.Contested):
        attribution.share(referral, shares, by=inside.owner, at=AT)
    with pytest.raises(attribution.Contested):
        splits.propose(referral, shares, by=inside.owner, at=AT)
    with pytest.raises(attribution.Contested):
        attribution.withdraw(referral, by=inside.owner, at=AT, reason="x")


def test_a_third_partner_joins_the_open_case_once(inside: House) -> None:
    referral, third = a_referral(inside.harbor), a_partner("Third Party")
    case = opened(inside, referral)
    assert opened(inside, referral, claimant=third) == case
    assert case.claims.count() == 3
    with pytest.raises(cases.AlreadyClaimed):
        opened(inside, referral, claimant=third)
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.create(referral=referral, company="x", opened_at=AT, opened_by_name="x", due_on=TODAY)


def test_cases_that_cannot_be_are_refused(inside: House) -> None:
    referral = a_referral(inside.harbor)
    with pytest.raises(cases.NothingToContest):
        opened(inside, referral, claimant=inside.harbor)
    with pytest.raises(cases.BadDecision):
        opened(inside, referral, statement=" ")
    for day in (AT.date() - timedelta(days=1), AT.date() + timedelta(days=181)):
        with pytest.raises(cases.BadDeadline):
            opened(inside, referral, due_on=day)
    assert not Case.objects.exists()


def test_decisions_that_cannot_be_are_refused(inside: House) -> None:
    referral, third = a_referral(inside.harbor), a_partner("Third Party")
    case = opened(inside, referral)
    bad: list[tuple[str, Any]] = [
        ("", ()),
        ("shrug", ()),
        (Outcome.TRANSFER, ()),
        (Outcome.TRANSFER, [(inside.lake, 9_000)]),
        (Outcome.TRANSFER, [(third, 10_000)]),
        (Outcome.SPLIT, [(third, 5_000), (inside.lake, 5_000)]),
        (Outcome.KEEP, [(inside.lake, 10_000)]),
    ]
    for outcome, shares in bad:
        with pytest.raises(cases.BadDecision):
            decide(inside, case, outcome, shares)
    with pytest.raises(attribution.SharesRefused):
        decide(inside, case, Outcome.SPLIT, [(inside.harbor, 6_000), (inside.lake, 5_000)])
    with pytest.raises(cases.BadDecision):
        cases.decide(case, outcome=Outcome.KEEP, decision=" ", by=inside.owner, at=LATER)
    assert Case.objects.get().is_open
    assert held(referral) == {"Harbor & Finch CPAs": 10_000}


def test_a_case_is_decided_once_and_then_closed(inside: House) -> None:
    case = opened(inside, a_referral(inside.harbor))
    decide(inside, case, Outcome.KEEP)
    for refused in (
        lambda: decide(inside, case, Outcome.TRANSFER, [(inside.lake, 10_000)]),
        lambda: cases.note(case, "One more thing", by=inside.owner, at=LATER),
        lambda: cases.postpone(case, due_on=TODAY + timedelta(days=9), by=inside.owner, at=LATER),
    ):
        with pytest.raises(cases.CaseOver):
            refused()


def test_evidence_cannot_be_changed(inside: House) -> None:
    note = cases.note(opened(inside, a_referral(inside.harbor)), "An e-mail of May 3.", by=inside.owner, at=AT)
    with pytest.raises(Exception, match=r"append-only|permission denied"), transaction.atomic():
        CaseNote.objects.filter(pk=note.pk).update(text="Nothing")


def test_a_partner_contests_a_duplicate_of_its_own(inside: House) -> None:
    first = pipeline.submit(inside.harbor, channel=Channel.PORTAL, by=inside.dana, at=AT, **FIRST)
    later = pipeline.submit(inside.lake, channel=Channel.PORTAL, by=inside.lena, at=AT, **FIRST)
    with pytest.raises(cases.NothingToContest):
        cases.contest(later, statement="Ours!", by=inside.lena, at=AT)
    decisions.decide(later.findings.get(), state=FindingState.SAME, by=inside.owner, at=AT)
    later.refresh_from_db()
    case = cases.contest(later, statement="We told you in April.", by=inside.lena, at=AT)
    assert case.referral == first
    assert case.claims.get(partner=inside.lake).own_referral == later


# Pages


def test_the_team_opens_notes_postpones_and_decides(house: House, browser: Browser) -> None:
    with tenancy.use(house.msp.pk):
        referral = a_referral(house.harbor, "Mesa Logistics")
    base = f"/{house.msp.slug}"
    new = f"{base}/referrals/{referral.pk}/case/"
    assert browser.get(new).status_code == 200
    assert "No partner's name begins with" in text_of(browser.post(new, {"partner_name": "Nobody", "statement": "x"}))
    assert browser.post(new, {"partner_name": "Harbor", "statement": "x"}).status_code == 422
    answer = browser.post(new, {"partner_name": "Lakeside", "statement": "Lunch in May", "due_on": ""})
    assert answer.status_code == 302
    case = answer["Location"]
    assert "Lunch in May" in text_of(browser.get(case))
    assert "Mesa Logistics" in text_of(browser.get(f"{base}/cases/"))
    assert "The credit is contested." in text_of(browser.get(f"{base}/referrals/{referral.pk}/"))
    assert browser.get(f"{base}/referrals/{referral.pk}/credit/").status_code == 409
    assert browser.post(f"{case}notes/", {"text": ""}).status_code == 422
    assert browser.post(f"{case}notes/", {"text": "Their invoice"}).status_code == 302
    assert browser.post(f"{case}deadline/", {"due_on": "2020-01-01"}).status_code == 422
    assert browser.post(f"{case}decision/", {"outcome": "transfer", "decision": "Older"}).status_code == 422
    with tenancy.use(house.msp.pk):
        lake = str(house.lake.pk)
    lines = {"share-TOTAL_FORMS": "2", "share-INITIAL_FORMS": "2"}
    over = {
        **lines,
        "outcome": "split",
        "decision": "Both",
        "share-0-partner": str(house.harbor.pk),
        "share-0-partner_name": "Harbor & Finch CPAs",
        "share-0-share": "60",
        "share-1-partner": lake,
        "share-1-partner_name": "Lakeside Advisory",
        "share-1-share": "50",
    }
    assert "add up to 110%" in text_of(browser.post(f"{case}decision/", over))
    passed = browser.post(f"{case}decision/", {**over, "outcome": "transfer", "heir": lake})
    assert passed.status_code == 302
    assert browser.get(f"{case}decision/").status_code == 409
    with tenancy.use(house.msp.pk):
        assert held(referral) == {"Lakeside Advisory": 10_000}
    assert "Mesa Logistics" not in text_of(browser.get(f"{base}/cases/"))
    assert "Mesa Logistics" in text_of(browser.get(f"{base}/cases/?show=all"))


def test_a_partner_who_added_evidence_has_said_something(house: House, browser: Browser) -> None:
    with tenancy.use(house.msp.pk):
        case = opened(house, a_referral(house.harbor, "Mesa Logistics"))
        cases.note(case, "Call Harbor", by=house.owner, at=AT)
    address = f"/{house.msp.slug}/cases/{case.pk}/"
    assert "Has not said anything yet." in text_of(browser.get(address))
    with tenancy.use(house.msp.pk):
        cases.note(case, "Our e-mail of May 3", partner=house.harbor, by=house.dana, at=AT)
    page = text_of(browser.get(address))
    assert "Has not said anything yet." not in page
    assert "See what they added to the" in page


def test_a_partner_sees_its_own_part_of_a_case_and_nothing_of_the_others(house: House, client: Browser) -> None:
    with tenancy.use(house.msp.pk):
        case = opened(house, a_referral(house.harbor, "Mesa Logistics"))
        cases.note(case, "Secret of the team", by=house.owner, at=AT)
        cases.note(case, "Secret of Harbor", partner=house.harbor, by=house.dana, at=AT)
        third = a_partner("Third Party")
    client.force_login(house.lake_login.user)
    address = f"/p/{house.msp.slug}/credit/cases/{case.pk}/"
    page = text_of(client.get(address))
    assert "We had lunch with them in May." in page
    assert "Secret" not in page
    assert "Harbor" not in page
    assert client.post(address, {"text": " "}).status_code == 422
    assert client.post(address, {"text": "Here is the mail."}).status_code == 302
    assert "Here is the mail." in text_of(client.get(address))
    with tenancy.use(house.msp.pk, partner_id=house.lake.pk):
        assert set(Claim.objects.values_list("partner", flat=True)) == {house.lake.pk}
        assert set(CaseNote.objects.values_list("partner", flat=True)) == {house.lake.pk}
    with tenancy.use(house.msp.pk, partner_id=third.pk):
        assert not Case.objects.exists()
