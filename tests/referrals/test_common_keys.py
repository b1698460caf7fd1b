"""A domain or number that many companies share is set aside: what rests on it alone is closed at once, and undoably."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client as Browser

from elinkages.accounts.rights import Role
from elinkages.audit import trail
from elinkages.kernel import tenancy
from elinkages.kernel.actors import System
from elinkages.mail.models import Message
from partners.models import Partner
from referrals import clients, common_keys, decisions, pipeline, tasks
from referrals.models import Channel, CommonKey, Credit, Finding, FindingState, LostReason, Referral, Stage
from tests import builders
from tests.referrals.conftest import House, path, text_of

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
LATER = AT + timedelta(days=1)
BY = System("Test")
HOST, NUMBER = "mailhost.example", "+16175550142"
NAMES = ("Acorn Dental", "Birch Legal", "Cedar Travel", "Dogwood Books", "Elm Plumbing")


def send(partner: Partner, company: str, website: str = f"https://{HOST}", **facts: Any) -> Referral:
    return pipeline.submit(partner, company=company, channel=Channel.DASHBOARD, by=BY, at=AT, website=website, **facts)


def shops(house: House, count: int = 4) -> list[Referral]:
    return [send(house.harbor, name) for name in NAMES[:count]]


def set_aside(house: House, key: str = HOST, kind: str = "domain") -> CommonKey:
    shown = common_keys.effect(kind, key).matches
    return common_keys.set_aside(kind, key, shown=shown, by=house.owner, at=AT)


def waiting() -> int:
    return Finding.objects.waiting().count()


def credited(*referrals: Referral) -> list[bool]:
    return [Credit.objects.filter(referral=one).exists() for one in referrals]


def test_what_rests_on_it_alone_is_closed_with_its_reason_and_the_credit_is_given(inside: House) -> None:
    first, *others = shops(inside)
    assert (waiting(), credited(first, *others)) == (6, [True, False, False, False])
    assert common_keys.effect("domain", HOST) == common_keys.Effect(sharing=4, matches=6, credited=3)
    common = set_aside(inside)
    assert (waiting(), credited(first, *others)) == (0, [True] * 4)
    assert common.settled_at == AT
    finding = others[0].findings.get()
    assert (finding.state, finding.decided_by_name, finding.common_key) == (
        FindingState.DIFFERENT,
        "Olga Owner",
        common,
    )
    assert finding.decision_note == f"Many companies share {HOST}, so it was set aside."
    assert [event.action for event in trail.history(others[0])][:2] == ["credit.given", "match.set_aside"]
    assert [event.action for event in trail.history(common)] == ["common_key.set_aside"]
    assert Message.objects.filter(key__startswith="referral-credited").count() == 3


def test_from_then_on_it_raises_nothing_by_itself(inside: House) -> None:
    shops(inside)
    set_aside(inside)
    late = send(inside.lake, NAMES[4])
    clients.create(name="Fir Bakery", since_on=AT.date(), website=HOST, by=inside.owner, at=AT)
    assert waiting() == 0
    assert credited(late) == [True]
    assert send(inside.lake, "Another One").findings.count() == 0
    history = pipeline.submit_history([_told(inside.lake, f"Shop {number}") for number in range(3)], by=BY, at=AT)
    assert not Finding.objects.filter(referral__in=history).exists()


def test_what_shares_anything_else_or_nearly_the_name_is_shown_and_withholds_as_before(inside: House) -> None:
    first, *_ = shops(inside)
    set_aside(inside)
    by_mail = send(inside.lake, "Somebody Else", contact_phone=NUMBER)
    again = send(inside.harbor, "Unrelated Name", contact_phone=NUMBER)
    similar = send(inside.lake, "Acorn Dentall")
    same = send(inside.lake, "Acorn Dental")
    assert credited(by_mail, again, similar, same) == [True, False, False, False]
    assert {key["kind"] for key in again.findings.get().evidence["keys"]} == {"domain", "phone"}
    assert similar.findings.get(other_referral=first).evidence["withholds"]
    assert {key["kind"] for key in same.findings.get(other_referral=first).evidence["keys"]} == {"company", "domain"}


def test_waiting_matches_with_more_in_common_stay(inside: House) -> None:
    first = send(inside.harbor, "Acorn Dental", contact_phone=NUMBER)
    by_phone = send(inside.lake, "Birch Legal", contact_phone=NUMBER)
    similar = send(inside.lake, "Acorn Dentall")
    alone = send(inside.lake, "Cedar Travel")
    assert common_keys.effect("domain", HOST).credited == 1
    set_aside(inside)
    assert credited(first, by_phone, similar, alone) == [True, False, False, True]
    assert by_phone.findings.get(other_referral=first).state == FindingState.OPEN
    assert similar.findings.get(other_referral=first).state == FindingState.OPEN
    assert similar.findings.get(other_referral=by_phone).state == FindingState.DIFFERENT
    set_aside(inside, NUMBER, "phone")
    assert credited(by_phone) == [True], "two keys that are set aside are no more than one"
    assert similar.findings.get(other_referral=first).state == FindingState.OPEN


def test_taken_back_what_was_closed_waits_again_and_credit_stays_until_somebody_decides(inside: House) -> None:
    first, second, third, lost = shops(inside)
    common = set_aside(inside)
    meanwhile = send(inside.lake, NAMES[4])
    pipeline.lose(lost, reason=LostReason.PRICE, by=inside.owner, at=AT)
    assert common_keys.to_bring_back(common) == 3
    common_keys.take_back(common, by=inside.manager, at=LATER)
    assert Finding.objects.filter(referral__in=[second, third], state=FindingState.OPEN).count() == 3
    assert lost.findings.filter(state=FindingState.OPEN).count() == 3, "should it be reopened"
    assert meanwhile.findings.filter(state=FindingState.OPEN).count() == 3, "compared with those that are still open"
    assert credited(first, second, third, meanwhile) == [True] * 4
    assert not Finding.objects.filter(referral=second, common_key__isnull=False).exists()
    with pytest.raises(pipeline.Undecided):
        pipeline.advance([pipeline.Step(second, Stage.WON, LATER)], by=inside.owner)
    decisions.decide(second.findings.get(), state=FindingState.SAME, by=inside.owner, at=LATER)
    assert credited(second) == [False]
    assert trail.history(third)[0].action == "match.taken_back"
    assert [event.action for event in trail.history(common)] == ["common_key.taken_back", "common_key.set_aside"]
    assert set_aside(inside).pk != common.pk, "it can be set aside again"


def test_of_two_keys_each_can_be_taken_back(inside: House) -> None:
    send(inside.harbor, "Acorn Dental", contact_phone=NUMBER)
    second = send(inside.lake, "Birch Legal", contact_phone=NUMBER)
    domain = set_aside(inside)
    set_aside(inside, NUMBER, "phone")
    assert second.findings.get().state == FindingState.DIFFERENT
    common_keys.take_back(domain, by=inside.owner, at=LATER)
    assert second.findings.get().state == FindingState.OPEN


def test_very_many_follow_in_steps(inside: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(common_keys, "AT_ONCE", 2)
    referrals = shops(inside)
    common = set_aside(inside)
    assert (common.settled_at, waiting()) == (None, 5)
    assert common_keys.go_on_with_all(at=AT), "the last step finds that none is left"
    assert waiting() == 0
    assert not common_keys.go_on_with_all(at=AT)
    assert credited(*referrals) == [True] * 4
    send(inside.lake, NAMES[4])
    taken = common_keys.take_back(common, by=inside.owner, at=LATER)
    assert (taken.settled_at, waiting()) == (None, 6 + 2), (
        "what was closed waits at once, the rest is compared in steps"
    )
    while common_keys.go_on_with_all(at=LATER):
        pass
    assert waiting() == 6 + 4


def test_a_worker_goes_on_with_what_was_lost(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(common_keys, "AT_ONCE", 2)
    with tenancy.use(house.msp.pk):
        shops(house)
        set_aside(house)
    tasks.follow_common_keys(msp_id=str(house.msp.pk))
    with tenancy.use(house.msp.pk):
        assert waiting() == 0
    tasks.sweep_common_keys()
    with tenancy.use(house.msp.pk):
        assert CommonKey.objects.get().settled_at is not None


def test_what_cannot_be_set_aside_is_refused(inside: House) -> None:
    shops(inside)
    for kind, key in (("company", "acorn dental"), ("", HOST), ("domain", "nobody.example"), ("phone", HOST)):
        with pytest.raises(common_keys.CannotSetAside):
            common_keys.effect(kind, key)
    with pytest.raises(
        common_keys.CountChanged, match=r"6 waiting matches rest on mailhost\.example alone by now, not 5"
    ):
        common_keys.set_aside("domain", HOST, shown=5, by=inside.owner, at=AT)
    common = set_aside(inside)
    with pytest.raises(common_keys.AlreadySetAside):
        set_aside(inside)
    common_keys.take_back(common, by=inside.owner, at=AT)
    with pytest.raises(common_keys.AlreadyTakenBack):
        common_keys.take_back(common, by=inside.owner, at=AT)


# Pages


def test_from_a_match_to_the_settings_and_back(house: House, browser: Browser) -> None:
    settings = f"/{house.msp.slug}/settings/shared-keys/"
    assert "Nothing is set aside" in text_of(browser.get(settings))
    with tenancy.use(house.msp.pk):
        _, second, *_ = shops(house)
    page = browser.get(path(house, f"{second.pk}/"))
    new = f"{settings}new/?{urlencode({'kind': 'domain', 'key': HOST})}"
    assert new.replace("&", "&amp;") in page.content.decode()
    asked = text_of(browser.get(new))
    assert "4 introductions and clients have this web or mail domain" in asked
    assert "6 waiting matches rest on it alone, and are closed as different companies" in asked
    assert "3 introductions waited only for these" in asked
    assert browser.post(new, {"shown": "2"}).status_code == 422
    assert browser.post(new, {"shown": "6"})["Location"] == settings
    shown = text_of(browser.get(settings))
    assert HOST in shown
    assert "Olga Owner" in shown
    assert browser.get(new).status_code == 409
    assert "Set it aside" not in text_of(browser.get(path(house, f"{second.pk}/")))
    with tenancy.use(house.msp.pk):
        back = f"{settings}{CommonKey.objects.get().pk}/return/"
    assert "6 matches of introductions that are still open wait for a decision again" in text_of(browser.get(back))
    assert browser.post(back)["Location"] == settings
    assert "Counts again" in text_of(browser.get(settings))
    assert browser.get(back).status_code == 404
    assert browser.post(f"{settings}export/", {"format": "csv"}).status_code == 302


def test_who_may_not_decide_matches_sets_nothing_aside(house: House) -> None:
    with tenancy.use(house.msp.pk):
        shops(house)
        common = set_aside(house)
    finance = builders.a_browser(builders.a_member(house.msp, Role.FINANCE, name="Fay Finance").user)
    settings = f"/{house.msp.slug}/settings/shared-keys/"
    assert "Take back" not in text_of(finance.get(settings))
    assert finance.get(f"{settings}new/?kind=domain&key={HOST}").status_code == 403
    assert finance.post(f"{settings}{common.pk}/return/").status_code == 403


def _told(partner: Partner, company: str) -> dict[str, Any]:
    blank = {"contact_name": "", "contact_email": "", "contact_phone": "", "note": "", "external_id": ""}
    told = {"partner": partner, "company": company, "website": HOST, "expected_mrr_minor": None}
    return {**blank, **told, "registered_at": AT, "is_closed": False}
