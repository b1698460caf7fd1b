"""The public pages of introductions, as strangers, the team and partners use them, and those who attack them."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core import signing
from django.test import Client as Browser
from django.utils import timezone

from elinkages.accounts.models import Msp
from elinkages.kernel import spam, tenancy
from referrals import links, pipeline
from referrals.models import (
    Inquiry,
    LinkDay,
    LostReason,
    Referral,
    ReferralLink,
    StatusLink,
)
from tests.builders import a_link, a_referral, a_status_link
from tests.referrals.conftest import House, text_of
from tests.referrals.strangers import AT, FACTS, token_of, turn_on


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
