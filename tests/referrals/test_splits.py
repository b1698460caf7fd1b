"""Shares hold when everybody who loses or gains by them has agreed, and never before."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client as Browser

from elinkages.audit import trail
from elinkages.kernel import tenancy
from elinkages.mail.models import Message
from partners.models import Contact
from referrals import attribution, pipeline, splits
from referrals.models import Answer, Credit, Referral, Split, SplitConsent, SplitState
from tests.builders import a_partner, a_referral
from tests.referrals.conftest import House, text_of

AT = datetime(2026, 3, 2, 15, tzinfo=UTC)


def held(referral: Referral) -> dict[str, int]:
    return dict(Credit.objects.filter(referral=referral).values_list("partner__name", "basis_points"))


def asked(house: House, referral: Referral, harbor: int = 6_000, lake: int = 4_000, **facts: Any) -> Split:
    split = splits.propose(referral, [(house.harbor, harbor), (house.lake, lake)], by=house.manager, at=AT, **facts)
    assert split is not None
    return split


def consent(split: Split, partner: Any) -> SplitConsent:
    return split.consents.get(partner=partner)


def test_the_shares_hold_with_the_last_consent(inside: House) -> None:
    referral = a_referral(inside.harbor)
    split = asked(inside, referral, note="Both of you brought them.")
    assert held(referral) == {"Harbor & Finch CPAs": 10_000}
    assert {to for to in Message.objects.values_list("to", flat=True)} == {inside.dana.email, inside.lena.email}
    assert "your share would be 60%; it is now 100%" in Message.objects.get(to=inside.dana.email).text
    splits.answer(consent(split, inside.lake), agrees=True, by=inside.lena, at=AT)
    assert held(referral) == {"Harbor & Finch CPAs": 10_000}
    splits.answer(consent(split, inside.harbor), agrees=True, by=inside.dana, at=AT)
    assert held(referral) == {"Harbor & Finch CPAs": 6_000, "Lakeside Advisory": 4_000}
    assert Split.objects.get().state == SplitState.AGREED
    said = consent(split, inside.harbor)
    assert (said.answered_by_name, said.how) == ("Dana Finch, Harbor & Finch CPAs", "In the portal")
    actions = [event.action for event in trail.history(referral)]
    assert actions == ["credit.shared", "split.agreed", "split.agreed", "split.proposed"]


def test_one_refusal_ends_it(inside: House) -> None:
    referral = a_referral(inside.harbor)
    split = asked(inside, referral)
    splits.answer(consent(split, inside.harbor), agrees=False, by=inside.dana, at=AT)
    assert Split.objects.get().state == SplitState.DECLINED
    with pytest.raises(splits.NotAsked, match="This proposal is over: declined"):
        splits.answer(consent(split, inside.lake), agrees=True, by=inside.lena, at=AT)
    assert held(referral) == {"Harbor & Finch CPAs": 10_000}
    assert Message.objects.filter(subject__startswith="Harbor & Finch CPAs declined").exists()


def test_the_team_writes_down_how_they_agreed(inside: House) -> None:
    referral = a_referral(inside.harbor)
    given = {inside.harbor.pk: "By phone on Tuesday", inside.lake.pk: "By e-mail"}
    split = asked(inside, referral, given=given)
    assert Split.objects.get(pk=split.pk).state == SplitState.AGREED
    assert held(referral) == {"Harbor & Finch CPAs": 6_000, "Lakeside Advisory": 4_000}
    assert consent(split, inside.lake).how == "By e-mail"


def test_nobody_is_asked_where_nobody_loses(inside: House) -> None:
    referral = a_referral(inside.harbor, shares={inside.harbor: 5_000})
    shares = [(inside.harbor, 5_000), (inside.lake, 2_000)]
    assert splits.propose(referral, shares, by=inside.owner, at=AT) is None
    assert held(referral) == {"Harbor & Finch CPAs": 5_000, "Lakeside Advisory": 2_000}


def test_whoever_is_left_out_is_asked_too(inside: House) -> None:
    referral = a_referral(inside.harbor)
    split = splits.propose(referral, [(inside.lake, 10_000)], by=inside.owner, at=AT)
    assert split is not None
    assert consent(split, inside.harbor).basis_points == 0
    splits.answer(consent(split, inside.lake), agrees=True, by=inside.lena, at=AT)
    assert held(referral) == {"Harbor & Finch CPAs": 10_000}


def test_proposals_that_cannot_be_are_refused(inside: House) -> None:
    referral = a_referral(inside.harbor)
    facts: dict[str, Any] = {"by": inside.owner, "at": AT}
    with pytest.raises(attribution.SharesRefused):
        splits.propose(referral, [(inside.harbor, 6_000), (inside.lake, 5_000)], **facts)
    with pytest.raises(splits.NothingToAgree):
        splits.propose(referral, [(inside.harbor, 10_000)], **facts)
    split = asked(inside, referral)
    with pytest.raises(splits.AlreadyAsked):
        asked(inside, referral, 5_000, 5_000)
    with pytest.raises(splits.HowMissing):
        splits.answer(consent(split, inside.lake), agrees=True, how=" ", **facts)
    splits.withdraw(split, **facts)
    with pytest.raises(splits.NotAsked):
        splits.withdraw(split, **facts)
    with pytest.raises(splits.NotAsked, match="withdrawn"):
        splits.answer(consent(split, inside.lake), agrees=True, **facts)


def test_an_answer_counts_once(inside: House) -> None:
    referral = a_referral(inside.harbor)
    split = asked(inside, referral)
    splits.answer(consent(split, inside.lake), agrees=True, by=inside.lena, at=AT)
    with pytest.raises(splits.NotAsked, match="already been answered"):
        splits.answer(consent(split, inside.lake), agrees=False, by=inside.lena, at=AT)


def test_what_was_agreed_is_not_written_over_what_changed_since(inside: House) -> None:
    referral = a_referral(inside.harbor)
    split = asked(inside, referral)
    third = a_partner("Third Party")
    attribution.share(referral, [(inside.harbor, 9_000), (third, 1_000)], by=inside.owner, at=AT)
    splits.answer(consent(split, inside.lake), agrees=True, by=inside.lena, at=AT)
    with pytest.raises(splits.Outdated):
        splits.answer(consent(split, inside.harbor), agrees=True, by=inside.dana, at=AT)


def test_a_win_settles_it(inside: House) -> None:
    referral = a_referral(inside.harbor)
    split = asked(inside, referral)
    pipeline.win(referral, by=inside.owner, at=AT)
    splits.answer(consent(split, inside.lake), agrees=True, by=inside.lena, at=AT)
    with pytest.raises(attribution.CreditSettled):
        splits.answer(consent(split, inside.harbor), agrees=True, by=inside.dana, at=AT)
    with pytest.raises(attribution.CreditSettled):
        splits.propose(referral, [(inside.lake, 10_000)], by=inside.owner, at=AT)


def test_a_partner_answers_in_the_portal_and_sees_only_its_own(house: House, client: Browser) -> None:
    with tenancy.use(house.msp.pk):
        referral = a_referral(house.harbor, "Mesa Logistics")
        split = asked(house, referral)
        mine, theirs = consent(split, house.lake), consent(split, house.harbor)
    client.force_login(house.lake_login.user)
    portal = f"/p/{house.msp.slug}"
    page = text_of(client.get(f"{portal}/credit/"))
    assert "Mesa Logistics" in page
    assert "Agree to 40%" in page
    assert "Harbor" not in page
    assert "You are asked to agree" in text_of(client.get(f"{portal}/referrals/"))
    assert client.post(f"{portal}/credit/consents/{theirs.pk}/", {"answer": "agree"}).status_code == 404
    assert client.post(f"{portal}/credit/consents/{mine.pk}/", {"answer": "perhaps"}).status_code == 422
    assert client.post(f"{portal}/credit/consents/{mine.pk}/", {"answer": "agree"}).status_code == 302
    with tenancy.use(house.msp.pk):
        assert consent(split, house.lake).answer == Answer.AGREED


def test_somebody_who_does_not_speak_for_the_firm_gives_none_of_its_credit_away(house: House, client: Browser) -> None:
    with tenancy.use(house.msp.pk):
        mine = consent(asked(house, a_referral(house.harbor, "Mesa Logistics")), house.lake)
        Contact.objects.filter(pk=house.lake_login.contact_id).update(can_sign=False)
    client.force_login(house.lake_login.user)
    portal = f"/p/{house.msp.slug}"
    page = text_of(client.get(f"{portal}/credit/"))
    assert "Agree to 40%" not in page
    assert "who speaks for Lake" in page
    for answer in ("agree", "decline"):
        assert client.post(f"{portal}/credit/consents/{mine.pk}/", {"answer": answer}).status_code == 403
    with tenancy.use(house.msp.pk):
        assert SplitConsent.objects.get(pk=mine.pk).answer == Answer.WAITING


def test_who_speaks_for_the_firm_is_asked_not_who_was_entered_first(inside: House) -> None:
    Contact.objects.filter(partner=inside.lake).update(can_sign=False)
    Contact.objects.create(partner=inside.lake, name="Lou Lake", email="lou@lake.test", created_at=AT)
    asked(inside, a_referral(inside.harbor))
    assert set(Message.objects.values_list("to", flat=True)) == {inside.dana.email, "lou@lake.test"}


def test_the_team_asks_records_and_takes_back_on_the_pages(house: House, browser: Browser) -> None:
    with tenancy.use(house.msp.pk):
        referral = a_referral(house.harbor, "Mesa Logistics")
    base = f"/{house.msp.slug}"
    lines = {
        "share-TOTAL_FORMS": "2",
        "share-INITIAL_FORMS": "1",
        "share-0-partner_name": "Harbor",
        "share-0-share": "60",
        "share-1-partner_name": "Lakeside",
        "share-1-share": "40",
    }
    assert browser.post(f"{base}/referrals/{referral.pk}/credit/", lines).status_code == 302
    assert browser.post(f"{base}/referrals/{referral.pk}/credit/", lines).status_code == 422
    page = text_of(browser.get(f"{base}/referrals/{referral.pk}/"))
    assert "These shares wait for consent." in page
    with tenancy.use(house.msp.pk):
        split = Split.objects.get()
        one = consent(split, house.lake)
    answer = f"{base}/consents/{one.pk}/answer/"
    assert browser.post(answer, {"answer": "agree", "how": ""}).status_code == 409
    assert browser.post(answer, {"answer": "what", "how": "By phone"}).status_code == 422
    assert browser.post(answer, {"answer": "agree", "how": "By phone"}).status_code == 302
    assert browser.post(f"{base}/splits/{split.pk}/withdrawal/").status_code == 302
    assert browser.post(f"{base}/splits/{split.pk}/withdrawal/").status_code == 409
