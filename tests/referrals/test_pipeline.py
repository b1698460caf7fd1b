"""An introduction is registered once, moved by claim, and everyone hears in the right order."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from elinkages.audit import sentences, trail
from elinkages.kernel.actors import System
from elinkages.mail.models import Message
from partners.models import PartnerState
from referrals import pipeline
from referrals.models import Channel, LostReason, Referral, Stage
from tests.referrals.conftest import House

AT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)  # a Friday, 10 AM in New York
LATER = AT + timedelta(hours=3)


def sent(house: House, company: str = "Brightwater Dental", **facts: Any) -> Referral:
    facts = {"contact_name": "Lena Park", "contact_email": "lena@brightwater.com", "at": AT, **facts}
    return pipeline.submit(house.harbor, company=company, channel=Channel.PORTAL, by=house.dana, **facts)


def letters() -> list[tuple[str, str]]:
    return list(Message.objects.order_by("pk").values_list("to", "subject"))


def actions(referral: Referral) -> list[str]:
    return [event.action for event in reversed(trail.history(referral))]


def test_the_first_registration_holds_all_of_the_credit(inside: House) -> None:
    referral = sent(inside)
    assert [(credit.partner, credit.basis_points) for credit in referral.credits.all()] == [(inside.harbor, 10_000)]
    assert [(move.from_stage, move.to_stage) for move in referral.moves.all()] == [("", "registered")]
    assert actions(referral) == ["referral.registered"]
    keys = referral.match_keys.get()
    assert (keys.company, keys.website, keys.mail) == ("brightwater dental", "", "brightwater.com")
    assert keys.email == "lena@brightwater.com"


def test_a_new_introduction_has_a_first_task_due_on_the_next_business_day(inside: House) -> None:
    referral = sent(inside)
    assert (referral.next_action, referral.next_action_on) == ("Make first contact", date(2026, 11, 23))


def test_the_team_hears_before_the_partner_does(inside: House) -> None:
    sent(inside)
    assert [to for to, _ in letters()] == [
        inside.owner.user.email,
        inside.manager.user.email,
        inside.dana.email,
    ]
    assert [subject for _, subject in letters()] == [
        "Harbor & Finch CPAs introduced Brightwater Dental",
        "Harbor & Finch CPAs introduced Brightwater Dental",
        "Thank you for introducing Brightwater Dental",
    ]


def test_the_one_who_looks_after_the_partner_gets_it_and_hears_alone(inside: House) -> None:
    inside.harbor.owner = inside.manager
    inside.harbor.save(update_fields=["owner"])
    referral = sent(inside)
    assert (referral.owner, referral.owner_name) == (inside.manager, "Max Manager")
    assert [to for to, _ in letters()] == [inside.manager.user.email, inside.dana.email]
    assert "Max Manager is handling it" in Message.objects.get(to=inside.dana.email).text


def test_a_letter_to_the_team_says_who_to_call_and_until_when(inside: House) -> None:
    sent(inside, note="Their server room floods.", is_announced=True)
    text = Message.objects.filter(to=inside.owner.user.email).get().text
    assert "Person: Lena Park" in text
    assert "Their server room floods." in text
    assert "They know that you will be in touch. First contact is due by Monday, November 23, 10:00 AM." in text
    assert f"/{inside.msp.slug}/referrals/" in text


def test_what_comes_on_a_weekend_is_due_by_the_end_of_monday_in_the_letter_and_in_the_list(inside: House) -> None:
    saturday = datetime(2026, 11, 21, 16, 0, tzinfo=UTC)
    assert sent(inside, at=saturday).next_action_on == date(2026, 11, 23)
    text = Message.objects.filter(to=inside.owner.user.email).get().text
    assert "First contact is due by the end of Monday, November 23." in text


def test_an_import_writes_to_nobody_and_sets_no_task(inside: House) -> None:
    referral = pipeline.submit(
        inside.harbor,
        company="Old Mill",
        channel=Channel.IMPORT,
        registered_at=AT - timedelta(days=400),
        by=System("Import"),
        at=AT,
    )
    pipeline.qualify(referral, by=inside.owner, at=AT)
    pipeline.lose(referral, reason=LostReason.PRICE, by=inside.owner, at=AT)
    assert letters() == []
    assert referral.next_action == ""
    assert referral.registered_at == AT - timedelta(days=400)


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({"company": "  "}, "Enter the company's name."),
        ({"company": "—"}, "Enter the company's name."),
        ({"company": "x" * 161}, "Keep the company's name under 160 characters; this one has 161."),
        ({"expected_mrr_minor": -1}, "Expected MRR cannot be negative."),
        ({"registered_at": AT + timedelta(days=1)}, "An introduction cannot be registered in the future."),
    ],
)
def test_an_introduction_that_cannot_be_kept_is_refused_in_a_sentence(
    inside: House, facts: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(pipeline.FactsRefused, match=f"^{sentence}$"):
        sent(inside, **facts)
    assert not Referral.objects.exists()


def test_the_same_partner_cannot_send_the_same_company_twice(inside: House) -> None:
    first = sent(inside)
    with pytest.raises(pipeline.AlreadyReferred, match="You sent Brightwater Dental on November 20, 2026") as refused:
        sent(inside, "The Brightwater Dental, LLC", contact_email="", contact_phone="212 555 0123")
    assert refused.value.earlier == first


def test_a_lost_introduction_may_be_sent_again(inside: House) -> None:
    pipeline.lose(sent(inside), reason=LostReason.TIMING, by=inside.owner, at=AT)
    assert sent(inside).credits.get().basis_points == 10_000


@pytest.mark.parametrize("channel", [Channel.PORTAL, Channel.DASHBOARD])
def test_a_suspended_partner_cannot_refer(inside: House, channel: str) -> None:
    inside.harbor.state = PartnerState.SUSPENDED
    inside.harbor.save(update_fields=["state"])
    with pytest.raises(pipeline.CannotRefer):
        pipeline.submit(inside.harbor, company="Mesa", channel=channel, by=inside.owner, at=AT)


def test_a_touch_records_the_first_contact_and_finishes_the_first_task(inside: House) -> None:
    referral = pipeline.touch(sent(inside), note="Called, they want to talk.", by=inside.owner, at=LATER)
    pipeline.touch(referral, by=inside.manager, at=LATER + timedelta(days=1))
    referral.refresh_from_db()
    assert (referral.touched_at, referral.active_at) == (LATER, LATER + timedelta(days=1))
    assert (referral.next_action, referral.next_action_on) == ("", None)
    assert actions(referral)[-2:] == ["contact.made", "contact.made"]


def test_every_step_is_in_the_history_and_told_to_the_partner(inside: House) -> None:
    referral = sent(inside)
    Message.objects.all().delete()
    pipeline.qualify(referral, by=inside.owner, at=LATER)
    pipeline.propose(referral, by=inside.owner, at=LATER + timedelta(days=2))
    pipeline.win(referral, by=inside.owner, at=LATER + timedelta(days=9))
    assert [(move.from_stage, move.to_stage, move.by_name) for move in referral.moves.order_by("at")] == [
        ("", "registered", inside.dana.actor_name),
        ("registered", "qualified", "Olga Owner"),
        ("qualified", "proposal", "Olga Owner"),
        ("proposal", "won", "Olga Owner"),
    ]
    assert letters() == [
        (inside.dana.email, "Brightwater Dental: in conversation"),
        (inside.dana.email, "Brightwater Dental: proposal made"),
        (inside.dana.email, "Brightwater Dental signed. Thank you!"),
    ]
    referral.refresh_from_db()
    assert (referral.stage, referral.touched_at) == (Stage.WON, LATER)


def test_the_owner_of_an_introduction_hears_first_when_someone_else_moves_it(inside: House) -> None:
    referral = sent(inside)
    pipeline.assign(referral, owner=inside.manager, next_action="", next_action_on=None, by=inside.owner, at=AT)
    Message.objects.all().delete()
    pipeline.qualify(referral, by=inside.owner, at=LATER)
    assert [to for to, _ in letters()] == [inside.manager.user.email, inside.dana.email]


@pytest.mark.parametrize("reason", LostReason.values)
def test_losing_is_told_kindly_with_its_reason_and_without_the_note(inside: House, reason: str) -> None:
    referral = sent(inside)
    pipeline.lose(referral, reason=reason, note="They were rude.", by=inside.owner, at=LATER)
    letter = Message.objects.get(subject="Brightwater Dental: it did not work out this time")
    assert letter.to == inside.dana.email
    assert "Thank you for thinking of us." in letter.text
    assert "rude" not in letter.text + letter.html
    referral.refresh_from_db()
    assert (referral.lost_reason, referral.lost_note, referral.next_action) == (reason, "They were rude.", "")
    told = sentences.line(trail.history(referral)[0])
    assert told.sentence == f"Olga Owner marked it lost: {LostReason(reason).label}"
    assert told.note == "They were rude."


def test_a_reason_that_does_not_exist_is_refused(inside: House) -> None:
    with pytest.raises(pipeline.ActionRefused, match="Choose why it did not work out"):
        pipeline.lose(sent(inside), reason="bored", by=inside.owner, at=AT)


def test_a_move_from_a_stage_that_is_gone_is_refused_and_says_who_moved_it(inside: House) -> None:
    referral = sent(inside)
    seen = Referral.objects.get(pk=referral.pk)
    pipeline.qualify(referral, by=inside.manager, at=LATER)
    with pytest.raises(pipeline.StageChanged, match=r"is at “Qualified” now\. Max Manager moved it there"):
        pipeline.lose(seen, reason=LostReason.NO_FIT, by=inside.owner, at=LATER)
    assert referral.moves.count() == 2


@pytest.mark.parametrize("verb", [pipeline.qualify, pipeline.propose, pipeline.touch, pipeline.win])
def test_a_closed_introduction_does_not_move(inside: House, verb: Callable[..., object]) -> None:
    referral = sent(inside)
    pipeline.lose(referral, reason=LostReason.PRICE, by=inside.owner, at=AT)
    with pytest.raises(pipeline.StageChanged):
        verb(referral, by=inside.owner, at=AT)


def test_a_stage_set_too_early_is_taken_back_without_a_letter(inside: House) -> None:
    referral = sent(inside)
    pipeline.propose(referral, by=inside.owner, at=AT)
    Message.objects.all().delete()
    pipeline.move(referral, to=Stage.REGISTERED, by=inside.owner, at=LATER)
    assert (referral.stage, letters()) == (Stage.REGISTERED, [])
    assert sentences.describe(trail.history(referral)[0]) == "Olga Owner set it back from Proposal to Registered"


def test_reopening_goes_back_to_where_it_was_lost_and_says_so(inside: House) -> None:
    referral = sent(inside)
    pipeline.propose(referral, by=inside.owner, at=AT)
    pipeline.lose(referral, reason=LostReason.TIMING, by=inside.owner, at=LATER)
    pipeline.reopen(referral, by=inside.owner, at=LATER + timedelta(days=90))
    referral.refresh_from_db()
    assert (referral.stage, referral.lost_reason, referral.lost_note) == (Stage.PROPOSAL, "", "")
    assert letters()[-1] == (inside.dana.email, "Brightwater Dental: we are talking again")
    assert referral.credits.count() == 1


def test_a_new_owner_is_told_and_the_action_is_kept(inside: House) -> None:
    referral = sent(inside)
    Message.objects.all().delete()
    pipeline.assign(
        referral,
        owner=inside.manager,
        next_action=" Call  Lena ",
        next_action_on=date(2026, 11, 24),
        by=inside.owner,
        at=LATER,
    )
    referral.refresh_from_db()
    assert (referral.owner, referral.owner_name) == (inside.manager, "Max Manager")
    assert (referral.next_action, referral.next_action_on) == ("Call Lena", date(2026, 11, 24))
    assert letters() == [(inside.manager.user.email, "Brightwater Dental is yours now")]


def test_a_day_without_an_action_is_refused(inside: House) -> None:
    with pytest.raises(pipeline.ActionRefused, match="Say what is due on that day"):
        pipeline.assign(
            sent(inside), owner=None, next_action="", next_action_on=date(2026, 12, 1), by=inside.owner, at=AT
        )


def test_someone_who_left_cannot_look_after_anything(inside: House) -> None:
    inside.manager.deactivated_at = AT
    inside.manager.save(update_fields=["deactivated_at"])
    with pytest.raises(pipeline.ActionRefused, match="no longer works here"):
        pipeline.assign(
            sent(inside), owner=inside.manager, next_action="Call", next_action_on=None, by=inside.owner, at=AT
        )


def test_a_partner_without_a_login_gets_a_letter_without_a_link(inside: House) -> None:
    inside.harbor_login.closed_at = AT
    inside.harbor_login.save(update_fields=["closed_at"])
    sent(inside)
    assert "/p/" not in Message.objects.get(to=inside.dana.email).text


def test_a_partner_who_has_left_gets_no_letters(inside: House) -> None:
    referral = sent(inside)
    inside.harbor.state = PartnerState.PARTED
    inside.harbor.save(update_fields=["state"])
    Message.objects.all().delete()
    pipeline.qualify(Referral.objects.get(pk=referral.pk), by=inside.owner, at=LATER)
    assert letters() == []
