"""The effect of a change is told before it is made, and is what the books then do."""

from datetime import UTC, date, datetime

import pytest
from django.db.models import Sum

from commissions import accruals
from commissions.models import Entry, Stage
from commissions.terms import Flat, FullClawback, Percent, Terms
from commissions.views import effects
from elinkages.accounts.models import Membership
from partners.models import Partner
from referrals import clients, contracts
from referrals.models import Contract
from tests import builders

pytestmark = pytest.mark.django_db

TODAY = date(2026, 6, 10)
AT = datetime(2026, 6, 10, 15, tzinfo=UTC)


def booked() -> int:
    """What the books say is owed or paid, after everything that is due by today was computed."""
    accruals.accrue(today=TODAY, at=AT)
    return Entry.objects.exclude(stage=Stage.VOID).aggregate(sum=Sum("minor"))["sum"] or 0


def fresh(contract: Contract) -> list[Contract]:
    """The contract as a page loads it."""
    return list(Contract.objects.select_related("client", "service_line").filter(pk=contract.pk))


@pytest.mark.parametrize(
    "terms",
    [
        Flat(amount_minor=50_000, trigger="service_start", clawback=FullClawback(90)),
        Percent(basis_points=1_000, months=12, clawback=FullClawback(120)),
        Percent(basis_points=1_000, months=None),
        Percent(basis_points=850, months=3, cap_lifetime_minor=20_000),
    ],
)
@pytest.mark.parametrize("on", [date(2026, 5, 1), date(2026, 5, 17), date(2026, 6, 11)])
def test_leaving_takes_back_exactly_what_the_page_said(
    petra: Partner, owner: Membership, terms: Terms, on: date
) -> None:
    contract = builders.a_deal(petra, terms, mrr_minor=123_457, starts_on=date(2026, 3, 15))
    before = booked()
    shown = effects.of_ending(fresh(contract), on, today=TODAY)
    clients.leave(contract.client, on=on, reason="Sold", by=owner, at=AT)
    assert booked() - before == sum(shown.effect.past.values())


def test_a_client_who_leaves_inside_the_window_costs_the_partner_the_fee(petra: Partner) -> None:
    terms = Flat(amount_minor=50_000, trigger="service_start", clawback=FullClawback(90))
    contract = builders.a_deal(petra, terms, starts_on=date(2026, 4, 1))
    shown = effects.of_ending(fresh(contract), date(2026, 6, 11), today=TODAY)
    assert shown.past == (("Petra Park CPA", -50_000),)
    assert shown.takes_back
    assert shown.taken_minor == 50_000
    assert "inside the 90-day window" in shown.effect.reasons[0]


def test_a_new_mrr_in_the_past_tells_the_difference_by_partner(petra: Partner, owner: Membership) -> None:
    lake = builders.a_partner("Lakeside Advisory")
    contract = builders.a_deal(
        petra, Percent(basis_points=1_000, months=12), 200_000, date(2026, 1, 1), shares={petra: 7_000, lake: 3_000}
    )
    before = booked()
    shown = effects.show(
        fresh(contract),
        lambda one, history, told: told._replace(
            movements=(*told.movements, told.movements[0]._replace(effective_on=date(2026, 4, 1), mrr_minor=300_000))
        ),
        changed_on=date(2026, 4, 1),
        today=TODAY,
    )
    assert shown.past == (("Lakeside Advisory", 6_000), ("Petra Park CPA", 14_000))
    assert (shown.effect.month, shown.effect.before_minor, shown.effect.after_minor) == (
        date(2026, 7, 1),
        20_000,
        30_000,
    )
    assert shown.effect.ahead_minor == 70_000
    contracts.move(contract, effective_on=date(2026, 4, 1), mrr_minor=300_000, by=owner, at=AT)
    assert booked() - before == 20_000


def test_what_stays_with_the_msp_is_not_told_as_a_partners(petra: Partner) -> None:
    contract = builders.a_deal(petra, Percent(basis_points=1_000), 200_000, date(2026, 1, 1), shares={petra: 5_000})
    shown = effects.of_ending(fresh(contract), date(2026, 5, 1), today=TODAY)
    assert shown.past == (("Petra Park CPA", -10_000),)


def test_a_contract_without_a_plan_changes_nothing(petra: Partner) -> None:
    contract = builders.a_contract(builders.a_client(builders.a_referral(petra)))
    shown = effects.of_ending(fresh(contract), date(2026, 5, 1), today=TODAY)
    assert shown.effect.is_nothing
    assert not shown.has_plan
    assert shown.was_referred
