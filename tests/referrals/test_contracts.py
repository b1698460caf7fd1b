"""Contracts: signed, moved by dated rows, ended, and the two readings of their MRR that never differ."""

from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.db import ProgrammingError, transaction
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from elinkages.accounts.models import Membership
from elinkages.audit import trail
from elinkages.kernel.refusal import Refused
from referrals import clients, contracts, mrr
from referrals.models import Client, Contract, MovementKind, MrrMovement, ServiceLine
from tests import builders
from tests.referrals.conftest import House

AT = datetime(2026, 11, 20, 15, tzinfo=UTC)
START = date(2026, 1, 15)


@pytest.fixture
def owner(inside: House) -> Membership:
    return inside.owner


@pytest.fixture
def alder(owner: Membership) -> Client:
    return clients.create(name="Alder Legal", since_on=START, by=owner, at=AT)


@pytest.fixture
def managed(owner: Membership) -> ServiceLine:
    return builders.a_service_line()


@pytest.fixture
def contract(alder: Client, managed: ServiceLine, owner: Membership) -> Contract:
    return contracts.sign(alder, service_line=managed, mrr_minor=200_000, starts_on=START, by=owner, at=AT)


def levels(contract: Contract, *days: date) -> list[int]:
    """The MRR on some days, read in both ways, which must agree."""
    history = mrr.timeline(contract)
    found = [history.level(day) for day in days]
    rows = MrrMovement.objects.filter(contract=contract)
    summed = [rows.filter(effective_on__lte=day).aggregate(sum=Sum("delta_minor"))["sum"] or 0 for day in days]
    assert found == summed
    return found


def test_a_signature_starts_the_mrr_and_owes_commission_from_the_first_day(contract: Contract) -> None:
    assert levels(contract, START - timedelta(days=1), START) == [0, 200_000]
    assert contract.owed_from == START
    assert contract.currency == "USD"
    (movement,) = contract.movements.all()
    assert (movement.kind, movement.delta_minor, movement.by_name) == (MovementKind.START, 200_000, "Olga Owner")


def test_the_history_of_a_contract_is_on_its_client(contract: Contract, alder: Client) -> None:
    event = trail.history(alder)[0]
    assert event.action == "contract.signed"
    assert event.facts["contract"] == "Managed services"
    assert event.facts["mrr_minor"] == 200_000


@pytest.mark.parametrize(
    ("mrr_minor", "kind"), [(250_000, MovementKind.EXPANSION), (150_000, MovementKind.CONTRACTION)]
)
def test_the_kind_of_a_movement_is_inferred(contract: Contract, owner: Membership, mrr_minor: int, kind: str) -> None:
    movement = contracts.move(contract, effective_on=date(2026, 3, 1), mrr_minor=mrr_minor, by=owner, at=AT)
    assert movement.kind == kind
    assert movement.delta_minor == mrr_minor - 200_000


def test_a_second_row_of_the_same_day_is_a_correction_and_holds(contract: Contract, owner: Membership) -> None:
    contracts.move(contract, effective_on=date(2026, 3, 1), mrr_minor=250_000, by=owner, at=AT)
    movement = contracts.move(contract, effective_on=date(2026, 3, 1), mrr_minor=240_000, by=owner, at=AT)
    assert movement.kind == MovementKind.CORRECTION
    assert movement.delta_minor == -10_000
    assert levels(contract, date(2026, 2, 28), date(2026, 3, 1)) == [200_000, 240_000]


def test_a_change_between_two_others_leaves_the_later_amount_as_it_was(contract: Contract, owner: Membership) -> None:
    contracts.move(contract, effective_on=date(2026, 6, 1), mrr_minor=300_000, by=owner, at=AT)
    contracts.move(contract, effective_on=date(2026, 3, 1), mrr_minor=250_000, by=owner, at=AT)
    days = [date(2026, 2, 1), date(2026, 3, 1), date(2026, 6, 1)]
    assert levels(contract, *days) == [200_000, 250_000, 300_000]
    restated = contract.movements.filter(effective_on=date(2026, 6, 1)).order_by("pk").last()
    assert restated is not None
    assert restated.note == "Stays $3,000.00 as recorded before"
    assert restated.kind == MovementKind.EXPANSION


def test_a_pause_needs_no_amount_and_a_resumption_takes_the_one_before(contract: Contract, owner: Membership) -> None:
    contracts.move(contract, kind="pause", effective_on=date(2026, 3, 1), by=owner, at=AT)
    contracts.move(contract, kind="resume", effective_on=date(2026, 5, 1), by=owner, at=AT)
    assert levels(contract, date(2026, 3, 1), date(2026, 4, 30), date(2026, 5, 1)) == [0, 0, 200_000]


def test_an_amount_after_a_pause_resumes_service(contract: Contract, owner: Membership) -> None:
    contracts.move(contract, kind="pause", effective_on=date(2026, 3, 1), by=owner, at=AT)
    movement = contracts.move(contract, effective_on=date(2026, 5, 1), mrr_minor=180_000, by=owner, at=AT)
    assert movement.kind == MovementKind.RESUME


def test_many_changes_come_out_as_one_after_the_other_would(
    contract: Contract, alder: Client, owner: Membership
) -> None:
    other = contracts.sign(
        alder, service_line=contract.service_line, mrr_minor=200_000, starts_on=contract.starts_on, by=owner, at=AT
    )
    changes: list[tuple[date, int | None, str | None]] = [
        (date(2026, 6, 1), 300_000, None),
        (date(2026, 3, 1), 250_000, None),
        (date(2026, 3, 1), 240_000, None),
        (date(2026, 4, 1), None, "pause"),
        (date(2026, 5, 1), None, "resume"),
    ]
    moves = [contracts.Move(contract, day, minor, kind) for day, minor, kind in changes]
    found = contracts.move_all(moves, by=owner, at=AT)
    for day, minor, kind in changes:
        contracts.move(other, effective_on=day, mrr_minor=minor, kind=kind, by=owner, at=AT)
    names = ("kind", "effective_on", "mrr_minor", "delta_minor", "note")
    rows, expected = (list(one.movements.order_by("pk").values_list(*names)) for one in (contract, other))
    assert rows == expected
    assert [one.mrr_minor for one in found] == [300_000, 250_000, 240_000, 0, 240_000]
    assert contracts.move_all([], by=owner, at=AT) == []


def test_of_many_changes_none_is_kept_when_one_is_refused(contract: Contract, owner: Membership) -> None:
    moves = [contracts.Move(contract, date(2026, 3, 1), 250_000), contracts.Move(contract, date(2020, 1, 1), 5)]
    with pytest.raises(contracts.OutsideService):
        contracts.move_all(moves, by=owner, at=AT)
    assert contract.movements.count() == 1


def test_a_renewal_may_keep_the_amount(contract: Contract, owner: Membership) -> None:
    movement = contracts.move(contract, kind="renewal", effective_on=date(2026, 7, 1), by=owner, at=AT)
    assert (movement.mrr_minor, movement.delta_minor) == (200_000, 0)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"effective_on": date(2026, 1, 14), "mrr_minor": 1}, "Managed services starts on Jan 15, 2026."),
        ({"effective_on": START, "mrr_minor": -1}, "−$0.01 is below zero."),
        ({"effective_on": START, "mrr_minor": 10**16}, "is larger than any amount kept here."),
        ({"effective_on": date(2026, 3, 1), "mrr_minor": 200_000}, "is already $2,000.00 on that day."),
        ({"effective_on": date(2026, 3, 1), "mrr_minor": 0}, "is a pause or the end of the contract."),
        ({"effective_on": date(2026, 3, 1)}, "Enter the new MRR."),
        ({"effective_on": date(2026, 3, 1), "mrr_minor": 1, "kind": "expansion"}, "An expansion raises the MRR"),
        ({"effective_on": date(2026, 3, 1), "mrr_minor": 300_000, "kind": "contraction"}, "lowers the MRR"),
        ({"effective_on": date(2026, 3, 1), "mrr_minor": 5, "kind": "start"}, "Sign or end the contract instead."),
        ({"effective_on": date(2026, 3, 1), "mrr_minor": 5, "kind": "pause"}, "During a pause the MRR is zero."),
        ({"effective_on": date(2026, 3, 1), "kind": "resume"}, "is not paused on that day"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(
    contract: Contract, owner: Membership, change: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Refused) as refusal:
        contracts.move(contract, by=owner, at=AT, **change)
    assert sentence in refusal.value.message
    assert contract.movements.count() == 1


def test_a_paused_contract_is_resumed_before_it_grows(contract: Contract, owner: Membership) -> None:
    contracts.move(contract, kind="pause", effective_on=date(2026, 3, 1), by=owner, at=AT)
    with pytest.raises(contracts.WrongKind, match="Resume it first"):
        contracts.move(contract, kind="price", effective_on=date(2026, 4, 1), mrr_minor=5, by=owner, at=AT)
    with pytest.raises(contracts.WrongKind, match="is already paused"):
        contracts.move(contract, kind="pause", effective_on=date(2026, 4, 1), by=owner, at=AT)


def test_an_end_takes_the_mrr_to_zero_and_cancels_what_was_planned_for_later(
    contract: Contract, owner: Membership
) -> None:
    contracts.move(contract, effective_on=date(2027, 1, 1), mrr_minor=260_000, by=owner, at=AT)
    contracts.end(contract, on=date(2026, 12, 1), reason="Bought by a larger firm", by=owner, at=AT)
    assert levels(contract, date(2026, 11, 30), date(2026, 12, 1), date(2027, 1, 1)) == [200_000, 0, 0]
    contract.refresh_from_db()
    assert contract.ends_on == date(2026, 12, 1)
    assert contract.end_reason == "Bought by a larger firm"


def test_an_end_can_move_to_an_earlier_day_but_not_to_a_later_one(contract: Contract, owner: Membership) -> None:
    contracts.end(contract, on=date(2026, 12, 1), reason="Notice", by=owner, at=AT)
    with pytest.raises(contracts.AlreadyEnded, match="Undo that end to choose a later day"):
        contracts.end(contract, on=date(2026, 12, 1), reason="Again", by=owner, at=AT)
    contracts.end(contract, on=date(2026, 11, 1), reason="Sooner", by=owner, at=AT)
    assert levels(contract, date(2026, 10, 31), date(2026, 11, 1), date(2026, 12, 1)) == [200_000, 0, 0]


def test_nothing_moves_after_the_end(contract: Contract, owner: Membership) -> None:
    contracts.end(contract, on=date(2026, 6, 1), reason="Left", by=owner, at=AT)
    with pytest.raises(contracts.OutsideService, match="the first day without service is Jun 1, 2026"):
        contracts.move(contract, effective_on=date(2026, 6, 1), mrr_minor=5, by=owner, at=AT)


def test_a_contract_cannot_end_before_it_starts(contract: Contract, owner: Membership) -> None:
    with pytest.raises(contracts.OutsideService, match="It cannot end before that day"):
        contracts.end(contract, on=START - timedelta(days=1), reason="Never", by=owner, at=AT)
    contracts.end(contract, on=START, reason="Never started", by=owner, at=AT)
    assert levels(contract, START) == [0]


def test_an_end_by_mistake_is_taken_back_with_the_mrr_it_had(contract: Contract, owner: Membership) -> None:
    contracts.move(contract, effective_on=date(2026, 3, 1), mrr_minor=250_000, by=owner, at=AT)
    contracts.end(contract, on=date(2026, 6, 1), reason="Wrong client", by=owner, at=AT)
    contracts.reinstate(contract, reason="Meant another client", by=owner, at=AT)
    contract.refresh_from_db()
    assert contract.ends_on is None
    assert levels(contract, date(2026, 5, 31), date(2026, 6, 1), AT.date()) == [250_000, 250_000, 250_000]
    with pytest.raises(contracts.NotEnded):
        contracts.reinstate(contract, reason="Again", by=owner, at=AT)


def test_a_paused_contract_is_paused_again_after_its_end_was_taken_back(contract: Contract, owner: Membership) -> None:
    contracts.move(contract, kind="pause", effective_on=date(2026, 3, 1), by=owner, at=AT)
    contracts.end(contract, on=date(2026, 6, 1), reason="Wrong client", by=owner, at=AT)
    contracts.reinstate(contract, reason="Meant another client", by=owner, at=AT)
    assert mrr.timeline(contract).is_paused(date(2026, 7, 1))
    contracts.move(contract, kind="resume", effective_on=date(2026, 8, 1), by=owner, at=AT)
    assert levels(contract, date(2026, 7, 1), date(2026, 8, 1)) == [0, 200_000]


def test_the_first_payment_can_be_corrected_and_is_never_in_the_future(contract: Contract, owner: Membership) -> None:
    contracts.record_first_payment(contract, on=date(2026, 2, 3), by=owner, at=AT)
    contracts.record_first_payment(contract, on=date(2026, 2, 5), by=owner, at=AT)
    contract.refresh_from_db()
    assert contract.first_paid_on == date(2026, 2, 5)
    assert trail.history(contract.client)[0].facts["instead_of_on"] == "2026-02-03"
    with pytest.raises(contracts.NotYet, match="Nov 21, 2026 has not come yet"):
        contracts.record_first_payment(contract, on=date(2026, 11, 21), by=owner, at=AT)


def test_a_client_stays_in_one_currency(
    contract: Contract, alder: Client, managed: ServiceLine, owner: Membership, inside: House
) -> None:
    inside.msp.currency = "CAD"
    inside.msp.save(update_fields=["currency"])
    with pytest.raises(contracts.OtherCurrency, match="has a contract in USD, and you work in CAD now"):
        contracts.sign(alder, service_line=managed, mrr_minor=100, starts_on=START, by=owner, at=AT)


def test_a_movement_is_never_edited_or_deleted(contract: Contract) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        contract.movements.all().delete()


@pytest.fixture
def numbers() -> "count[int]":
    return count(1)


steps = st.lists(
    st.tuples(
        st.sampled_from(["", "price", "pause", "resume", "renewal", "correction", "end", "reinstate"]),
        st.integers(0, 400),
        st.integers(0, 5).map(lambda thousands: thousands * 100_000),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_whatever_happens_the_newest_level_and_the_sum_of_changes_agree_on_every_day(
    inside: House, numbers: "count[int]", happenings: list[tuple[str, int, int]]
) -> None:
    owner = inside.owner
    client = clients.create(name=f"Client {next(numbers)}", since_on=START, by=owner, at=AT)
    contract = contracts.sign(
        client, service_line=builders.a_service_line(), mrr_minor=200_000, starts_on=START, by=owner, at=AT
    )
    for kind, offset, amount in happenings:
        _happen(contract, kind, START + timedelta(days=offset), amount, owner)
    days = {START + timedelta(days=offset + shift) for _, offset, _ in happenings for shift in (-1, 0, 1)}
    history = levels(contract, *sorted(days))
    contract.refresh_from_db()
    if contract.ends_on is not None:
        assert all(level == 0 for day, level in zip(sorted(days), history, strict=True) if day >= contract.ends_on)


def _happen(contract: Contract, kind: str, day: date, amount: int, owner: Membership) -> None:
    try:
        with transaction.atomic():
            if kind == "end":
                contracts.end(contract, on=day, reason="Ends", by=owner, at=AT)
            elif kind == "reinstate":
                contracts.reinstate(contract, reason="Mistake", by=owner, at=AT)
            else:
                wanted = None if kind in {"pause", "resume", "renewal"} else amount
                contracts.move(contract, kind=kind or None, effective_on=day, mrr_minor=wanted, by=owner, at=AT)
    except Refused:
        pass
