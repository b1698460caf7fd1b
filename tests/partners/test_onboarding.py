"""A partner's way: added, active, suspended, gone."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, transaction

from elinkages.accounts.models import Membership, Msp
from elinkages.audit import trail
from elinkages.kernel import tenancy
from elinkages.kernel.actors import System
from partners import onboarding, people
from partners.models import Contact, Partner, PartnerInvitation, PartnerLogin, PartnerState
from tests import builders

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
LATER = AT + timedelta(days=1)


def _add(by: Membership, name: str = "Harbor & Finch CPAs, LLC", email: str = "") -> Partner:
    return onboarding.add(kind="centre_of_influence", name=name, email=email, by=by, at=AT)


def test_a_partner_is_added_with_a_first_person_and_nobody_is_written_to(msp: Msp, ana: Membership) -> None:
    with tenancy.use(msp.pk):
        partner = onboarding.add(
            kind="vendor", name=" Stackhouse   Backup ", email=" Jo@Stack.Test ", contact_name="Jo Miles", by=ana, at=AT
        )
        person = Contact.objects.get(partner=partner)
        assert (partner.name, partner.name_key, partner.state) == ("Stackhouse Backup", "stackhouse backup", "prospect")
        assert (person.name, person.email) == ("Jo Miles", "jo@stack.test")
        assert not PartnerInvitation.objects.exists()
        assert [event.action for event in trail.history(partner)] == ["partner.person_added", "partner.added"]


def test_a_partner_without_name_or_of_an_unknown_kind_is_refused(msp: Msp, ana: Membership) -> None:
    with tenancy.use(msp.pk):
        with pytest.raises(onboarding.Unnamed, match="Enter the name"):
            _add(ana, name="  ")
        with pytest.raises(onboarding.UnknownKind, match="five kinds"):
            onboarding.add(kind="affiliate", name="Someone", by=ana, at=AT)


def test_one_address_belongs_to_one_current_person(msp: Msp, ana: Membership) -> None:
    with tenancy.use(msp.pk):
        first = _add(ana, email="dana@finch.test")
        with pytest.raises(onboarding.AddressTaken, match=r"dana@finch\.test belongs to Harbor & Finch CPAs, LLC"):
            _add(ana, name="Kestrel Advisory", email="Dana@Finch.test")
        people.remove(Contact.objects.get(partner=first), by=ana, at=AT)
        assert _add(ana, name="Kestrel Advisory", email="dana@finch.test").pk


def test_the_database_itself_refuses_a_second_current_person_with_an_address(msp: Msp, ana: Membership) -> None:
    with tenancy.use(msp.pk):
        partner = _add(ana, email="dana@finch.test")
        with pytest.raises(DatabaseError, match="contact_email_once"), transaction.atomic():
            Contact.objects.create(partner=partner, name="Twin", email="dana@finch.test", created_at=AT)


def test_the_same_address_may_work_with_two_msps(msp: Msp, ana: Membership) -> None:
    other = builders.an_msp("Harborline")
    with tenancy.use(msp.pk):
        _add(ana, email="dana@finch.test")
    with tenancy.use(other.pk):
        assert _add(builders.a_member(other, name="Bo Berg"), email="dana@finch.test").pk


def test_an_edit_says_in_the_history_what_changed_and_nothing_when_nothing_did(msp: Msp, ana: Membership) -> None:
    with tenancy.use(msp.pk):
        partner = _add(ana)
        onboarding.edit(partner, by=ana, at=LATER, name="Finch CPAs", city="Portland", owner=ana)
        onboarding.edit(partner, by=ana, at=LATER, name="Finch CPAs", city="Portland", owner=ana)
        edits = [event for event in trail.history(partner) if event.action == "partner.edited"]
        partner.refresh_from_db()
        assert [sorted(edit.facts["changed"]) for edit in edits] == [["city", "name", "who looks after them"]]
        assert (partner.name_key, partner.owner) == ("finch cpas", ana)


def test_many_are_edited_as_one_is_all_of_them_or_none(msp: Msp, ana: Membership) -> None:
    with tenancy.use(msp.pk):
        finch, wren = _add(ana), _add(ana, name="Wren", email="")
        edits = [
            onboarding.Edit(finch, ana, {"city": "Portland"}),
            onboarding.Edit(wren, None, {"city": "Salem", "phone": "503"}),
            onboarding.Edit(finch, ana, {"city": "Eugene"}),
            onboarding.Edit(wren, None, {"city": "Salem"}),
        ]
        assert onboarding.edit_all(edits, by=ana, at=LATER) == [finch, wren, finch, wren]
        told = [event.facts["changed"] for event in trail.history(finch) if event.action == "partner.edited"]
        assert [sorted(one) for one in told] == [["city"], ["city", "who looks after them"]]
        found = list(Partner.objects.order_by("name").values_list("name", "city", "phone", "owner"))
        assert [one[1:] for one in found] == [("Eugene", finch.phone, ana.pk), ("Salem", "503", None)]
        edits = [onboarding.Edit(finch, ana, {"city": "Bend"}), onboarding.Edit(wren, None, {"name": " "})]
        with pytest.raises(onboarding.Unnamed):
            onboarding.edit_all(edits, by=ana, at=LATER)
        assert not Partner.objects.filter(city="Bend").exists()


def test_a_partner_who_works_by_phone_is_active_without_a_login(msp: Msp, ana: Membership) -> None:
    with tenancy.use(msp.pk):
        partner = onboarding.activate(_add(ana), by=System("Import"), at=AT)
        partner.refresh_from_db()
        assert (partner.state, partner.joined_at) == (PartnerState.ACTIVE, AT)
        with pytest.raises(onboarding.NotInThatState, match="already active"):
            onboarding.activate(partner, by=ana, at=LATER)


def test_a_suspension_needs_a_reason_and_is_undone_by_a_reinstatement(msp: Msp, ana: Membership) -> None:
    with tenancy.use(msp.pk):
        partner = builders.a_partner()
        with pytest.raises(onboarding.ReasonMissing):
            onboarding.suspend(partner, reason=" ", by=ana, at=AT)
        onboarding.suspend(partner, reason="Asked twice", by=ana, at=AT)
        partner.refresh_from_db()
        assert (partner.state, partner.suspended_reason) == (PartnerState.SUSPENDED, "Asked twice")
        onboarding.reinstate(partner, by=ana, at=LATER)
        partner.refresh_from_db()
        assert (partner.state, partner.suspended_reason, partner.suspended_at) == (PartnerState.ACTIVE, "", None)


def test_a_prospect_cannot_be_suspended(msp: Msp, ana: Membership) -> None:
    with tenancy.use(msp.pk), pytest.raises(onboarding.NotInThatState, match="nothing to suspend"):
        onboarding.suspend(_add(ana), reason="Why not", by=ana, at=AT)


def test_of_two_suspensions_from_stale_pages_the_second_is_refused(msp: Msp, ana: Membership) -> None:
    with tenancy.use(msp.pk):
        partner = builders.a_partner()
        stale = Partner.objects.get(pk=partner.pk)
        onboarding.suspend(partner, reason="First", by=ana, at=AT)
        with pytest.raises(onboarding.NotInThatState):
            onboarding.suspend(stale, reason="Second", by=ana, at=AT)
        partner.refresh_from_db()
        assert partner.suspended_reason == "First"


def test_parting_ends_logins_and_invitations_and_keeps_introductions(msp: Msp, ana: Membership) -> None:
    with tenancy.use(msp.pk):
        partner = builders.a_partner()
        login = builders.a_login(partner)
        referral = builders.a_referral(partner)
        waiting = people.add(partner, name="Second Person", email="second@finch.test", by=ana, at=AT)
        onboarding.invite(partner, contact=waiting, by=ana, at=AT)
        onboarding.part(partner, reason="They moved abroad", by=ana, at=LATER)
        login.refresh_from_db()
        referral.refresh_from_db()
        assert login.closed_at == LATER
        assert PartnerInvitation.objects.get(contact=waiting).revoked_at == LATER
        assert referral.partner_id == partner.pk


def test_a_removed_person_loses_login_and_invitation(msp: Msp, ana: Membership) -> None:
    with tenancy.use(msp.pk):
        partner = builders.a_partner()
        login = builders.a_login(partner)
        people.remove(login.contact, by=ana, at=AT)
        with pytest.raises(people.NotHere, match="already been removed"):
            people.remove(login.contact, by=ana, at=AT)
        assert PartnerLogin.objects.get(pk=login.pk).closed_at == AT


def test_details_that_a_person_saves_from_an_older_page_undo_nothing_of_the_msps(msp: Msp, ana: Membership) -> None:
    with tenancy.use(msp.pk):
        partner = _add(ana, email="dana@finch.test")
        dana, lena = partner.contacts.get(), people.add(partner, name="Lena Finch", by=ana, at=AT)
        told = {"name": dana.name, "email": dana.email, "phone": ""}
        people.edit(Contact.objects.get(pk=dana.pk), **told, can_sign=False, sees_earnings=False, by=ana, at=LATER)
        people.remove(Contact.objects.get(pk=lena.pk), by=ana, at=LATER)
        people.edit(dana, name="Dana Finch CPA", email=dana.email, phone="", by=dana, at=LATER)
        with pytest.raises(people.NotHere, match="Lena Finch was removed"):
            people.edit(lena, name="Lena Finch CPA", email="", phone="", by=lena, at=LATER)
        found = partner.contacts.order_by("pk")
        standing = [(one.name, one.can_sign, one.sees_earnings, one.removed_at) for one in found]
    assert standing == [("Dana Finch CPA", False, False, None), ("Lena Finch", True, True, LATER)]


def test_a_new_address_ends_the_invitation_that_was_sent_to_the_old_one(msp: Msp, ana: Membership) -> None:
    with tenancy.use(msp.pk):
        partner = _add(ana, email="old@finch.test")
        onboarding.invite(partner, by=ana, at=AT)
        person = Contact.objects.get(partner=partner)
        people.edit(person, name=person.name, email="new@finch.test", phone="", by=ana, at=LATER)
        assert PartnerInvitation.objects.get().revoked_at == LATER
        assert onboarding.invite(partner, by=ana, at=LATER)


def test_a_partners_person_is_not_told_whose_address_is_taken(msp: Msp, ana: Membership) -> None:
    with tenancy.use(msp.pk):
        _add(ana, name="Secret Partner", email="taken@secret.test")
        contact = builders.a_login(builders.a_partner()).contact
        with pytest.raises(people.AddressTaken) as refusal:
            people.edit(contact, name="Petra", email="taken@secret.test", phone="", by=contact, at=AT)
        assert "Secret" not in refusal.value.message
