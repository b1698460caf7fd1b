"""What waits for a signature: the portal, the payout, and who is told."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from commissions import accruals, gates, offers, payouts
from commissions.payouts.approval import Changed
from elinkages.accounts.models import Membership, Msp
from elinkages.accounts.rights import Role
from elinkages.audit import trail
from elinkages.kernel import tenancy
from elinkages.mail.models import Message
from partners import agreement_letters, agreements, onboarding, people, tasks
from partners.models import AgreementVersion, PartnerLogin, Signature, SignedCopy, SourceKind
from tests import builders
from tests.partners.agreements.signing import AT, TODAY, publish, sign
from tests.reading import read

pytestmark = pytest.mark.django_db


def test_within_the_grace_it_is_asked_for_and_afterwards_first(
    msp: Msp, ana: Membership, portal: Client, dana: PartnerLogin
) -> None:
    with tenancy.use(msp.pk):
        version = publish(ana)
    home, refer = f"/p/{msp.slug}/", f"/p/{msp.slug}/refer/"
    with time_machine.travel(AT + timedelta(days=9)):
        assert "Please sign: Partner agreement" in read(portal, home)
        assert portal.get(refer).status_code == 200
    with time_machine.travel(AT + timedelta(days=11)):
        assert portal.get(home)["Location"] == f"/p/{msp.slug}/agreement/"
        assert portal.get(refer)["Location"] == f"/p/{msp.slug}/agreement/"
        assert portal.post(refer, {"company": "Acme"})["Location"] == f"/p/{msp.slug}/agreement/"
        assert portal.get(f"/p/{msp.slug}/earnings/").status_code == 200, "what is theirs stays readable"
        assert "Please sign before you go on" in read(portal, f"/p/{msp.slug}/agreement/")
        with tenancy.use(msp.pk):
            sign(version, dana.contact)
        assert portal.get(home).status_code == 200


def test_who_joins_later_signs_first(msp: Msp, ana: Membership) -> None:
    with tenancy.use(msp.pk):
        publish(ana)
        login = builders.a_login(builders.a_partner("New Firm", created_at=AT + timedelta(days=1)))
        optional = agreements.standing(login.partner, on=TODAY)
        assert optional
        assert optional.is_due
    client = builders.a_browser(login.user)
    with time_machine.travel(AT + timedelta(days=1)):
        assert client.get(f"/p/{msp.slug}/")["Location"] == f"/p/{msp.slug}/agreement/"


def test_an_optional_agreement_holds_nothing(msp: Msp, ana: Membership, portal: Client, dana: PartnerLogin) -> None:
    with tenancy.use(msp.pk):
        publish(ana, is_required=False)
        assert gates.closed([dana.partner_id], on=TODAY + timedelta(days=99)) == {}
    with time_machine.travel(AT + timedelta(days=99)):
        assert portal.get(f"/p/{msp.slug}/").status_code == 200


def test_the_gate_closes_after_the_grace_and_opens_with_the_signature(
    msp: Msp, ana: Membership, dana: PartnerLogin
) -> None:
    partner = dana.partner_id
    with tenancy.use(msp.pk):
        version = publish(ana)
        assert gates.closed([partner], on=version.sign_by) == {}
        told = gates.closed([partner], on=version.sign_by + timedelta(days=1))[partner]
        assert (told.code, told.reason) == ("agreement", "Has not signed “Partner agreement”, version 1")
        publish(ana, kind=dana.partner.kind, text="For advisers.")
        assert gates.closed([partner], on=version.sign_by + timedelta(days=1))[partner].reason.endswith("version 1")
        sign(agreements.applicable(dana.partner.kind) or version, dana.contact)
        assert gates.closed([partner], on=TODAY + timedelta(days=99)) == {}
        publish(ana, kind=dana.partner.kind, text="For advisers, again.")
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
        found = {"everyone": publish(ana, is_required=is_required)}
        if special:
            found["special"] = publish(ana, kind=special, text="For them.", grace_days=20)
        if signed in found and agreements.applicable(SourceKind.CENTRE) == found[signed]:
            sign(found[signed], login.contact)
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
        version = publish(ana, at=at - timedelta(days=5), grace_days=6)
        early = payouts.open_run(cutoff_on=at.date(), by=finance, at=at)
        assert early.left_out == []
        late = at + timedelta(days=3)
        with pytest.raises(Changed, match="Finch CPAs and Other Firm cannot be paid now"):
            payouts.approve(early.run, by=ana, at=late)
        payouts.cancel(early.run, reason="", by=ana, at=late)
        sign(version, dana.contact)
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
        mine_version = publish(ana)
        vendors = publish(ana, kind="vendor", text="For vendors.")
        sign(vendors, other.contact)
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
    msp: Msp, ana: Membership, dashboard: Client, dana: PartnerLogin
) -> None:
    with tenancy.use(msp.pk):
        version = publish(ana)
    told = "1 partner has not signed “Partner agreement”"
    with time_machine.travel(AT + timedelta(days=9)):
        assert told not in read(dashboard, f"/{msp.slug}/")
    with time_machine.travel(AT + timedelta(days=11)):
        assert told in read(dashboard, f"/{msp.slug}/")
        with tenancy.use(msp.pk):
            sign(version, dana.contact)
        assert told not in read(dashboard, f"/{msp.slug}/")


def test_partners_are_written_to_once_and_reminded_in_the_last_week(
    msp: Msp, ana: Membership, dana: PartnerLogin
) -> None:
    with tenancy.use(msp.pk):
        silent = people.add(dana.partner, name="Sue Silent", email="sue@finch.test", can_sign=False, by=ana, at=AT)
        suspended = builders.a_login(builders.a_partner("Suspended"))
        onboarding.suspend(suspended.partner, reason="They asked for it.", by=ana, at=AT)
        version = publish(ana, grace_days=20)
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
        sign(version, dana.contact)
        Message.objects.all().delete()
        agreement_letters.write_to_unsigned(at=AT + timedelta(days=15))
        assert not Message.objects.exists()


def test_who_does_not_see_earnings_reads_who_does(
    msp: Msp, ana: Membership, dashboard: Client, portal: Client, dana: PartnerLogin
) -> None:
    with tenancy.use(msp.pk):
        people.add(dana.partner, name="Frank Finch", email="frank@finch.test", by=ana, at=AT)
    url = f"/{msp.slug}/people/{dana.contact_id}/"
    assert "Speaks for the firm" in read(dashboard, url)
    dashboard.post(url, {"name": "Dana Finch", "email": dana.user.email, "phone": "", "can_sign": "on"})
    with tenancy.use(msp.pk):
        dana.contact.refresh_from_db()
        assert (dana.contact.can_sign, dana.contact.sees_earnings) == (True, False)
        told = trail.history(dana.partner)[0]
        assert told.facts["changed"] == ["who sees earnings"]
    home = read(portal, f"/p/{msp.slug}/")
    assert f"/p/{msp.slug}/earnings/" not in home
    assert "Next payout" not in home
    for page in ("earnings", "statements"):
        assert "Frank Finch" in read(portal, f"/p/{msp.slug}/{page}/", 403)
    portal.post(f"/p/{msp.slug}/profile/", {"name": "Dana F.", "email": dana.user.email, "phone": ""})
    with tenancy.use(msp.pk):
        dana.contact.refresh_from_db()
        assert (dana.contact.name, dana.contact.sees_earnings) == ("Dana F.", False), "nobody gives it to themselves"
