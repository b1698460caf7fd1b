"""Names that are nearly the same are found inside their blocks, with the likeness in words and bounded work."""

from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from elinkages.kernel.actors import System
from elinkages.kernel.match_keys import blocks, company_key, likeness, sound_key
from partners.models import Partner
from referrals import clients, pipeline, screening
from referrals.matching import Identity, names
from referrals.models import Channel, LostReason, MatchKeys, Referral
from tests.builders import a_referral
from tests.referrals.conftest import House
from tests.tables import rows

AT = datetime(2026, 11, 20, 15, tzinfo=UTC)
BY = System("Test")
ROWS = rows("attribution.md", "One name", "Another name", "Likeness", "Shown")


def send(partner: Partner, company: str) -> Referral:
    return pipeline.submit(partner, company=company, channel=Channel.DASHBOARD, by=BY, at=AT)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["Another name"])
def test_the_table_of_likenesses(row: dict[str, str]) -> None:
    one, other = company_key(row["One name"]), company_key(row["Another name"])
    share_a_block = bool(set(Identity(one).blocks) & set(Identity(other).blocks))
    assert likeness(one, other) == likeness(other, one) == int(row["Likeness"])
    assert (share_a_block and likeness(one, other) >= names.ALIKE) == (row["Shown"] == "yes")


@pytest.mark.parametrize(
    ("word", "key"), [("smith", "s53"), ("smyth", "s53"), ("dental", "d534"), ("a", "a"), ("", "")]
)
def test_words_sound_alike(word: str, key: str) -> None:
    assert sound_key(word) == key


@pytest.mark.parametrize("name", ["", "a", "abc", "a" * 160, "the the the", "12 34 56", "ß ø 東京株式会社"])
def test_any_name_has_a_bounded_number_of_blocks(name: str) -> None:
    keys = blocks(company_key(name))
    assert len(keys) == 5
    assert all(len(key) <= 60 for key in keys)


def test_names_with_other_numbers_share_no_block() -> None:
    one, other, same = (set(Identity(f"Clinic {number} Dental").blocks) for number in ("12", "13", "12"))
    assert one == same
    assert not one & other


def test_a_similar_name_is_shown_with_its_likeness_and_keeps_the_credit(inside: House) -> None:
    first = send(inside.harbor, "Brightwater Dental, LLC")
    later = send(inside.lake, "Bright Water Dental Group")
    finding = later.findings.get()
    assert finding.other_referral == first
    assert [(key["kind"], key["ours"], key["theirs"], key["words"]) for key in finding.evidence["keys"]] == [
        ("similar", "Bright Water Dental Group", "Brightwater Dental, LLC", "the same letters")
    ]
    assert not finding.evidence["withholds"]
    assert later.credits.get().partner == inside.lake
    with pytest.raises(pipeline.Undecided):
        pipeline.win(later, by=inside.owner, at=AT)


def test_a_client_with_a_similar_name_is_recognised(inside: House) -> None:
    known = clients.create(name="Harbor Point Dental", since_on=date(2024, 3, 1), by=BY, at=AT)
    finding = send(inside.harbor, "Harbour Pointe Dental").findings.get()
    assert finding.other_client == known
    assert finding.evidence["keys"][0]["words"] == "95% alike"


def test_a_new_client_flags_open_introductions_of_a_similar_name(inside: House) -> None:
    referral = send(inside.harbor, "Harbour Pointe Dental")
    clients.create(name="Harbor Point Dental", since_on=date(2024, 3, 1), by=BY, at=AT)
    assert referral.findings.get().evidence["keys"][0]["score"] == 95


def test_an_equal_key_is_not_told_twice(inside: House) -> None:
    send(inside.harbor, "Brightwater Dental")
    later = send(inside.lake, "Brightwater Dental, Inc.")
    assert [key["kind"] for key in later.findings.get().evidence["keys"]] == ["company"]


def test_only_what_can_still_be_met_has_blocks(inside: House) -> None:
    first = send(inside.harbor, "Brightwater Dental")
    in_a_block = MatchKeys.objects.exclude(begins="", word="", other_word="", tail="", sounds="")
    assert in_a_block.get().referral == first
    pipeline.lose(first, reason=LostReason.TIMING, by=inside.owner, at=AT)
    assert not in_a_block.exists()
    assert not send(inside.lake, "Bright Water Dental").findings.exists()
    pipeline.reopen(first, by=inside.owner, at=AT)
    assert in_a_block.filter(referral=first).exists()
    assert first.findings.count() + Referral.objects.get(company="Bright Water Dental").findings.count() == 1


def test_a_word_that_everybody_uses_is_left_out_and_the_rest_still_finds(
    inside: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "BLOCK_SIZE", 3)
    for name in ("Aspen", "Birchwood", "Cottonwood", "Dogwood", "Elmhurst"):
        send(inside.harbor, f"{name} Dental")
    assert send(inside.lake, "Cotton Wood Dental").findings.get().evidence["name"] == "Cottonwood Dental"
    assert not send(inside.lake, "Xottonwold Dental").findings.exists()


def test_the_number_of_statements_does_not_grow_with_the_rows(inside: House) -> None:
    def statements(company: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            screening.matches(Identity(company))
        return len(captured)

    screening.index_referral(a_referral(inside.harbor, "Cottonwold Zm Clinic"))
    before = statements("Cottonwood Dental")
    for number in range(30):
        other = a_referral(inside.harbor, f"Cottonwold {'abcdefghij'[number % 10]}{'klm'[number // 10]} Clinic")
        screening.index_referral(other)
    assert statements("Cottonwood Dental") == before
