"""Many rows at once: each by its verb, each refusal told, all of it taken back where that is possible."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from commissions import accruals, holds
from commissions.models import Entry, Hold
from elinkages.accounts.models import Membership
from elinkages.accounts.rights import Role
from elinkages.kernel import tenancy
from elinkages.lists import changes, tasks
from elinkages.lists.models import Change, ChangeItem, ChangeState, ItemState
from partners.models import Contact, Partner, PartnerInvitation, PartnerState
from referrals import pipeline
from referrals.models import LostReason, Referral
from tests import builders
from tests.lists.conftest import Office, browse, make_office, text_of
from tests.world import TODAY

pytestmark = pytest.mark.django_db


def ticked(rows: Any) -> str:
    return "&".join(f"id={row.pk}" for row in rows)


def change(office: Office, action: str, query: str, count: int, **facts: str) -> Any:
    url = office.url(f"{action}?{query}")
    return browse(office.owner).post(url, {"count": str(count), **facts})


def newest(office: Office) -> Change:
    with tenancy.use(office.msp.pk):
        return Change.objects.select_related("by__user").order_by("-pk")[0]


def owners(office: Office) -> list[Any]:
    with tenancy.use(office.msp.pk):
        return list(Referral.objects.order_by("company_key").values_list("owner", flat=True))


def test_the_question_names_what_is_chosen_and_counts_it(office: Office) -> None:
    rows = office.fill(12)
    browser = browse(office.owner)
    page = text_of(browser.get(office.url(f"referrals/many/assign/?{ticked(rows[:10])}")))
    assert "Assign 10 referrals" in page
    assert "Company 009, Company 008" in page
    assert "and 2 more" in page
    page = text_of(browser.get(office.url("referrals/many/assign/?all=1&q=company")))
    assert "Assign 12 referrals" in page
    answer = browser.get(office.url("referrals/many/assign/"))
    assert answer.status_code == 302
    assert "Nothing is selected." in text_of(browser.get(answer["Location"]))


def test_ticked_rows_are_changed_at_once_and_taken_back(office: Office) -> None:
    rows = office.fill(3)
    answer = change(office, "referrals/many/assign/", ticked(rows[:2]), 2, owner=str(office.manager.pk))
    assert answer["Location"].startswith(office.url())
    assert owners(office) == [office.manager.pk, office.manager.pk, None]
    done = newest(office)
    assert (done.state, str(done)) == (ChangeState.DONE, "Assign 2 referrals")
    browser = browse(office.owner)
    assert "Undo" in text_of(browser.get(office.url(f"changes/{done.pk}/")))
    with tenancy.use(office.msp.pk):
        one = Referral.objects.get(pk=rows[0].pk)
        facts: dict[str, Any] = {"next_action": "", "next_action_on": None, "by": office.owner, "at": timezone.now()}
        pipeline.assign(one, owner=office.owner, **facts)
    browser.post(office.url(f"changes/{done.pk}/undo/"))
    assert owners(office) == [office.owner.pk, None, None]
    page = text_of(browser.get(office.url(f"changes/{done.pk}/")))
    assert "Company 000 has a different owner by now." in page
    assert browser.post(office.url(f"changes/{done.pk}/undo/")).status_code == 409


def test_a_toast_leads_to_the_undo(office: Office) -> None:
    rows = office.fill(1)
    browser = browse(office.owner)
    url = office.url(f"referrals/many/contact/?{ticked(rows)}")
    answer = browser.post(url, {"count": "1", "note": "Called."})
    page = text_of(browser.get(answer["Location"]))
    assert "Record contact with 1 referral: done." in page
    assert f'href="{office.url(f"changes/{newest(office).pk}/")}"' in page


def test_what_is_refused_is_told_row_by_row_and_the_rest_goes_through(office: Office) -> None:
    rows = office.fill(3)
    with tenancy.use(office.msp.pk):
        pipeline.lose(rows[1], reason=LostReason.PRICE, by=office.owner, at=timezone.now())
    answer = change(office, "referrals/many/next/", ticked(rows), 3, next_action="Call", next_action_on="2026-12-01")
    page = text_of(browse(office.owner).get(answer["Location"]))
    assert "What was not done, and why" in page
    assert "Company 001 is at “Lost” now. Ana Ruiz moved it there." in page
    with tenancy.use(office.msp.pk):
        assert Referral.objects.filter(next_action="Call").count() == 2
        counts = changes.counts(newest(office))
        assert (counts[ItemState.DONE], counts[ItemState.REFUSED]) == (2, 1)


def test_a_change_of_what_matches_is_noticed(office: Office) -> None:
    office.fill(3)
    answer = change(office, "referrals/many/contact/", "all=1&stage=registered", 2, note="")
    assert answer.status_code == 422
    assert "It is 3 referrals by now, not 2. Look again." in text_of(answer)
    assert change(office, "referrals/many/contact/", "all=1", 0, note="").status_code == 422
    assert change(office, "referrals/many/contact/", "id=nonsense", 0, note="").status_code == 422
    with tenancy.use(office.msp.pk):
        assert not Change.objects.exists()


def test_what_was_typed_wrongly_is_kept_and_nothing_is_changed(office: Office) -> None:
    rows = office.fill(1)
    answer = change(office, "referrals/many/next/", ticked(rows), 1, next_action="", next_action_on="soon")
    assert answer.status_code == 422
    assert 'value="soon"' in text_of(answer)


def test_more_rows_than_one_change_may_have_are_refused(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    office.fill(3)
    monkeypatch.setattr(changes, "MOST", 2)
    answer = browse(office.owner).get(office.url("referrals/many/assign/?all=1"))
    assert answer.status_code == 409
    assert "One change can have 2 rows" in text_of(answer)


def test_rows_of_another_msp_are_not_there(office: Office) -> None:
    other = make_office()
    theirs = other.fill(2)
    answer = browse(office.owner).get(office.url(f"referrals/many/assign/?{ticked(theirs)}"))
    assert answer.status_code == 302


def test_a_change_is_seen_by_its_maker_and_by_owners(office: Office) -> None:
    rows = office.fill(1)
    change(office, "referrals/many/contact/", ticked(rows), 1, note="")
    url = office.url(f"changes/{newest(office).pk}/")
    assert browse(office.manager).get(url).status_code == 404
    assert browse(office.owner).get(url).status_code == 200
    assert browse(office.owner).post(f"{url}undo/").status_code == 409  # a contact cannot be unmade


def test_partners_are_invited_and_the_invitations_taken_back(office: Office) -> None:
    with tenancy.use(office.msp.pk):
        ready = builders.a_partner("Ready CPA", state=PartnerState.PROSPECT)
        Contact.objects.create(partner=ready, name="Rae", email="rae@ready.test", created_at=builders.AT)
        mute = builders.a_partner("Mute CPA", state=PartnerState.PROSPECT)
    change(office, "partners/many/invite/", ticked([ready, mute]), 2, message="Join us.")
    with tenancy.use(office.msp.pk):
        assert PartnerInvitation.objects.waiting().count() == 1
        refused = changes.refused(newest(office))
        assert [item.name for item in refused] == ["Mute CPA"]
        changes.undo(newest(office), by=office.owner, at=timezone.now())
        assert not PartnerInvitation.objects.waiting().exists()


def test_partners_are_suspended_and_reinstated(office: Office) -> None:
    change(office, "partners/many/suspend/", ticked([office.partner]), 1, reason="Audit")
    with tenancy.use(office.msp.pk):
        assert Partner.objects.get().state == PartnerState.SUSPENDED
        changes.undo(newest(office), by=office.owner, at=timezone.now())
        assert Partner.objects.get().state == PartnerState.ACTIVE


def test_amounts_are_held_by_their_contracts_and_released(office: Office) -> None:
    with tenancy.use(office.msp.pk):
        builders.a_deal(office.partner)
        accruals.accrue(today=TODAY, at=timezone.now())
        entries = list(Entry.objects.order_by("earning_month")[:2])
    finance = builders.a_member(office.msp, Role.FINANCE, "Fay Fox")
    query = ticked(entries)
    assert browse(office.manager).get(office.url(f"commissions/many/hold/?{query}")).status_code == 403
    facts = {"count": "2", "reason": "Disputed"}
    browse(finance).post(office.url(f"commissions/many/hold/?{query}"), facts)
    with tenancy.use(office.msp.pk):
        assert Hold.objects.filter(lifted_at__isnull=True).count() == 1
        assert "is already on hold" in changes.refused(newest(office))[0].reason
    browse(finance).post(office.url(f"commissions/many/release/?{query}"), {"count": "2"})
    with tenancy.use(office.msp.pk):
        assert not Hold.objects.filter(lifted_at__isnull=True).exists()
        assert "Nothing is holding back" in changes.refused(newest(office))[0].reason
        change(office, "commissions/many/hold/", ticked(entries[:1]), 1, reason="Again")
        changes.undo(newest(office), by=office.owner, at=timezone.now())
        contract = entries[0].pool.contract
        assert contract is not None
        assert not holds.active(contract)


@pytest.mark.django_db(transaction=True)
def test_many_rows_are_changed_by_a_worker_that_may_die_between_them(monkeypatch: pytest.MonkeyPatch) -> None:
    office = make_office()
    rows = office.fill(7)
    monkeypatch.setattr(changes, "AT_ONCE", 3)
    answer = change(office, "referrals/many/assign/", ticked(rows), 7, owner=str(office.manager.pk))
    begun = newest(office)
    assert answer["Location"] == office.url(f"changes/{begun.pk}/")
    browser = browse(office.owner)
    assert "Changing" in text_of(browser.get(answer["Location"]))
    ids = {"msp_id": office.msp.pk, "change_id": begun.pk}
    with tenancy.use(office.msp.pk):
        assert len(changes.take(begun.pk, at=timezone.now())) == 3  # and dies
        Change.objects.update(moved_at=timezone.now() - timedelta(seconds=61))
        assert list(changes.standing_still(timezone.now())) == [begun]
    tasks.work_change.run(**{name: str(value) for name, value in ids.items()})
    assert owners(office) == [office.manager.pk] * 7
    assert newest(office).state == ChangeState.DONE
    assert browser.get(office.url(f"changes/{begun.pk}/progress/"))["HX-Refresh"] == "true"
    browser.post(office.url(f"changes/{begun.pk}/undo/"))
    tasks.work_change.run(**{name: str(value) for name, value in ids.items()})
    assert owners(office) == [None] * 7
    assert newest(office).state == ChangeState.UNDONE


@pytest.mark.django_db(transaction=True)
def test_a_row_that_fails_for_reasons_of_ours_is_parked_and_the_others_are_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    office = make_office()
    rows = office.fill(3)
    monkeypatch.setattr(changes, "AT_ONCE", 2)
    touch = pipeline.touch

    def broken(referral: Referral, **facts: Any) -> Referral:
        if referral.company == "Company 001":
            raise RuntimeError("a fault")
        return touch(referral, **facts)

    monkeypatch.setattr(pipeline, "touch", broken)
    change(office, "referrals/many/contact/", ticked(rows), 3, note="")
    begun = newest(office)
    tasks.work_change.run(msp_id=str(office.msp.pk), change_id=str(begun.pk))
    with tenancy.use(office.msp.pk):
        assert changes.counts(begun) == {"waiting": 0, "done": 2, "refused": 1, "undone": 0, "kept": 0}
        assert changes.refused(begun)[0].reason == changes.GAVE_UP
    assert newest(office).state == ChangeState.DONE


def contact_begun(by: Membership, targets: list[UUID]) -> Change:
    """Somebody has asked to record a contact with these, and no worker has begun."""
    now = timezone.now()
    about: dict[str, Any] = {"listing": "referral-list", "action": "contact", "label": "Record contact"}
    begun = Change.objects.create(**about, facts={"note": ""}, total=len(targets), by=by, at=now, moved_at=now)
    for number, target in enumerate(targets):
        ChangeItem.objects.create(change=begun, number=number, target_id=target)
    return begun


def test_who_was_sent_away_meanwhile_changes_nothing_more(office: Office) -> None:
    rows = office.fill(2)
    with tenancy.use(office.msp.pk):
        begun = contact_begun(office.manager, [row.pk for row in rows])
        office.manager.role = Role.READ_ONLY
        office.manager.save(update_fields=["role"])
        changes.work(begun.pk, changes.take(begun.pk, at=timezone.now()), at=timezone.now())
        assert {item.reason for item in changes.refused(begun)} == {"Max Mora may no longer do this."}
        assert not Referral.objects.filter(touched_at__isnull=False).exists()


def test_a_row_that_is_gone_is_told_and_the_others_are_done(office: Office) -> None:
    [row] = office.fill(1)
    with tenancy.use(office.msp.pk):
        begun = contact_begun(office.owner, [uuid4(), row.pk])
        changes.work(begun.pk, changes.take(begun.pk, at=timezone.now()), at=timezone.now())
        assert [item.reason for item in changes.refused(begun)] == ["It is no longer there."]
        assert Referral.objects.filter(touched_at__isnull=False).count() == 1
