"""A company that is known already is found by its keys, shown with evidence, and decided by a person."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from elinkages.audit import sentences, trail
from elinkages.kernel import tenancy
from elinkages.kernel.actors import System
from elinkages.mail.models import Message
from partners.models import Partner
from referrals import clients, decisions, pipeline, screening
from referrals.matching import Identity
from referrals.models import Channel, Client, Finding, FindingState, LostReason, Referral, Stage
from tests.referrals.conftest import House, build_house

AT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
NEXT_DAY = AT + timedelta(days=1)

FIRST: dict[str, Any] = {
    "company": "Brightwater Dental, LLC",
    "contact_email": "lena@brightwater.com",
    "contact_phone": "(212) 555-0123",
    "website": "https://www.brightwater.com/team",
}


def send(partner: Partner, at: datetime = AT, channel: str = Channel.DASHBOARD, **facts: Any) -> Referral:
    by = System("Import") if channel == Channel.IMPORT else System("Test")
    return pipeline.submit(partner, channel=channel, by=by, at=at, **facts)


def client(name: str = "Brightwater Dental", website: str = "", referral: Referral | None = None) -> Client:
    return clients.create(
        name=name, website=website, referral=referral, since_on=date(2024, 3, 1), by=System("Test"), at=AT
    )


def texts(finding: Finding) -> list[tuple[str, str, str]]:
    return [(key["kind"], key["ours"], key["theirs"]) for key in finding.evidence["keys"]]


@pytest.mark.parametrize(
    ("second", "evidence"),
    [
        (
            {"company": "Brightwater Orthodontics", "contact_email": "LENA+it@Brightwater.com"},
            [
                ("domain", "LENA+it@Brightwater.com", "https://www.brightwater.com/team"),
                ("email", "LENA+it@Brightwater.com", "lena@brightwater.com"),
            ],
        ),
        (
            {"company": "The Smile Group", "website": "brightwater.com"},
            [("domain", "brightwater.com", "https://www.brightwater.com/team")],
        ),
        (
            {"company": "The Smile Group", "contact_phone": "+1 212.555.0123"},
            [("phone", "+1 212.555.0123", "(212) 555-0123")],
        ),
        (
            {"company": "BRIGHTWATER DENTAL", "contact_email": "front@brightwater.com"},
            [
                ("company", "BRIGHTWATER DENTAL", "Brightwater Dental, LLC"),
                ("domain", "front@brightwater.com", "https://www.brightwater.com/team"),
            ],
        ),
    ],
)
def test_more_than_a_name_in_common_withholds_the_credit_and_shows_both_texts(
    inside: House, second: dict[str, str], evidence: list[tuple[str, str, str]]
) -> None:
    first = send(inside.harbor, **FIRST)
    later = send(inside.lake, NEXT_DAY, **second)
    finding = later.findings.get()
    assert (finding.other_referral, finding.state, texts(finding)) == (first, FindingState.OPEN, evidence)
    assert finding.evidence["registered_at"] == AT.isoformat()
    assert (finding.evidence["partner"], finding.evidence["registered_by"]) == ("Harbor & Finch CPAs", "Test")
    assert not later.credits.exists()
    assert first.credits.get().partner == inside.harbor


def test_only_the_name_in_common_is_flagged_and_keeps_the_credit(inside: House) -> None:
    send(inside.harbor, **FIRST)
    later = send(inside.lake, NEXT_DAY, company="Brightwater Dental", contact_email="ann@brightwater-texas.com")
    assert texts(later.findings.get()) == [("company", "Brightwater Dental", "Brightwater Dental, LLC")]
    assert later.credits.get().partner == inside.lake


@pytest.mark.parametrize(
    "second",
    [
        {"company": "Brightwater Plumbing", "contact_email": "lena@gmail.com"},
        {"company": "Brightview Dental", "website": "bright-view.com"},
        {"company": "Dental", "contact_phone": "212 555 0124"},
    ],
)
def test_a_company_that_only_looks_similar_is_not_flagged(inside: House, second: dict[str, str]) -> None:
    send(inside.harbor, **{**FIRST, "contact_email": "brightwater@gmail.com"})
    later = send(inside.lake, NEXT_DAY, **second)
    assert not later.findings.exists()
    assert later.credits.exists()


def test_a_lost_introduction_blocks_nobody(inside: House) -> None:
    first = send(inside.harbor, **FIRST)
    pipeline.lose(first, reason=LostReason.NO_RESPONSE, by=inside.owner, at=AT)
    assert send(inside.lake, NEXT_DAY, **FIRST).credits.get().partner == inside.lake


@pytest.mark.parametrize(
    ("name", "website"), [("Brightwater Dental", ""), ("The Smile Group", "http://brightwater.com")]
)
def test_an_existing_client_withholds_the_credit(inside: House, name: str, website: str) -> None:
    known = client(name, website)
    referral = send(inside.harbor, **FIRST)
    assert referral.findings.get().other_client == known
    assert not referral.credits.exists()


def test_a_client_is_also_known_by_the_person_it_was_introduced_with(inside: House) -> None:
    first = send(inside.harbor, **FIRST)
    pipeline.win(first, by=inside.owner, at=AT)
    known = client("The Smile Group", referral=first)
    later = send(inside.lake, NEXT_DAY, company="Lena Park DDS", contact_email="lena@brightwater.com")
    finding = later.findings.get()
    assert finding.other_client == known
    assert (finding.evidence["partner"], finding.evidence["name"]) == ("Harbor & Finch CPAs", "The Smile Group")


def test_a_new_client_flags_introductions_of_it_that_are_still_open(inside: House) -> None:
    referral = send(inside.harbor, **FIRST)
    known = client("Brightwater Dental")
    assert referral.findings.get().other_client == known
    with pytest.raises(pipeline.Undecided, match="Decide first whether Brightwater Dental, LLC is the same company"):
        pipeline.win(referral, by=inside.owner, at=AT)


def test_the_clients_own_introduction_is_not_flagged(inside: House) -> None:
    referral = send(inside.harbor, **FIRST)
    pipeline.win(referral, by=inside.owner, at=AT)
    client("Brightwater Dental", referral=referral)
    assert not Finding.objects.exists()


def test_renaming_a_client_changes_what_it_is_known_by(inside: House) -> None:
    known = client("Brightwater Dental")
    known.name = "Smile Group"
    known.save(update_fields=["name"])
    screening.index_client(known)
    assert not send(inside.harbor, **FIRST).findings.exists()
    assert send(inside.harbor, company="The Smile Group").findings.exists()


def test_imported_history_that_is_older_flags_the_later_registration(inside: House) -> None:
    later = send(inside.lake, **FIRST)
    older = send(inside.harbor, channel=Channel.IMPORT, registered_at=AT - timedelta(days=90), **FIRST)
    assert older.credits.get().partner == inside.harbor
    assert later.findings.get().other_referral == older
    with pytest.raises(pipeline.Undecided):
        pipeline.win(later, by=inside.owner, at=AT)


def test_a_different_company_gets_its_credit_and_the_partner_hears_it(inside: House) -> None:
    send(inside.harbor, **FIRST)
    later = send(inside.lake, NEXT_DAY, **FIRST)
    Message.objects.all().delete()
    decisions.decide(
        later.findings.get(), state=FindingState.DIFFERENT, note="Two practices.", by=inside.manager, at=NEXT_DAY
    )
    assert later.credits.get().partner == inside.lake
    assert list(Message.objects.values_list("to", "subject")) == [
        (inside.lena.email, "Brightwater Dental, LLC counts for you")
    ]
    finding = later.findings.get()
    assert (finding.decided_by_name, finding.decision_note) == ("Max Manager", "Two practices.")
    assert [event.action for event in trail.history(later)][:2] == ["credit.given", "match.different"]


def test_the_same_company_is_closed_as_a_duplicate_with_a_kind_letter(inside: House) -> None:
    first = send(inside.harbor, **FIRST)
    later = send(inside.lake, NEXT_DAY, **FIRST)
    Message.objects.all().delete()
    decisions.decide(later.findings.get(), state=FindingState.SAME, by=inside.manager, at=NEXT_DAY)
    later.refresh_from_db()
    assert (later.stage, later.lost_reason) == (Stage.LOST, LostReason.DUPLICATE)
    letter = Message.objects.get()
    assert letter.to == inside.lena.email
    assert "before your introduction reached us" in letter.text
    assert "Harbor" not in letter.text + letter.html
    assert first.credits.get().partner == inside.harbor


def test_a_duplicate_that_had_credit_loses_it(inside: House) -> None:
    send(inside.harbor, **FIRST)
    later = send(inside.lake, NEXT_DAY, company="Brightwater Dental")
    decisions.decide(later.findings.get(), state=FindingState.SAME, by=inside.manager, at=NEXT_DAY)
    assert not later.credits.exists()


def test_credit_waits_until_the_last_match_is_decided(inside: House) -> None:
    send(inside.harbor, **FIRST)
    client("The Smile Group", "brightwater.com")
    later = send(inside.lake, NEXT_DAY, **FIRST)
    one, two = later.findings.order_by("pk")
    decisions.decide(one, state=FindingState.DIFFERENT, by=inside.owner, at=NEXT_DAY)
    assert not later.credits.exists()
    decisions.decide(two, state=FindingState.DIFFERENT, by=inside.owner, at=NEXT_DAY)
    assert later.credits.exists()


def test_the_credit_passes_on_when_the_earlier_one_was_lost_meanwhile(inside: House) -> None:
    first = send(inside.harbor, **FIRST)
    later = send(inside.lake, NEXT_DAY, **FIRST)
    pipeline.lose(first, reason=LostReason.TIMING, by=inside.owner, at=NEXT_DAY)
    decisions.decide(later.findings.get(), state=FindingState.SAME, by=inside.owner, at=NEXT_DAY)
    later.refresh_from_db()
    assert (later.stage, later.credits.get().partner) == (Stage.REGISTERED, inside.lake)


def test_a_reopened_duplicate_does_not_get_credit_by_itself(inside: House) -> None:
    first = send(inside.harbor, **FIRST)
    later = send(inside.lake, NEXT_DAY, **FIRST)
    decisions.decide(later.findings.get(), state=FindingState.SAME, by=inside.owner, at=NEXT_DAY)
    pipeline.reopen(Referral.objects.get(pk=later.pk), by=inside.owner, at=NEXT_DAY)
    assert not later.credits.exists()
    assert first.credits.exists()


def test_credit_that_passed_on_does_not_come_back_with_a_reopening(inside: House) -> None:
    first = send(inside.harbor, **FIRST)
    later = send(inside.lake, NEXT_DAY, **FIRST)
    pipeline.lose(first, reason=LostReason.TIMING, by=inside.owner, at=NEXT_DAY)
    decisions.decide(later.findings.get(), state=FindingState.SAME, by=inside.owner, at=NEXT_DAY)
    pipeline.reopen(first, by=inside.owner, at=NEXT_DAY)
    assert not first.credits.exists()
    assert later.credits.exists()


def test_credit_waits_exactly_as_long_as_nobody_has_decided(inside: House) -> None:
    assert not send(inside.harbor, **FIRST).credit_waits
    later = send(inside.lake, NEXT_DAY, **FIRST)
    assert later.credit_waits
    assert set(Finding.objects.waiting()) == set(later.findings.all())
    decisions.decide(later.findings.get(), state=FindingState.DIFFERENT, by=inside.owner, at=NEXT_DAY)
    assert not Referral.objects.get(pk=later.pk).credit_waits
    assert not Finding.objects.waiting().exists()


def test_the_first_line_of_a_history_says_whether_the_credit_was_given(inside: House) -> None:
    first, later = send(inside.harbor, **FIRST), send(inside.lake, NEXT_DAY, **FIRST)
    told = [sentences.line(trail.history(one)[0]) for one in (first, later)]
    assert [line.sentence for line in told] == [
        "Test registered this introduction from Harbor & Finch CPAs",
        "Test registered this introduction from Lakeside Advisory",
    ]
    assert [line.note.partition(";")[0] for line in told] == [
        "credit: given to them",
        "credit: waits for your decision",
    ]


def test_a_closed_introduction_has_nothing_to_decide(inside: House) -> None:
    send(inside.harbor, **FIRST)
    later = send(inside.lake, NEXT_DAY, **FIRST)
    pipeline.lose(later, reason=LostReason.PRICE, by=inside.owner, at=NEXT_DAY)
    assert not Finding.objects.waiting().exists()


def test_a_match_is_decided_once(inside: House) -> None:
    send(inside.harbor, **FIRST)
    finding = send(inside.lake, NEXT_DAY, **FIRST).findings.get()
    seen = Finding.objects.get(pk=finding.pk)
    decisions.decide(finding, state=FindingState.DIFFERENT, by=inside.manager, at=NEXT_DAY)
    with pytest.raises(decisions.AlreadyDecided, match="Max Manager has already decided this: a different company"):
        decisions.decide(seen, state=FindingState.SAME, by=inside.owner, at=NEXT_DAY)


def test_another_msps_records_are_never_a_match(house: House) -> None:
    other = build_house("Other IT")
    with tenancy.use(other.msp.pk):
        send(other.harbor, **FIRST)
    with tenancy.use(house.msp.pk):
        assert not send(house.lake, NEXT_DAY, **FIRST).findings.exists()


def test_a_reopened_introduction_is_compared_again(inside: House) -> None:
    first = send(inside.harbor, **FIRST)
    pipeline.lose(first, reason=LostReason.TIMING, by=inside.owner, at=AT)
    later = send(inside.lake, NEXT_DAY, **FIRST)
    pipeline.reopen(first, by=inside.owner, at=NEXT_DAY)
    assert later.findings.get().other_referral == first


def test_what_is_being_typed_is_compared_without_being_written(inside: House) -> None:
    first = send(inside.harbor, **FIRST)
    found = screening.matches(Identity("brightwater dental", phone="212-555-0123"))
    assert [(match.other, match.in_words) for match in found] == [(first, "the same company name and phone number")]
    assert not Finding.objects.exists()
