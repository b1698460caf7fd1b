"""An introduction is protected for a while: reminders come before, and what is registered afterwards counts."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from elinkages.audit import trail
from elinkages.mail.models import Message
from partners.models import Partner, SourceKind
from referrals import cases, decisions, pipeline, protection
from referrals.models import Channel, FindingState, LostReason, ProtectionExtension, Referral, Stage
from tests.builders import a_referral
from tests.referrals.conftest import FIRST, House

AT = datetime(2026, 1, 5, 15, tzinfo=UTC)
LAST = date(2026, 7, 4)
"""180 days after the fifth of January."""


def send(house: House, partner: Partner | None = None, at: datetime = AT, **facts: Any) -> Referral:
    return pipeline.submit(
        partner or house.harbor, channel=Channel.DASHBOARD, by=house.owner, at=at, **{**FIRST, **facts}
    )


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 17, tzinfo=UTC)


def subjects() -> list[str]:
    return list(Message.objects.order_by("pk").values_list("subject", flat=True))


def test_an_introduction_is_protected_for_half_a_year_by_default(inside: House) -> None:
    referral = send(inside)
    assert referral.protected_until == LAST
    assert referral.is_protected(LAST)
    assert not referral.is_protected(LAST + timedelta(days=1))


def test_the_days_follow_the_kind_of_source_and_hold_from_now_on(inside: House) -> None:
    before = send(inside)
    protection.set_rules({"": 90, SourceKind.CENTRE: 30, SourceKind.PEER: None}, by=inside.owner, at=AT, msp=inside.msp)
    assert (protection.days_for(SourceKind.CENTRE), protection.days_for(SourceKind.PEER)) == (30, 90)
    after = send(inside, company="Mesa Logistics", contact_email="")
    assert after.protected_until == date(2026, 2, 4)
    before.refresh_from_db()
    assert before.protected_until == LAST
    protection.set_rules({"": None, SourceKind.CENTRE: None}, by=inside.owner, at=AT, msp=inside.msp)
    assert protection.days_for(SourceKind.CENTRE) == protection.DEFAULT_DAYS
    assert [event.action for event in trail.history(inside.msp)] == ["protection.set"] * 2


@pytest.mark.parametrize("days", [{"": 0}, {"": 1_096}, {"": -1}, {"bishop": 10}])
def test_windows_that_cannot_be_are_refused(inside: House, days: dict[str, int]) -> None:
    with pytest.raises(protection.BadWindow):
        protection.set_rules(days, by=inside.owner, at=AT, msp=inside.msp)
    assert protection.rules() == {}


@pytest.mark.parametrize(
    ("days_before", "letters"),
    [(20, 0), (15, 0), (14, 2), (10, 2), (3, 2), (0, 2), (-1, 2)],
)
def test_reminders_go_to_the_owner_and_the_partner(inside: House, days_before: int, letters: int) -> None:
    send(inside, owner=inside.manager)
    Message.objects.all().delete()
    at = noon(LAST - timedelta(days=days_before))
    protection.sweep(at=at)
    protection.sweep(at=at + timedelta(hours=2))
    assert len(subjects()) == letters
    if letters:
        assert list(Message.objects.order_by("pk").values_list("to", flat=True)) == [
            inside.manager.user.email,
            inside.dana.email,
        ]


def test_each_reminder_comes_once_and_the_end_is_told_once(inside: House) -> None:
    referral = send(inside)
    Message.objects.all().delete()
    day = LAST - timedelta(days=30)
    while day < LAST + timedelta(days=10):
        protection.sweep(at=noon(day))
        day += timedelta(days=1)
    told = [subject for subject in subjects() if not subject.startswith("Your introduction")]
    company = "Brightwater Dental, LLC"
    assert told[0] == f"The protection of {company} ends in 14 days, on Jul 4, 2026"
    assert told.count(f"The protection of {company} has ended") == 3  # the owner, the manager, the partner
    assert sum("ends in 3 days" in subject for subject in told) == 2
    referral.refresh_from_db()
    assert referral.protection_ended_at == noon(LAST + timedelta(days=1))
    assert referral.credits.exists()
    assert [event.action for event in trail.history(referral)].count("protection.ended") == 1


def test_whoever_was_told_is_not_in_the_way_of_the_rest(inside: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protection, "AT_ONCE", 1)
    for company in ("Aspen Freight", "Birch Bakery", "Cedar Clinic"):
        send(inside, company=company, contact_email="")
    at = noon(LAST - timedelta(days=14))
    assert [protection.sweep(at=at) for _ in range(4)] == [1, 1, 1, 0]
    at = noon(LAST - timedelta(days=3))
    assert [protection.sweep(at=at) for _ in range(4)] == [1, 1, 1, 0]
    at = noon(LAST + timedelta(days=1))
    assert [protection.sweep(at=at) for _ in range(4)] == [1, 1, 1, 0]


def test_the_last_day_is_the_msps_own(inside: House) -> None:
    """In New York it is still the last day when UTC is a day further."""
    referral = send(inside)
    protection.sweep(at=datetime(2026, 7, 5, 3, tzinfo=UTC))
    referral.refresh_from_db()
    assert referral.protection_ended_at is None


def test_what_is_closed_or_never_ends_is_left_alone(inside: House) -> None:
    lost = send(inside)
    pipeline.lose(lost, reason=LostReason.PRICE, by=inside.owner, at=AT)
    a_referral(inside.harbor, "Endless Freight")
    Message.objects.all().delete()
    assert protection.sweep(at=noon(LAST + timedelta(days=5))) == 0
    assert subjects() == []


def test_imported_history_is_not_written_about_to_its_partner(inside: House) -> None:
    pipeline.submit(inside.harbor, company="Old Mill", channel=Channel.IMPORT, registered_at=AT, by=inside.owner, at=AT)
    protection.sweep(at=noon(LAST - timedelta(days=14)))
    protection.sweep(at=noon(LAST + timedelta(days=1)))
    assert not any(inside.dana.email == to for to in Message.objects.values_list("to", flat=True))


def test_inside_the_window_the_first_registration_wins(inside: House) -> None:
    send(inside)
    later = send(inside, inside.lake, at=noon(LAST))
    assert later.findings.get().evidence["withholds"]
    assert not later.credits.exists()


def test_after_the_window_the_new_registration_counts_and_nobody_is_paid_twice(inside: House) -> None:
    first = send(inside)
    later = send(inside, inside.lake, at=noon(LAST + timedelta(days=1)))
    finding = later.findings.get()
    assert finding.evidence["protection_over"]
    assert not finding.evidence["withholds"]
    assert later.credits.get().partner == inside.lake
    with pytest.raises(pipeline.Undecided):
        pipeline.win(later, by=inside.owner, at=noon(LAST + timedelta(days=2)))
    Message.objects.all().delete()
    decisions.decide(finding, state=FindingState.SAME, by=inside.owner, at=noon(LAST + timedelta(days=2)))
    first.refresh_from_db()
    assert (first.stage, first.lost_reason) == (Stage.LOST, LostReason.EXPIRED)
    assert not first.credits.exists()
    assert later.credits.get().partner == inside.lake
    letter = Message.objects.get(to=inside.dana.email)
    assert "after the protection of your introduction had ended" in letter.text
    assert "Lakeside" not in letter.text + letter.html


def test_a_different_company_leaves_both_their_credit(inside: House) -> None:
    first = send(inside)
    later = send(inside, inside.lake, at=noon(LAST + timedelta(days=1)))
    decisions.decide(later.findings.get(), state=FindingState.DIFFERENT, by=inside.owner, at=AT)
    assert first.credits.exists()
    assert later.credits.exists()


def test_an_extension_gives_time_and_its_partner_reads_why(inside: House) -> None:
    referral = send(inside)
    protection.sweep(at=noon(LAST - timedelta(days=14)))
    protection.sweep(at=noon(LAST + timedelta(days=1)))
    Message.objects.all().delete()
    until = LAST + timedelta(days=60)
    protection.extend(
        referral, until_on=until, reason=" They sign in  August. ", by=inside.manager, at=noon(LAST + timedelta(days=2))
    )
    referral.refresh_from_db()
    assert (referral.protected_until, referral.protection_ended_at) == (until, None)
    letter = Message.objects.get()
    assert letter.to == inside.dana.email
    assert "They sign in August." in letter.text
    kept = ProtectionExtension.objects.get()
    assert (kept.from_on, kept.until_on, kept.by_name) == (LAST, until, "Max Manager")
    # The reminders begin anew.
    Message.objects.all().delete()
    protection.sweep(at=noon(until - timedelta(days=14)))
    assert len(subjects()) == 3


@pytest.mark.parametrize(
    ("until_on", "reason", "sentence"),
    [
        (LAST + timedelta(days=30), "  ", "Say why"),
        (LAST + timedelta(days=30), "x" * 301, "Say why"),
        (LAST, "They sign soon", "Choose a day after Jul 4, 2026"),
        (AT.date() + timedelta(days=1_096), "They sign soon", "within 1,095 days"),
    ],
)
def test_extensions_that_cannot_be_are_refused(inside: House, until_on: date, reason: str, sentence: str) -> None:
    referral = send(inside)
    with pytest.raises(protection.CannotExtend, match=sentence):
        protection.extend(referral, until_on=until_on, reason=reason, by=inside.owner, at=AT)
    referral.refresh_from_db()
    assert referral.protected_until == LAST


def test_what_is_closed_or_endless_is_not_extended(inside: House) -> None:
    lost = send(inside)
    pipeline.lose(lost, reason=LostReason.PRICE, by=inside.owner, at=AT)
    facts: dict[str, Any] = {"until_on": LAST + timedelta(days=9), "reason": "Soon", "by": inside.owner, "at": AT}
    with pytest.raises(protection.CannotExtend, match="is closed"):
        protection.extend(lost, **facts)
    with pytest.raises(protection.CannotExtend, match="never ends"):
        protection.extend(a_referral(inside.harbor), **facts)


def test_nobody_is_protected_again_behind_the_back_of_a_later_introducer(inside: House) -> None:
    first = send(inside)
    later = send(inside, inside.lake, at=noon(LAST + timedelta(days=1)))
    with pytest.raises(protection.CannotExtend, match="Open a case"):
        protection.extend(
            first,
            until_on=LAST + timedelta(days=90),
            reason="We forgot",
            by=inside.owner,
            at=noon(LAST + timedelta(days=2)),
        )
    case = cases.open_case(later, claimant=inside.harbor, statement="We were first.", by=inside.owner, at=AT)
    assert case.is_open
