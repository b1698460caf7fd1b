"""Introductions without a login: confirmed by mail, spam-safe, followed by a link that tells nothing."""

from datetime import timedelta
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree

import pytest

from elinkages.kernel import spam
from elinkages.kernel.actors import System
from elinkages.mail.models import Message
from partners import invitations, onboarding, people
from partners.models import Partner, PartnerState
from referrals import inquiries, links, pipeline, statuses
from referrals.models import (
    Channel,
    Credit,
    Inquiry,
    InquiryKind,
    Referral,
    ReferralLink,
    StatusLink,
)
from tests.builders import a_referral
from tests.referrals.conftest import House
from tests.referrals.strangers import AT, FACTS, token_of, turn_on

BY = System("Test")


def sent(house: House, *, link: ReferralLink | None = None, kind: str = InquiryKind.SOMEONE, **facts: Any) -> Inquiry:
    return inquiries.send(link=link, kind=kind, **{**FACTS, "at": AT, **facts})


@pytest.fixture
def open_page(inside: House) -> House:
    turn_on(inside)
    return inside


# The story


def test_a_stranger_who_confirms_becomes_a_partner_to_talk_to(open_page: House) -> None:
    inquiry = sent(open_page)
    assert not Referral.objects.exists()
    referral, token = inquiries.confirm(token_of(inquiry), at=AT)
    assert (referral.channel, referral.partner.name, referral.partner.state) == (
        Channel.PUBLIC,
        "Ana Alvarez",
        PartnerState.PROSPECT,
    )
    assert referral.credits.get().basis_points == 10_000
    assert referral.protected_until is not None
    assert statuses.find(token, at=AT).referral == referral
    inquiry.refresh_from_db()
    assert (inquiry.referral, inquiry.consent) == (referral, "I agree.")
    assert Message.objects.filter(to=open_page.owner.user.email, subject__contains="Mesa Logistics").exists()


def test_a_known_person_keeps_their_firm(open_page: House) -> None:
    inquiry = sent(open_page, sender_email=open_page.dana.email)
    assert inquiries.confirm(token_of(inquiry), at=AT).referral.partner == open_page.harbor
    assert Partner.objects.count() == 2


def test_an_address_that_a_partner_wrote_down_earns_them_nothing_that_its_holder_sends(open_page: House) -> None:
    """Lena takes the address of somebody who refers a lot for her own, or names her as a colleague."""
    lena, mail = open_page.lena, FACTS["sender_email"]
    facts: dict[str, Any] = {"name": lena.name, "phone": "", "by": lena, "at": AT}
    people.edit(lena, email=mail, **facts)
    first = inquiries.confirm(token_of(sent(open_page)), at=AT).referral.partner
    people.edit(lena, email="lena@lake.example", **facts)
    invitations.invite_colleague(name="Ana Alvarez", email=mail, sees_earnings=False, by=lena, at=AT)
    second = inquiries.confirm(token_of(sent(open_page, company="Brook Mills")), at=AT).referral.partner
    assert not {first, second} & {open_page.lake, open_page.harbor}
    assert (second.name, second.email) == ("Ana Alvarez", "")


def test_a_partners_link_credits_the_partner(open_page: House) -> None:
    link = links.make(open_page.lake, by=open_page.lena, at=AT)
    inquiry = sent(open_page, link=link, kind=InquiryKind.MYSELF, contact_name="", contact_email="")
    referral = inquiries.confirm(token_of(inquiry), at=AT).referral
    assert (referral.partner, referral.contact_name, referral.is_announced) == (open_page.lake, "Ana Alvarez", True)
    assert Credit.objects.get(referral=referral).partner == open_page.lake


def test_it_is_screened_like_every_other(open_page: House) -> None:
    first = pipeline.submit(
        open_page.harbor, company="Mesa Logistics", contact_email="ben@mesalogistics.com", channel=Channel.DASHBOARD,
        by=BY, at=AT,
    )  # fmt: skip
    referral = inquiries.confirm(token_of(sent(open_page)), at=AT).referral
    assert referral.findings.get().other_referral == first
    assert not referral.credits.exists()


# What is refused


def test_a_link_of_a_letter_works_once_and_not_for_ever(open_page: House) -> None:
    inquiry = sent(open_page)
    token = token_of(inquiry)
    with pytest.raises(inquiries.InquiryOver, match="expired"):
        inquiries.confirm(token, at=AT + inquiries.GOOD_FOR)
    inquiries.confirm(token, at=AT)
    with pytest.raises(inquiries.InquiryOver, match="already been confirmed"):
        inquiries.confirm(token, at=AT)
    with pytest.raises(inquiries.InquiryOver, match="leads nowhere"):
        inquiries.confirm("x" * 43, at=AT)
    assert Referral.objects.count() == 1


def test_the_same_company_twice_tells_nothing_of_its_stage(open_page: House) -> None:
    inquiries.confirm(token_of(sent(open_page)), at=AT)
    with pytest.raises(inquiries.KnownAlready) as refused:
        inquiries.confirm(token_of(sent(open_page)), at=AT)
    assert "registered" not in refused.value.message


def test_a_page_that_is_off_takes_nothing(inside: House) -> None:
    with pytest.raises(inquiries.PageOff):
        sent(inside)
    turn_on(inside)
    with pytest.raises(inquiries.PageOff):
        sent(inside, kind=InquiryKind.MYSELF)


def test_a_partner_who_was_suspended_meanwhile_gets_nothing(open_page: House) -> None:
    link = links.make(open_page.lake, by=open_page.lena, at=AT)
    inquiry = sent(open_page, link=link)
    onboarding.suspend(open_page.lake, reason="x", by=open_page.owner, at=AT)
    with pytest.raises(inquiries.PageOff):
        inquiries.confirm(token_of(inquiry), at=AT)
    assert links.find(link.code) is None
    with pytest.raises(links.NoLink):
        links.make(Partner.objects.get(pk=open_page.lake.pk), by=open_page.owner, at=AT)


def test_nobodys_mailbox_is_flooded(open_page: House) -> None:
    for _ in range(inquiries.LETTERS_TO_ONE):
        sent(open_page)
    with pytest.raises(spam.TooMany):
        sent(open_page, sender_email="ANA@alvarez.example ")
    sent(open_page, sender_email="other@alvarez.example")
    sent(open_page, at=AT + timedelta(days=1, minutes=1))


def test_strangers_in_all_are_counted(open_page: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inquiries, "LETTERS_IN_ALL", 2)
    for number in range(2):
        sent(open_page, sender_email=f"a{number}@x.example")
    with pytest.raises(spam.TooMany):
        sent(open_page, sender_email="b@x.example")


def test_the_letter_carries_nothing_that_a_stranger_wrote(open_page: House) -> None:
    words = "Buy-pills-at-evil.example"
    inquiry = sent(open_page, company=words, sender_name=words, contact_name=words, note=words)
    letter = Message.objects.get(key=f"inquiry:{inquiry.pk}")
    assert words not in letter.subject + letter.text + letter.html
    assert letter.is_secret


def test_what_nobody_confirmed_is_forgotten(open_page: House) -> None:
    sent(open_page)
    kept = sent(open_page, company="Kept Inc")
    inquiries.confirm(token_of(kept), at=AT)
    assert inquiries.forget(at=AT + inquiries.GOOD_FOR + timedelta(seconds=1)) == 1
    assert Inquiry.objects.get() == kept


def test_only_hashes_of_tokens_are_kept(open_page: House) -> None:
    inquiry = sent(open_page)
    token = token_of(inquiry)
    _, status = inquiries.confirm(token, at=AT)
    row = Inquiry.objects.get().__dict__ | StatusLink.objects.get().__dict__
    assert not any(secret in str(value) for secret in (token, status) for value in row.values())


# Links


def test_a_partner_has_one_link_and_its_visitors_count_once_a_day(open_page: House) -> None:
    link = links.make(open_page.lake, by=open_page.lena, at=AT)
    assert links.make(open_page.lake, by=open_page.lena, at=AT) == link
    visitors = [str(uuid4()) for _ in range(2)]
    for who in [*visitors, *visitors]:
        links.count(link, who=who, on=AT.date())
    links.count(link, who=visitors[0], on=AT.date() + timedelta(days=1))
    assert links.clicks(link) == 3
    assert links.clicks(link, since=AT.date() + timedelta(days=1)) == 1
    links.close(link, by=open_page.owner, at=AT)
    with pytest.raises(links.AlreadyClosed):
        links.close(link, by=open_page.owner, at=AT)
    assert links.find(link.code) is None
    assert links.make(open_page.lake, by=open_page.lena, at=AT).code != link.code


def test_a_qr_code_is_an_image_without_a_style() -> None:
    svg = links.qr_svg("https://elinkages.example/refer/acme/abcdefgh/")
    assert ElementTree.fromstring(svg).tag.endswith("svg")  # noqa: S314 - our own text
    assert "style" not in svg
    assert "<script" not in svg


# Status links


def test_a_status_link_expires_and_is_revoked_once(inside: House) -> None:
    referral = a_referral(inside.harbor)
    token = statuses.issue(referral, email="a@x.example", by=BY, at=AT)
    link = statuses.find(token, at=AT)
    with pytest.raises(statuses.StatusOver, match="expired"):
        statuses.find(token, at=AT + statuses.GOOD_FOR)
    statuses.revoke(link, by=BY, at=AT)
    with pytest.raises(statuses.StatusOver, match="turned off"):
        statuses.find(token, at=AT)
    with pytest.raises(statuses.StatusOver, match="already"):
        statuses.revoke(link, by=BY, at=AT)
    with pytest.raises(statuses.StatusOver, match="leads nowhere"):
        statuses.find("nothing", at=AT)


def test_an_introduction_has_a_handful_of_keys(inside: House) -> None:
    referral = a_referral(inside.harbor)
    for _ in range(statuses.MOST_OPEN):
        statuses.issue(referral, email="a@x.example", by=BY, at=AT)
    with pytest.raises(statuses.TooManyLinks):
        statuses.issue(referral, email="a@x.example", by=BY, at=AT)
