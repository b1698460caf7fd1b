"""Introductions without a login: confirmed by mail, spam-safe, followed by a link that tells nothing."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree

import pytest
from django.core import signing
from django.test import Client as Browser
from django.utils import timezone

from elinkages.accounts.models import Msp
from elinkages.kernel import spam, tenancy
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
    LinkDay,
    LostReason,
    Referral,
    ReferralLink,
    StatusLink,
)
from tests.builders import a_link, a_referral, a_status_link
from tests.referrals.conftest import House, text_of

AT = datetime(2026, 3, 2, 15, tzinfo=UTC)
BY = System("Test")
FACTS: dict[str, Any] = {
    "company": "Mesa Logistics",
    "sender_name": "Ana Alvarez",
    "sender_email": "Ana@Alvarez.example",
    "contact_name": "Ben Brook",
    "contact_email": "ben@mesalogistics.com",
}


def turn_on(house: House) -> None:
    inquiries.change_settings(is_on=True, intro="Hello.", consent="I agree.", by=house.owner, at=AT, msp=house.msp)


def sent(house: House, *, link: ReferralLink | None = None, kind: str = InquiryKind.SOMEONE, **facts: Any) -> Inquiry:
    return inquiries.send(link=link, kind=kind, **{**FACTS, "at": AT, **facts})


def token_of(inquiry: Inquiry) -> str:
    letter = Message.objects.get(key=f"inquiry:{inquiry.pk}")
    found = re.search(r"/confirmation/([\w-]+)/", letter.text)
    assert found
    return found[1]


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


# Pages, and those who attack them


def posted(msp: Msp, **facts: Any) -> dict[str, Any]:
    """What a browser sends twenty seconds after it opened the page."""
    opened = timezone.now() - timedelta(seconds=20)
    stamp = signing.dumps({"for": f"refer:{msp.pk}", "at": int(opened.timestamp())}, salt=spam.SALT)
    return {**FACTS, "stamp": stamp, "homepage": "", "consent": "on", **facts}


@pytest.fixture
def public(house: House, client: Browser) -> Browser:
    """Somebody without a login, from an address of their own."""
    with tenancy.use(house.msp.pk):
        turn_on(house)
    client.defaults["REMOTE_ADDR"] = f"2001:db8:{uuid4().hex[:4]}:{uuid4().hex[:4]}::1"
    return client


def test_from_the_page_to_the_status(house: House, public: Browser) -> None:
    base = f"/refer/{house.msp.slug}/"
    assert "I agree." in text_of(public.get(base))
    answer = public.post(base, posted(house.msp))
    assert answer["Location"] == f"{base}sent/"
    assert "check your e-mail" in text_of(public.get(f"{base}sent/"))
    with tenancy.use(house.msp.pk):
        confirmation = f"{base}confirmation/{token_of(Inquiry.objects.get())}/"
    assert "Was this you?" in text_of(public.get(confirmation))
    with tenancy.use(house.msp.pk):
        assert not Referral.objects.exists()
    status = public.post(confirmation)["Location"]
    page = public.get(status)
    assert page.status_code == 200
    text = text_of(page)
    assert "We have your introduction." in text
    for secret in ("Mesa", "Ben", "Ana", "alvarez", "Harbor"):
        assert secret not in text
    assert "no-store" in page["Cache-Control"]
    assert public.get(confirmation).status_code == 410
    assert "now turned off" in text_of(public.post(status))
    assert public.get(status).status_code == 410


def test_a_lost_introduction_does_not_tell_why(house: House, public: Browser) -> None:
    with tenancy.use(house.msp.pk):
        referral = a_referral(house.harbor, "Mesa Logistics")
        pipeline.lose(referral, reason=LostReason.PRICE, by=house.owner, at=AT)
        a_status_link(referral, "a" * 43, expires_at=timezone.now() + timedelta(days=1))
    text = text_of(public.get(f"/status/{house.msp.slug}/{'a' * 43}/"))
    assert "It did not work out this time." in text
    assert "price" not in text.lower()


def test_a_status_link_of_another_msp_shows_nothing(house: House, public: Browser) -> None:
    rival = Msp.objects.create(name="Rival", slug="rival-of-links")
    with tenancy.use(house.msp.pk):
        a_status_link(a_referral(house.harbor), "b" * 43, expires_at=timezone.now() + timedelta(days=1))
    assert public.get(f"/status/{house.msp.slug}/{'b' * 43}/").status_code == 200
    assert public.get(f"/status/{rival.slug}/{'b' * 43}/").status_code == 404
    assert public.get(f"/status/no-such-msp/{'b' * 43}/").status_code == 404


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"homepage": "http://pills.example"}, "that people cannot see"),
        ({"stamp": ""}, "open for too long"),
        ({"consent": ""}, "Please agree"),
        ({"sender_email": "nobody"}, "That is not an e-mail address"),
        ({"contact_email": "", "contact_phone": ""}, "so that we can reach them"),
        ({"contact_name": ""}, "Enter the name of the person"),
        ({"company": "!!!"}, "Enter the company's name using letters"),
        ({"company": "a\0b"}, "has a character in it that nobody can read"),
        ({"company": "x" * 161}, "161 characters, and 160 fit"),
    ],
)
def test_the_form_says_what_is_wrong_and_writes_nothing(
    house: House, public: Browser, facts: dict[str, str], sentence: str
) -> None:
    answer = public.post(f"/refer/{house.msp.slug}/", posted(house.msp, **facts))
    assert answer.status_code == 422
    assert sentence in text_of(answer)
    with tenancy.use(house.msp.pk):
        assert not Inquiry.objects.exists()


def test_a_stamp_of_another_msp_opens_nothing(house: House, public: Browser) -> None:
    rival = Msp.objects.create(name="Rival", slug="rival-of-stamps")
    answer = public.post(f"/refer/{house.msp.slug}/", posted(house.msp, stamp=posted(rival)["stamp"]))
    assert answer.status_code == 422


def test_one_place_sends_ten_an_hour(house: House, public: Browser) -> None:
    base = f"/refer/{house.msp.slug}/"
    codes = [
        public.post(base, posted(house.msp, company=f"Firm {number}", sender_email=f"s{number}@x.example")).status_code
        for number in range(12)
    ]
    assert codes == [302] * 10 + [422] * 2
    with tenancy.use(house.msp.pk):
        assert Inquiry.objects.count() == 10


def test_known_and_unknown_addresses_get_the_same_answer(house: House, public: Browser) -> None:
    base = f"/refer/{house.msp.slug}/"
    known = public.post(base, posted(house.msp, sender_email=house.harbor_login.user.email))
    unknown = public.post(base, posted(house.msp, sender_email="nobody-at-all@x.example"))
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])


def test_a_form_needs_its_csrf_token(house: House) -> None:
    with tenancy.use(house.msp.pk):
        turn_on(house)
    browser = Browser(enforce_csrf_checks=True)
    assert browser.post(f"/refer/{house.msp.slug}/", posted(house.msp)).status_code == 403


def test_markup_stays_text(house: House, public: Browser) -> None:
    public.post(f"/refer/{house.msp.slug}/", posted(house.msp, company="<script>alert(1)</script> Inc"))
    with tenancy.use(house.msp.pk):
        token = token_of(Inquiry.objects.get())
    page = public.get(f"/refer/{house.msp.slug}/confirmation/{token}/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_a_page_that_is_off_and_msps_that_are_not_there_look_alike(house: House, client: Browser) -> None:
    for address in (f"/refer/{house.msp.slug}/", "/refer/no-such-msp/", f"/refer/{house.msp.slug}/nocode/qr.svg"):
        assert client.get(address).status_code == 404


def test_a_link_counts_people_not_robots_and_a_closed_one_leads_on(house: House, public: Browser) -> None:
    with tenancy.use(house.msp.pk):
        link = a_link(house.lake, "abcd2345")
    address = f"/refer/{house.msp.slug}/{link.code}/"
    assert "Lakeside Advisory sent you here." in text_of(public.get(address))
    public.get(address)
    public.head(address)
    public.get(address, headers={"user-agent": "Googlebot/2.1"})
    with tenancy.use(house.msp.pk):
        assert LinkDay.objects.get().clicks == 1
    qr = public.get(f"{address}qr.svg")
    assert qr["Cache-Control"] == "public, max-age=86400"
    assert qr["Content-Type"] == "image/svg+xml"
    with tenancy.use(house.msp.pk):
        links.close(link, by=house.owner, at=AT)
    assert public.get(address)["Location"] == f"/refer/{house.msp.slug}/"


def test_the_team_runs_page_links_and_status_links(house: House, browser: Browser) -> None:
    base = f"/{house.msp.slug}"
    assert "Nobody can open it." in text_of(browser.get(f"{base}/settings/referral-page/"))
    words = {"is_on": "on", "intro": "Welcome!", "consent": ""}
    assert browser.post(f"{base}/settings/referral-page/edit/", words).status_code == 302
    assert "changed the referral page: it is on" in text_of(browser.get(f"{base}/settings/referral-page/"))
    assert "changed the referral page: it is on" in text_of(browser.get(f"{base}/settings/"))
    assert "Welcome!" in text_of(browser.get(f"/refer/{house.msp.slug}/"))
    assert "No links yet" in text_of(browser.get(f"{base}/referrals/links/"))
    assert browser.post(f"{base}/referrals/links/new/", {"partner_name": ""}).status_code == 422
    assert browser.post(f"{base}/referrals/links/new/", {"partner_name": "Nobody"}).status_code == 422
    assert browser.post(f"{base}/referrals/links/new/", {"partner_name": "Lakeside"}).status_code == 302
    with tenancy.use(house.msp.pk):
        link, referral = ReferralLink.objects.get(), a_referral(house.harbor)
    assert link.code in text_of(browser.get(f"{base}/referrals/links/"))
    closing = f"{base}/referrals/links/many/close/?id={link.pk}"
    assert closing.removeprefix(base) in text_of(browser.get(f"{base}/referrals/links/"))
    assert "Close 1 link" in text_of(browser.get(closing))
    assert browser.post(closing, {"count": 1})["Location"] == f"{base}/referrals/links/?"
    assert "This link has already been closed." in text_of(browser.post(closing, {"count": 1}, follow=True))
    assert "No link is in use" in text_of(browser.get(f"{base}/referrals/links/"))
    new = f"{base}/referrals/{referral.pk}/status-link/"
    assert browser.post(new, {"email": "x"}).status_code == 422
    assert browser.post(new, {"email": "x@y.example"}).status_code == 302
    assert "x@y.example" in text_of(browser.get(f"{base}/referrals/{referral.pk}/"))
    with tenancy.use(house.msp.pk):
        status = StatusLink.objects.get()
    revocation = f"{base}/status-links/{status.pk}/revocation/"
    assert [browser.post(revocation).status_code for _ in range(2)] == [302, 409]


def test_a_partner_makes_its_own_link_in_the_portal(house: House, client: Browser) -> None:
    with tenancy.use(house.msp.pk):
        turn_on(house)
    client.force_login(house.lake_login.user)
    address = f"/p/{house.msp.slug}/link/"
    assert "You have no link yet" in text_of(client.get(address))
    assert client.get(f"{address}qr.svg").status_code == 404
    assert client.post(address).status_code == 302
    with tenancy.use(house.msp.pk):
        code = ReferralLink.objects.get().code
    page = text_of(client.get(address))
    assert f"/refer/{house.msp.slug}/{code}/" in page
    assert f'src="{address}qr.svg"' in page
    assert client.get(f"{address}qr.svg")["Content-Type"] == "image/svg+xml"
