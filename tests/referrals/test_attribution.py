"""Credit is shared by agreement, never beyond the whole, and never changed once it is paid on."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from elinkages.audit import trail
from elinkages.kernel import tenancy
from elinkages.kernel.actors import System
from referrals import attribution, pipeline
from referrals.models import Channel, Credit, Finding, LostReason, Referral, Stage, StageMove
from tests.builders import a_partner, a_referral
from tests.races import at_once, within
from tests.referrals.conftest import House, build_house

AT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
BY = System("Test")


def shares(referral: Referral) -> dict[str, int]:
    return {credit.partner.name: credit.basis_points for credit in referral.credits.all()}


def test_shares_replace_the_credit_and_are_in_the_history(inside: House) -> None:
    referral = a_referral(inside.harbor)
    attribution.share(referral, [(inside.harbor, 6_000), (inside.lake, 3_333)], by=inside.owner, at=AT)
    assert shares(referral) == {"Harbor & Finch CPAs": 6_000, "Lakeside Advisory": 3_333}
    event = trail.history(referral)[0]
    assert (event.action, event.facts["shares"]) == (
        "credit.shared",
        ["Harbor & Finch CPAs 60%", "Lakeside Advisory 33.33%"],
    )


def test_shares_can_be_turned_around(inside: House) -> None:
    referral = a_referral(inside.harbor, shares={inside.harbor: 9_000, inside.lake: 1_000})
    attribution.share(referral, [(inside.harbor, 1_000), (inside.lake, 9_000)], by=inside.owner, at=AT)
    assert shares(referral) == {"Harbor & Finch CPAs": 1_000, "Lakeside Advisory": 9_000}


def test_the_credit_can_be_taken_away_or_passed_on(inside: House) -> None:
    referral = a_referral(inside.harbor)
    attribution.share(referral, [(inside.lake, 10_000)], by=inside.owner, at=AT)
    assert shares(referral) == {"Lakeside Advisory": 10_000}
    attribution.share(referral, [], by=inside.owner, at=AT)
    assert shares(referral) == {}


def test_the_same_shares_again_change_nothing(inside: House) -> None:
    referral = a_referral(inside.harbor)
    attribution.share(referral, [(inside.harbor, 10_000)], by=inside.owner, at=AT)
    assert not trail.history(referral)


@pytest.mark.parametrize(
    ("points", "sentence"),
    [
        ([6_000, 5_000], "The shares add up to 110%. Keep them at 100% or less"),
        ([10_001], "Give Harbor & Finch CPAs a share above 0% and up to 100%"),
        ([0], "Give Harbor & Finch CPAs a share above 0%"),
        ([-5], "Give Harbor & Finch CPAs a share above 0%"),
    ],
)
def test_shares_that_cannot_be_are_refused(inside: House, points: list[int], sentence: str) -> None:
    referral = a_referral(inside.harbor)
    with pytest.raises(attribution.SharesRefused, match=sentence):
        attribution.share(
            referral, list(zip([inside.harbor, inside.lake], points, strict=False)), by=inside.owner, at=AT
        )
    assert shares(referral) == {"Harbor & Finch CPAs": 10_000}


def test_a_partner_has_one_share(inside: House) -> None:
    with pytest.raises(attribution.SharesRefused, match="only one share"):
        attribution.share(a_referral(inside.harbor), [(inside.lake, 100), (inside.lake, 200)], by=inside.owner, at=AT)


def test_the_credit_of_a_client_is_not_changed(inside: House) -> None:
    referral = a_referral(inside.harbor, stage=Stage.WON)
    with pytest.raises(attribution.CreditSettled, match="its credit already determines what is paid"):
        attribution.share(referral, [(inside.lake, 10_000)], by=inside.owner, at=AT)


def test_the_database_refuses_more_than_the_whole(inside: House) -> None:
    referral = a_referral(inside.harbor)
    with pytest.raises(IntegrityError, match="exceed 100 %"), transaction.atomic():
        Credit.objects.create(referral=referral, partner=inside.lake, basis_points=1, created_at=AT)


@pytest.mark.django_db(transaction=True)
def test_of_two_registrations_at_once_exactly_one_holds_the_credit() -> None:
    house = build_house()
    facts: dict[str, Any] = {"company": "Brightwater Dental", "contact_email": "lena@brightwater.com"}

    def send(partner: Any, channel: str) -> Callable[[], Any]:
        return within(house.msp, lambda: pipeline.submit(partner, channel=channel, by=BY, at=AT, **facts))

    results = at_once(send(house.harbor, Channel.DASHBOARD), send(house.lake, Channel.DASHBOARD))
    assert all(isinstance(result, Referral) for result in results), results
    with tenancy.use(house.msp.pk):
        assert Credit.objects.count() == 1
        assert Finding.objects.count() == 1
        assert Finding.objects.get().referral_id != Credit.objects.get().referral_id


@pytest.mark.django_db(transaction=True)
def test_one_partner_sending_twice_at_once_is_registered_once() -> None:
    house = build_house()

    def send() -> Any:
        return pipeline.submit(house.harbor, company="Mesa Logistics", channel=Channel.DASHBOARD, by=BY, at=AT)

    results = at_once(*[within(house.msp, send)] * 3)
    assert sum(isinstance(result, Referral) for result in results) == 1
    assert sum(isinstance(result, pipeline.AlreadyReferred) for result in results) == 2


@pytest.mark.django_db(transaction=True)
def test_of_two_people_who_move_one_introduction_one_is_told() -> None:
    house = build_house()
    with tenancy.use(house.msp.pk):
        referral = a_referral(house.harbor)

        seen = [Referral.objects.get(pk=referral.pk) for _ in range(2)]
    results = at_once(
        within(house.msp, lambda: pipeline.qualify(seen[0], by=house.owner, at=AT)),
        within(house.msp, lambda: pipeline.lose(seen[1], reason=LostReason.PRICE, by=house.manager, at=AT)),
    )
    assert sum(isinstance(result, pipeline.StageChanged) for result in results) == 1, results
    with tenancy.use(house.msp.pk):
        assert StageMove.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_transactions_cannot_each_add_the_last_half() -> None:
    house = build_house()
    with tenancy.use(house.msp.pk):
        referral = a_referral(house.harbor, shares={house.harbor: 5_000})
        third = a_partner("Third Party")

    def add(partner: Any) -> Callable[[], Any]:
        return within(
            house.msp,
            lambda: Credit.objects.create(referral=referral, partner=partner, basis_points=5_000, created_at=AT),
        )

    results = at_once(add(house.lake), add(third))
    assert sum(isinstance(result, IntegrityError) for result in results) == 1, results
    with tenancy.use(house.msp.pk):
        assert sum(credit.basis_points for credit in Credit.objects.all()) == 10_000
