"""A key that very many share costs each introduction a bounded number of matches, and no rival gets lost in it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client as Browser

from elinkages.kernel import tenancy
from elinkages.kernel.actors import System
from partners.models import Partner
from referrals import clients, decisions, pipeline, screening
from referrals.matching.crowds import CROWD, MOST
from referrals.models import Channel, Finding, FindingState, Referral
from tests.builders import a_partner
from tests.referrals.conftest import House, path, text_of

AT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
FIRST = AT - timedelta(days=1)
BY = System("Test")
MANY = CROWD + 10
BLANK = {"contact_name": "", "contact_email": "", "contact_phone": "", "website": "", "note": "", "external_id": ""}


def crowd(partner: Partner, size: int = MANY, **facts: Any) -> list[Referral]:
    """Introductions with these facts in common, a minute apart; none has the name of another."""
    names = [f"Store {number}" for number in range(size)]
    told = [
        {
            **BLANK,
            "partner": partner,
            "company": name,
            "expected_mrr_minor": None,
            "registered_at": FIRST + timedelta(minutes=number),
            "is_closed": False,
            **facts,
        }
        for number, name in enumerate(names)
    ]
    return pipeline.submit_history(told, by=BY, at=AT)


def send(partner: Partner, company: str, at: datetime | None = None, **facts: Any) -> Referral:
    return pipeline.submit(partner, company=company, channel=Channel.DASHBOARD, registered_at=at, by=BY, at=AT, **facts)


def others(referral: Referral) -> set[Any]:
    return {finding.other_referral_id or finding.other_client_id for finding in referral.findings.all()}


def pass_over(referral: Referral) -> None:
    """Decide what waits, as a person would have done before."""
    referral.findings.update(state=FindingState.DIFFERENT, decided_at=AT, decided_by_name="Olga")


def test_nobody_has_more_matches_than_a_person_decides_and_the_rest_is_counted(inside: House) -> None:
    stores = crowd(inside.harbor, website="chain.example")
    assert Finding.objects.count() == sum(min(number, MOST) for number in range(MANY))
    later = send(inside.lake, "Somebody Else", website="chain.example")
    assert others(later) == {store.pk for store in stores[:MOST]}
    assert screening.count_left(later) == MANY - MOST
    assert later.credit_waits


def test_a_rival_with_more_in_common_is_found_wherever_they_stand_in_a_crowd(inside: House) -> None:
    stores = crowd(inside.harbor, website="chain.example")
    named = send(inside.lake, "Store 59, Inc.", website="chain.example")
    alike = send(inside.lake, "Storre", website="chain.example")
    twin = send(inside.harbor, "Storr E", website="chain.example")
    assert stores[59].pk in others(named)
    assert alike.pk in others(twin)
    (finding,) = twin.findings.filter(other_referral=alike)
    assert [key["kind"] for key in finding.evidence["keys"]] == ["domain"]


def test_a_rival_who_shares_two_crowds_is_found(inside: House) -> None:
    crowd(inside.harbor, website="chain.example")
    crowd(inside.lake, contact_phone="212-555-0100")
    both = send(inside.harbor, "Both", website="chain.example", contact_phone="212-555-0100")
    later = send(inside.lake, "Later", website="chain.example", contact_phone="212-555-0100")
    assert both.pk in others(later)


def test_a_name_alone_leaves_room_for_what_withholds_credit(inside: House) -> None:
    for number in range(MOST + 1):
        send(a_partner(f"Partner {number}"), "Smile Dental")
    rival = send(inside.harbor, "Another Name", website="smile.example")
    later = send(inside.lake, "Smile Dental", website="smile.example")
    assert later.findings.count() == MOST
    assert rival.pk in others(later)
    assert later.credit_waits


def test_every_decision_brings_up_the_next_and_the_last_one_gives_the_credit(inside: House) -> None:
    stores = crowd(inside.harbor, MOST + 3, website="chain.example")
    later = send(inside.lake, "Somebody Else", website="chain.example")
    for decided in range(MOST + 3):
        assert not later.credits.exists()
        assert later.findings.filter(state=FindingState.OPEN).count() == min(MOST, MOST + 3 - decided)
        with pytest.raises(pipeline.Undecided):
            pipeline.win(later, by=inside.owner, at=AT)
        waiting = later.findings.filter(state=FindingState.OPEN).order_by("pk")
        decisions.decide(waiting[0], state=FindingState.DIFFERENT, by=inside.owner, at=AT)
    assert others(later) == {store.pk for store in stores}
    assert later.credits.get().partner == inside.lake
    assert screening.count_left(later) == 0


def test_whoever_was_earlier_is_shown_to_all_that_have_room(inside: House) -> None:
    stores = crowd(inside.harbor, website="chain.example")
    last = stores[-1]
    pass_over(last)
    older = send(inside.lake, "Older", FIRST - timedelta(days=9), website="chain.example")
    assert older.pk in others(last)
    pass_over(last)
    known = clients.create(name="Chain", website="chain.example", since_on=date(2024, 3, 1), by=BY, at=AT)
    assert known.pk in others(last)
    assert all(store.findings.filter(state=FindingState.OPEN).count() <= MOST for store in stores)


def test_introductions_brought_backwards_have_no_more_matches_either(inside: House) -> None:
    for number in reversed(range(4)):
        crowd(
            a_partner(f"Partner {number}"),
            website="chain.example",
            registered_at=FIRST - timedelta(days=9 - number),
        )
    sizes = [store.findings.count() for store in Referral.objects.order_by("registered_at", "pk")]
    assert sizes[:MOST] == list(range(MOST))
    assert set(sizes[MOST:]) == {MOST}


def test_the_same_introduction_is_refused_in_a_crowd_of_one_name(inside: House) -> None:
    for number in range(CROWD + 1):
        send(a_partner(f"Partner {number}"), "Smile Dental")
    first = send(inside.harbor, "Smile Dental")
    with pytest.raises(pipeline.AlreadyReferred) as refused:
        send(inside.harbor, "Smile Dental, LLC")
    assert refused.value.earlier == first
    assert send(inside.lake, "Smile Dental").findings.count() == MOST


def test_pages_show_the_strongest_and_say_how_many_more_there_are(house: House, client: Browser) -> None:
    client.force_login(house.owner.user)
    with tenancy.use(house.msp.pk):
        crowd(house.harbor, website="chain.example")
        later = send(house.lake, "Somebody Else", website="chain.example")
    assert f"And {MANY - MOST} more with something in common" in text_of(client.get(path(house, f"{later.pk}/")))
    typed = {"company": "New", "website": "chain.example"}
    assert f"and {MANY + 1 - MOST} more" in text_of(client.post(path(house, "new/duplicates/"), typed))
