"""A partner signs under exact words, and both sides get a copy."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from commissions.terms import sha256
from elinkages.accounts.models import Membership, Msp
from elinkages.audit import trail
from elinkages.kernel import tenancy
from elinkages.mail.models import Message
from partners import people, signatures
from partners.models import Contact, PartnerLogin, Signature
from tests import builders
from tests.partners.agreements.signing import AT, publish, sign
from tests.reading import hidden, pdf_text, read

pytestmark = pytest.mark.django_db


def test_the_portal_shows_the_words_and_the_terms_and_both_sides_get_a_copy(
    msp: Msp, ana: Membership, dashboard: Client, portal: Client, dana: PartnerLogin
) -> None:
    with tenancy.use(msp.pk):
        builders.a_service_line()
        plan = builders.a_plan(name="Ten percent")
        version = publish(ana)
    url = f"/p/{msp.slug}/agreement/"
    with time_machine.travel(AT + timedelta(days=1)):
        html = read(portal, url)
        assert "We pay &lt;what&gt; we owe." in html
        assert "10% of monthly recurring revenue for 12 months" in html
        form = {name: hidden(html, name) for name in ("text_hash", "terms_hash", "_once")}
        assert portal.post(url, form | {"name": "", "agrees": "on"}).status_code == 422
        assert portal.post(url, form | {"name": "Dana Finch"}).status_code == 422
        signed = portal.post(url, form | {"name": "Dana  Finch", "agrees": "on"}, headers={"User-Agent": "Firefox/130"})
    assert signed["Location"] == url
    with tenancy.use(msp.pk):
        signature = Signature.objects.select_related("version").get()
        assert (signature.signer_name, signature.contact_id) == ("Dana Finch", dana.contact_id)
        assert (signature.ip_address, signature.user_agent) == ("127.0.0.1", "Firefox/130")
        assert signature.text_sha256 == version.text_sha256 == form["text_hash"]
        assert signature.terms_sha256 == form["terms_hash"]
        assert [one["sha256"] for one in signature.terms] == [sha256(builders.TEN_PERCENT)]
        assert signature.terms[0]["plan"] == plan.name
        assert set(Message.objects.filter(key__startswith="agreement-signed").values_list("to", flat=True)) == {
            dana.user.email, ana.user.email,
        }  # fmt: skip
        assert "agreement.signed" in [event.action for event in trail.history(dana.partner)]
    theirs = portal.get(f"{url}{signature.pk}/copy/")
    ours = dashboard.get(f"/{msp.slug}/partners/agreement/signatures/{signature.pk}/copy/")
    assert theirs.content == ours.content
    assert theirs["Content-Disposition"] == 'attachment; filename="partner-agreement-1-finch-cpas.pdf"'
    text = pdf_text(theirs.content)
    for said in ("We pay <what> we owe.", "Dana Finch", "127.0.0.1", "Firefox/130", "Ten percent", "10% of monthly"):
        assert said in text
    assert version.text_sha256 in text.replace(" ", "")
    assert "There is nothing to do" in read(portal, url)
    assert "Dana Finch" in read(dashboard, f"/{msp.slug}/partners/agreement/versions/{version.pk}/?show=signed")
    assert "Everyone it applies to has signed" in read(
        dashboard, f"/{msp.slug}/partners/agreement/versions/{version.pk}/"
    )


def test_what_changed_while_it_was_read_is_not_signed(
    msp: Msp, ana: Membership, portal: Client, dana: PartnerLogin
) -> None:
    with tenancy.use(msp.pk):
        builders.a_service_line()
        publish(ana)
    url = f"/p/{msp.slug}/agreement/"
    html = read(portal, url)
    form = {name: hidden(html, name) for name in ("text_hash", "terms_hash")} | {"name": "Dana", "agrees": "on"}
    with tenancy.use(msp.pk):
        builders.a_plan(name="New terms")
    refused = portal.post(url, form)
    assert refused.status_code == 422
    assert "changed while you were reading" in refused.content.decode()
    fresh = form | {"terms_hash": hidden(refused.content.decode(), "terms_hash")}
    with tenancy.use(msp.pk):
        publish(ana, text="New words.")
    assert portal.post(url, fresh).status_code == 422
    with tenancy.use(msp.pk):
        assert not Signature.objects.exists()


def test_who_may_not_sign_is_told_who_may(msp: Msp, ana: Membership, portal: Client, dana: PartnerLogin) -> None:
    with tenancy.use(msp.pk):
        version = publish(ana)
        people.add(dana.partner, name="Frank Finch", email="frank@finch.test", by=ana, at=AT)
        Contact.objects.filter(pk=dana.contact_id).update(can_sign=False)
        dana.contact.refresh_from_db()
        with pytest.raises(signatures.MayNotSign, match="You do not sign for Finch CPAs"):
            sign(version, dana.contact)
    html = read(portal, f"/p/{msp.slug}/agreement/")
    assert "Ask Frank Finch" in html
    assert "Sign for my firm" not in html


def test_signing_is_refused_twice_nameless_and_for_another_kind(msp: Msp, ana: Membership, dana: PartnerLogin) -> None:
    with tenancy.use(msp.pk):
        everyone = publish(ana)
        vendors = publish(ana, kind="vendor", text="For vendors.")
        with pytest.raises(signatures.NotTheirs, match="is not the agreement of Finch CPAs"):
            sign(vendors, dana.contact)
        with pytest.raises(signatures.Unsigned, match="full name"):
            sign(everyone, dana.contact, name=" ")
        with pytest.raises(signatures.Misread):
            sign(everyone, dana.contact, text_hash="0" * 64)
        sign(everyone, dana.contact)
        with pytest.raises(signatures.AlreadySigned, match="Finch CPAs signed Partner agreement, version 1 already"):
            sign(everyone, dana.contact)


def test_a_signature_on_paper_is_recorded(msp: Msp, ana: Membership, dashboard: Client, dana: PartnerLogin) -> None:
    with tenancy.use(msp.pk):
        publish(ana)
    url = f"/{msp.slug}/partners/{dana.partner_id}/agreement/"
    assert dashboard.post(url, {"name": "Dana Finch", "note": ""}).status_code == 422
    dashboard.post(url, {"name": "Dana Finch", "note": "March 3, 2026, folder Partners"})
    with tenancy.use(msp.pk):
        signature = Signature.objects.get()
        assert (signature.is_on_paper, signature.recorded_by_id, signature.contact_id) == (True, ana.pk, None)
        assert "folder Partners" in pdf_text(signatures.copy_of(signature))
        with pytest.raises(signatures.Unsigned, match="where the paper is kept"):
            signatures.record_on_paper(signature.version, dana.partner, name="D", note="", terms=[], by=ana, at=AT)
    assert dashboard.get(url).status_code == 302
    assert "Signed by Dana Finch" in read(dashboard, f"/{msp.slug}/partners/{dana.partner_id}/")
