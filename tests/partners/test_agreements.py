"""The agreement: written, signed in the portal, superseded; what waits for it, and what nobody can change."""

import io
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client
from pypdf import PdfReader

from commissions import accruals, gates, offers, payouts
from commissions.payouts.approval import Changed
from commissions.terms import sha256
from elinkages.accounts.models import Membership, Msp
from elinkages.accounts.rights import Role
from elinkages.audit import trail
from elinkages.kernel import tenancy
from elinkages.mail.models import Message
from partners import agreements, onboarding, people, tasks
from partners.models import (
    AgreementDraft,
    AgreementVersion,
    Contact,
    PartnerLogin,
    Signature,
    SignedCopy,
    SourceKind,
)
from tests import builders

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
TODAY = date(2026, 3, 2)
TEXT = "# Trust\nWe pay <what> we owe.\n\n- Monthly\n- To the cent"


@pytest.fixture
def msp() -> Msp:
    return builders.an_msp("Northwind IT", contact_email="hello@northwind.test")


@pytest.fixture
def ana(msp: Msp) -> Membership:
    return builders.a_member(msp, name="Ana Ruiz")


@pytest.fixture
def owner(ana: Membership) -> Client:
    client = Client()
    client.force_login(ana.user)
    return client


@pytest.fixture
def dana(msp: Msp) -> PartnerLogin:
    with tenancy.use(msp.pk):
        return builders.a_login(builders.a_partner("Finch CPAs"), builders.a_user("Dana Finch"))


@pytest.fixture
def portal(dana: PartnerLogin) -> Client:
    client = Client()
    client.force_login(dana.user)
    return client


def _publish(ana: Membership, kind: str = "", at: datetime = AT, **changes: Any) -> AgreementVersion:
    wanted: dict[str, Any] = {"title": "Partner agreement", "text": TEXT, "is_required": True, "grace_days": 10}
    kept = agreements.draft(kind=kind, **(wanted | changes), by=ana, at=at)
    return agreements.publish(kept, by=ana, at=at)


def _sign(version: AgreementVersion, contact: Contact, **changes: Any) -> Signature:
    shown: dict[str, Any] = {
        "name": "Dana Finch",
        "text_hash": version.text_sha256,
        "terms": [],
        "terms_hash": agreements.terms_sha256([]),
        "ip_address": "203.0.113.7",
        "user_agent": "Firefox",
    }
    return agreements.sign(version, **(shown | changes), by=contact, at=AT)


def _read(client: Client, url: str, status: int = 200) -> str:
    answer = client.get(url)
    assert answer.status_code == status, answer.status_code
    return answer.content.decode()


def _hidden(html: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    assert found, name
    return found[1]


def _pdf(content: bytes) -> str:
    text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    return re.sub(r"\s+", " ", text)


# Writing and publishing.


def test_the_owner_writes_looks_and_publishes(msp: Msp, ana: Membership, owner: Client, dana: PartnerLogin) -> None:
    home = f"/{msp.slug}/partners/agreement/"
    assert "No agreement yet" in _read(owner, home)
    form = {"title": "Partner agreement", "text": TEXT, "is_required": "on", "grace_days": "10"}
    looked = owner.post(f"{home}drafts/new/", form | {"do": "preview"}).content.decode()
    assert "&lt;what&gt;" in looked
    with tenancy.use(msp.pk):
        assert not AgreementDraft.objects.exists()
    assert owner.post(f"{home}drafts/new/", form)["Location"] == home
    assert owner.post(f"{home}drafts/new/", form | {"grace_days": "999"}).status_code == 302, "goes to the draft"
    with tenancy.use(msp.pk):
        draft = AgreementDraft.objects.get()
    assert owner.post(f"{home}drafts/{draft.pk}/", form | {"grace_days": "999"}).status_code == 422
    assert "1 active partner gets a letter" in " ".join(_read(owner, f"{home}drafts/{draft.pk}/publication/").split())
    with time_machine.travel(AT):
        answer = owner.post(f"{home}drafts/{draft.pk}/publication/")
    with tenancy.use(msp.pk):
        version = AgreementVersion.objects.get()
        assert (version.number, version.sign_by, version.kind) == (1, TODAY + timedelta(days=10), "")
        assert version.text_sha256 == agreements.text_sha256("Partner agreement", TEXT)
        assert not AgreementDraft.objects.exists()
        assert [event.action for event in trail.history(version)] == ["agreement.published"]
    assert answer["Location"] == f"{home}versions/{version.pk}/"
    assert "Finch CPAs" in _read(owner, f"{home}versions/{version.pk}/")
    assert "Nobody has signed it" in _read(owner, f"{home}versions/{version.pk}/?show=signed")


def test_only_the_owner_writes_agreements(msp: Msp) -> None:
    manager = Client()
    manager.force_login(builders.a_member(msp, Role.MANAGER, "Mara Manager").user)
    assert manager.get(f"/{msp.slug}/partners/agreement/drafts/new/").status_code == 403
    assert manager.get(f"/{msp.slug}/partners/agreement/").status_code == 200


def test_a_draft_that_cannot_be_published_is_refused(msp: Msp, ana: Membership) -> None:
    with tenancy.use(msp.pk):
        for changes, why in (
            ({"title": " "}, "title and a text"),
            ({"text": ""}, "title and a text"),
            ({"text": "x" * 60_001}, "under 60,000"),
            ({"grace_days": 181}, "0 to 180 days"),
        ):
            with pytest.raises(agreements.Unfinished, match=why):
                _publish(ana, **changes)
        _publish(ana)
        with pytest.raises(agreements.NothingNew, match="word for word version 1"):
            _publish(ana)
        draft = AgreementDraft.objects.get()
        agreements.discard(draft)
        with pytest.raises(agreements.NothingNew, match="a moment ago"):
            agreements.publish(draft, by=ana, at=AT)


def test_a_draft_is_thrown_away(msp: Msp, ana: Membership, owner: Client) -> None:
    with tenancy.use(msp.pk):
        wanted: dict[str, Any] = {"title": "T", "text": "x", "is_required": True, "grace_days": 1}
        draft = agreements.draft(kind="", **wanted, by=ana, at=AT)
    owner.post(f"/{msp.slug}/partners/agreement/drafts/{draft.pk}/discarding/")
    with tenancy.use(msp.pk):
        assert not AgreementDraft.objects.exists()


def test_a_new_version_supersedes_and_a_withdrawn_one_is_not_asked_for(
    msp: Msp, ana: Membership, owner: Client, dana: PartnerLogin
) -> None:
    with tenancy.use(msp.pk):
        first = _publish(ana)
        second = _publish(ana, text="Other words.")
        first.refresh_from_db()
        assert (first.ended_at, second.number) == (AT, 2)
        assert agreements.applicable("vendor") == second
        vendors = _publish(ana, kind="vendor", text="For vendors.")
        assert agreements.applicable("vendor") == vendors
        assert agreements.applicable(SourceKind.CENTRE) == second
    owner.post(f"/{msp.slug}/partners/agreement/versions/{vendors.pk}/withdrawal/")
    with tenancy.use(msp.pk):
        assert agreements.applicable("vendor") == second
        with pytest.raises(agreements.NotInForce):
            agreements.withdraw(vendors, by=ana, at=AT)
        with pytest.raises(agreements.NotInForce):
            _sign(first, dana.contact)
    assert "Other words" in _read(owner, f"/{msp.slug}/partners/agreement/drafts/new/")


def test_the_database_keeps_what_was_published_and_signed(msp: Msp, ana: Membership, dana: PartnerLogin) -> None:
    with tenancy.use(msp.pk):
        version = _publish(ana)
        signature = _sign(version, dana.contact)
        for row, change in (
            (AgreementVersion.objects.filter(pk=version.pk), {"text": "Other"}),
            (AgreementVersion.objects.filter(pk=version.pk), {"sign_by": TODAY}),
            (Signature.objects.filter(pk=signature.pk), {"signer_name": "Someone"}),
            (SignedCopy.objects.all(), {"content": b""}),
        ):
            with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                row.update(**change)
            with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                row._raw_delete(row.db)
        with pytest.raises(IntegrityError, match="agreement_version_one_in_force"), transaction.atomic():
            builders.an_agreement(ana, number=9)


# Signing.


def test_the_portal_shows_the_words_and_the_terms_and_both_sides_get_a_copy(
    msp: Msp, ana: Membership, owner: Client, portal: Client, dana: PartnerLogin
) -> None:
    with tenancy.use(msp.pk):
        builders.a_service_line()
        plan = builders.a_plan(name="Ten percent")
        version = _publish(ana)
    url = f"/p/{msp.slug}/agreement/"
    with time_machine.travel(AT + timedelta(days=1)):
        html = _read(portal, url)
        assert "We pay &lt;what&gt; we owe." in html
        assert "10% of monthly recurring revenue for 12 months" in html
        form = {name: _hidden(html, name) for name in ("text_hash", "terms_hash", "_once")}
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
    ours = owner.get(f"/{msp.slug}/partners/agreement/signatures/{signature.pk}/copy/")
    assert theirs.content == ours.content
    assert theirs["Content-Disposition"] == 'attachment; filename="partner-agreement-1-finch-cpas.pdf"'
    text = _pdf(theirs.content)
    for said in ("We pay <what> we owe.", "Dana Finch", "127.0.0.1", "Firefox/130", "Ten percent", "10% of monthly"):
        assert said in text
    assert version.text_sha256 in text.replace(" ", "")
    assert "There is nothing to do" in _read(portal, url)
    assert "Dana Finch" in _read(owner, f"/{msp.slug}/partners/agreement/versions/{version.pk}/?show=signed")
    assert "Everyone it is for has signed" in _read(owner, f"/{msp.slug}/partners/agreement/versions/{version.pk}/")


def test_what_changed_while_it_was_read_is_not_signed(
    msp: Msp, ana: Membership, portal: Client, dana: PartnerLogin
) -> None:
    with tenancy.use(msp.pk):
        builders.a_service_line()
        _publish(ana)
    url = f"/p/{msp.slug}/agreement/"
    html = _read(portal, url)
    form = {name: _hidden(html, name) for name in ("text_hash", "terms_hash")} | {"name": "Dana", "agrees": "on"}
    with tenancy.use(msp.pk):
        builders.a_plan(name="New terms")
    refused = portal.post(url, form)
    assert refused.status_code == 422
    assert "changed while you read" in refused.content.decode()
    fresh = form | {"terms_hash": _hidden(refused.content.decode(), "terms_hash")}
    with tenancy.use(msp.pk):
        _publish(ana, text="New words.")
    assert portal.post(url, fresh).status_code == 422
    with tenancy.use(msp.pk):
        assert not Signature.objects.exists()


def test_who_may_not_sign_is_told_who_may(msp: Msp, ana: Membership, portal: Client, dana: PartnerLogin) -> None:
    with tenancy.use(msp.pk):
        version = _publish(ana)
        people.add(dana.partner, name="Frank Finch", email="frank@finch.test", by=ana, at=AT)
        Contact.objects.filter(pk=dana.contact_id).update(can_sign=False)
        dana.contact.refresh_from_db()
        with pytest.raises(agreements.MayNotSign, match="You do not sign for Finch CPAs"):
            _sign(version, dana.contact)
    html = _read(portal, f"/p/{msp.slug}/agreement/")
    assert "Ask Frank Finch" in html
    assert "Sign for my firm" not in html


def test_signing_is_refused_twice_nameless_and_for_another_kind(msp: Msp, ana: Membership, dana: PartnerLogin) -> None:
    with tenancy.use(msp.pk):
        everyone = _publish(ana)
        vendors = _publish(ana, kind="vendor", text="For vendors.")
        with pytest.raises(agreements.NotTheirs, match="is not the agreement of Finch CPAs"):
            _sign(vendors, dana.contact)
        with pytest.raises(agreements.Unsigned, match="full name"):
            _sign(everyone, dana.contact, name=" ")
        with pytest.raises(agreements.Misread):
            _sign(everyone, dana.contact, text_hash="0" * 64)
        _sign(everyone, dana.contact)
        with pytest.raises(agreements.AlreadySigned, match="Finch CPAs signed Partner agreement, version 1 already"):
            _sign(everyone, dana.contact)


def test_a_signature_on_paper_is_recorded(msp: Msp, ana: Membership, owner: Client, dana: PartnerLogin) -> None:
    with tenancy.use(msp.pk):
        _publish(ana)
    url = f"/{msp.slug}/partners/{dana.partner_id}/agreement/"
    assert owner.post(url, {"name": "Dana Finch", "note": ""}).status_code == 422
    owner.post(url, {"name": "Dana Finch", "note": "March 3, 2026, folder Partners"})
    with tenancy.use(msp.pk):
        signature = Signature.objects.get()
        assert (signature.is_on_paper, signature.recorded_by_id, signature.contact_id) == (True, ana.pk, None)
        assert "folder Partners" in _pdf(agreements.copy_of(signature))
        with pytest.raises(agreements.Unsigned, match="where the paper is kept"):
            agreements.record_on_paper(signature.version, dana.partner, name="D", note="", terms=[], by=ana, at=AT)
    assert owner.get(url).status_code == 302
    assert "Signed by Dana Finch" in _read(owner, f"/{msp.slug}/partners/{dana.partner_id}/")


# What waits for it.


def test_within_the_grace_it_is_asked_for_and_afterwards_first(
    msp: Msp, ana: Membership, portal: Client, dana: PartnerLogin
) -> None:
    with tenancy.use(msp.pk):
        version = _publish(ana)
    home, refer = f"/p/{msp.slug}/", f"/p/{msp.slug}/refer/"
    with time_machine.travel(AT + timedelta(days=9)):
        assert "Please sign: Partner agreement" in _read(portal, home)
        assert portal.get(refer).status_code == 200
    with time_machine.travel(AT + timedelta(days=11)):
        assert portal.get(home)["Location"] == f"/p/{msp.slug}/agreement/"
        assert portal.get(refer)["Location"] == f"/p/{msp.slug}/agreement/"
        assert portal.post(refer, {"company": "Acme"})["Location"] == f"/p/{msp.slug}/agreement/"
        assert portal.get(f"/p/{msp.slug}/earnings/").status_code == 200, "what is theirs stays readable"
        assert "Please sign before you go on" in _read(portal, f"/p/{msp.slug}/agreement/")
        with tenancy.use(msp.pk):
            _sign(version, dana.contact)
        assert portal.get(home).status_code == 200


def test_who_joins_later_signs_first(msp: Msp, ana: Membership) -> None:
    with tenancy.use(msp.pk):
        _publish(ana)
        login = builders.a_login(builders.a_partner("New Firm", created_at=AT + timedelta(days=1)))
        optional = agreements.standing(login.partner, on=TODAY)
        assert optional
        assert optional.is_due
    client = Client()
    client.force_login(login.user)
    with time_machine.travel(AT + timedelta(days=1)):
        assert client.get(f"/p/{msp.slug}/")["Location"] == f"/p/{msp.slug}/agreement/"


def test_an_optional_agreement_holds_nothing(msp: Msp, ana: Membership, portal: Client, dana: PartnerLogin) -> None:
    with tenancy.use(msp.pk):
        _publish(ana, is_required=False)
        assert gates.closed([dana.partner_id], on=TODAY + timedelta(days=99)) == {}
    with time_machine.travel(AT + timedelta(days=99)):
        assert portal.get(f"/p/{msp.slug}/").status_code == 200


def test_the_gate_closes_after_the_grace_and_opens_with_the_signature(
    msp: Msp, ana: Membership, dana: PartnerLogin
) -> None:
    partner = dana.partner_id
    with tenancy.use(msp.pk):
        version = _publish(ana)
        assert gates.closed([partner], on=version.sign_by) == {}
        told = gates.closed([partner], on=version.sign_by + timedelta(days=1))[partner]
        assert (told.code, told.reason) == ("agreement", "Has not signed “Partner agreement”, version 1")
        _publish(ana, kind=dana.partner.kind, text="For advisers.")
        assert gates.closed([partner], on=version.sign_by + timedelta(days=1))[partner].reason.endswith("version 1")
        _sign(agreements.applicable(dana.partner.kind) or version, dana.contact)
        assert gates.closed([partner], on=TODAY + timedelta(days=99)) == {}
        _publish(ana, kind=dana.partner.kind, text="For advisers, again.")
        assert gates.closed([partner], on=TODAY) == {}, "a new version has its own grace"
        assert partner in gates.closed([partner], on=TODAY + timedelta(days=11))
        onboarding.part(dana.partner, reason="Moved away.", by=ana, at=AT)
        assert gates.closed([partner], on=TODAY + timedelta(days=11)) == {}


@pytest.mark.parametrize("is_newcomer", [False, True])
@pytest.mark.parametrize("is_required", [False, True])
@pytest.mark.parametrize("special", ["", SourceKind.CENTRE, SourceKind.VENDOR])
@pytest.mark.parametrize("signed", ["", "everyone", "special"])
def test_the_portal_and_the_gate_agree(
    msp: Msp, ana: Membership, is_newcomer: bool, is_required: bool, special: str, signed: str
) -> None:
    with tenancy.use(msp.pk):
        created = AT + timedelta(hours=1 if is_newcomer else -1)
        login = builders.a_login(builders.a_partner("Firm", created_at=created))
        found = {"everyone": _publish(ana, is_required=is_required)}
        if special:
            found["special"] = _publish(ana, kind=special, text="For them.", grace_days=20)
        if signed in found and agreements.applicable(SourceKind.CENTRE) == found[signed]:
            _sign(found[signed], login.contact)
        for days in (0, 10, 11, 20, 21):
            on = TODAY + timedelta(days=days)
            standing = agreements.standing(login.partner, on=on)
            assert standing
            assert standing.is_due == bool(gates.closed([login.partner_id], on=on)), (days, standing)


def test_a_run_leaves_out_who_has_not_signed_and_is_not_approved_for_them(
    msp: Msp, ana: Membership, dana: PartnerLogin
) -> None:
    finance = builders.a_member(msp, Role.FINANCE, "Fay Finance")
    with tenancy.use(msp.pk):
        other = builders.a_partner("Other Firm")
        for partner in (dana.partner, other):
            builders.a_deal(partner, starts_on=date(2026, 1, 1))
        at = datetime(2026, 7, 1, 15, tzinfo=UTC)
        accruals.accrue(today=at.date(), at=at)
        accruals.release(today=at.date(), at=at)
        version = _publish(ana, at=at - timedelta(days=5), grace_days=6)
        early = payouts.open_run(cutoff_on=at.date(), by=finance, at=at)
        assert early.left_out == []
        late = at + timedelta(days=3)
        with pytest.raises(Changed, match="Finch CPAs and Other Firm cannot be paid now"):
            payouts.approve(early.run, by=ana, at=late)
        payouts.cancel(early.run, reason="", by=ana, at=late)
        _sign(version, dana.contact)
        run = payouts.open_run(cutoff_on=at.date(), by=finance, at=late)
        assert [payout.partner_id for payout in run.run.payouts.all()] == [dana.partner_id]
        assert [one.reason for one in run.left_out] == ["Has not signed “Partner agreement”, version 1"]
        assert payouts.skipped(run.run) == run.left_out


def test_the_terms_beside_it_are_those_of_the_partner(msp: Msp, dana: PartnerLogin) -> None:
    with tenancy.use(msp.pk):
        assert offers.shown(dana.partner, currency="USD", on=TODAY) == []
        builders.a_service_line("Backup")
        builders.a_service_line("Managed services")
        builders.a_plan(name="Everyone")
        (only,) = offers.shown(dana.partner, currency="USD", on=TODAY)
        assert (only.plan, only.lines) == ("Everyone", [])


def test_the_portal_reads_its_own_plans_and_agreements_only(msp: Msp, ana: Membership, dana: PartnerLogin) -> None:
    from commissions.models import Plan, PlanRule, PlanVersion

    with tenancy.use(msp.pk):
        mine, theirs = builders.a_plan(name="Mine"), builders.a_plan(name="Theirs", for_everyone=False)
        other = builders.a_login(builders.a_partner("Other Firm", kind="vendor"))
        PlanRule.objects.create(plan=theirs, partner=other.partner, valid_from=TODAY, created_at=AT)
        mine_version = _publish(ana)
        vendors = _publish(ana, kind="vendor", text="For vendors.")
        _sign(vendors, other.contact)
    with tenancy.use(msp.pk, partner_id=dana.partner_id):
        assert list(Plan.objects.all()) == [mine]
        assert [version.plan_id for version in PlanVersion.objects.all()] == [mine.pk]
        assert list(AgreementVersion.objects.all()) == [mine_version]
        assert not Signature.objects.exists()
        assert not SignedCopy.objects.exists()
    with tenancy.use(msp.pk, partner_id=other.partner_id):
        assert set(Plan.objects.all()) == {mine, theirs}
        assert set(AgreementVersion.objects.all()) == {mine_version, vendors}
        assert Signature.objects.count() == 1


def test_home_tells_the_owner_who_is_not_paid_for_it(
    msp: Msp, ana: Membership, owner: Client, dana: PartnerLogin
) -> None:
    with tenancy.use(msp.pk):
        version = _publish(ana)
    told = "1 partner has not signed “Partner agreement”"
    with time_machine.travel(AT + timedelta(days=9)):
        assert told not in _read(owner, f"/{msp.slug}/")
    with time_machine.travel(AT + timedelta(days=11)):
        assert told in _read(owner, f"/{msp.slug}/")
        with tenancy.use(msp.pk):
            _sign(version, dana.contact)
        assert told not in _read(owner, f"/{msp.slug}/")


# Letters.


def test_partners_are_written_to_once_and_reminded_in_the_last_week(
    msp: Msp, ana: Membership, dana: PartnerLogin
) -> None:
    with tenancy.use(msp.pk):
        silent = people.add(dana.partner, name="Sue Silent", email="sue@finch.test", can_sign=False, by=ana, at=AT)
        suspended = builders.a_login(builders.a_partner("Suspended"))
        onboarding.suspend(suspended.partner, reason="They asked for it.", by=ana, at=AT)
        version = _publish(ana, grace_days=20)
    with time_machine.travel(AT):
        tasks.ask_to_sign(msp_id=str(msp.pk))
        tasks.ask_everyone_to_sign()
    with tenancy.use(msp.pk):
        (letter,) = Message.objects.all()
        assert letter.to == dana.user.email
        assert "March 22, 2026" in letter.text
        assert {silent.email, suspended.contact.email}.isdisjoint({letter.to})
    with time_machine.travel(AT + timedelta(days=14)):
        tasks.ask_everyone_to_sign()
        tasks.ask_everyone_to_sign()
    with tenancy.use(msp.pk):
        subjects = list(Message.objects.order_by("created_at", "pk").values_list("subject", flat=True))
        assert subjects[1:] == ["Reminder: Northwind IT asks you to sign: Partner agreement"]
        _sign(version, dana.contact)
        Message.objects.all().delete()
        agreements.write_to_unsigned(at=AT + timedelta(days=15))
        assert not Message.objects.exists()


# Several people of a firm.


def test_who_does_not_see_earnings_reads_who_does(
    msp: Msp, ana: Membership, owner: Client, portal: Client, dana: PartnerLogin
) -> None:
    with tenancy.use(msp.pk):
        people.add(dana.partner, name="Frank Finch", email="frank@finch.test", by=ana, at=AT)
    url = f"/{msp.slug}/people/{dana.contact_id}/"
    assert "Speaks for the firm" in _read(owner, url)
    owner.post(url, {"name": "Dana Finch", "email": dana.user.email, "phone": "", "can_sign": "on"})
    with tenancy.use(msp.pk):
        dana.contact.refresh_from_db()
        assert (dana.contact.can_sign, dana.contact.sees_earnings) == (True, False)
        told = trail.history(dana.partner)[0]
        assert told.facts["changed"] == ["who sees earnings"]
    home = _read(portal, f"/p/{msp.slug}/")
    assert f"/p/{msp.slug}/earnings/" not in home
    assert "Next payout" not in home
    for page in ("earnings", "statements"):
        assert "Frank Finch" in _read(portal, f"/p/{msp.slug}/{page}/", 403)
    portal.post(f"/p/{msp.slug}/profile/", {"name": "Dana F.", "email": dana.user.email, "phone": ""})
    with tenancy.use(msp.pk):
        dana.contact.refresh_from_db()
        assert (dana.contact.name, dana.contact.sees_earnings) == ("Dana F.", False), "nobody gives it to themselves"
