"""Many rows at once: few and many of them come out alike, in their order, and behind the walls."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from elinkages.accounts.models import Msp
from elinkages.audit import trail
from elinkages.audit.models import AuditEvent
from elinkages.kernel import copy, tenancy
from elinkages.kernel.actors import System
from partners.models import Partner
from referrals.models import Channel, Credit, Referral, StageMove
from tests import builders

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
COUNTS = (1, copy.FEW, copy.FEW + 1, 3 * copy.FEW)


@pytest.fixture
def msp() -> Msp:
    return builders.an_msp()


def test_objects_whose_fields_would_have_to_be_asked_are_not_written_around_them(msp: Msp) -> None:
    with tenancy.use(msp.pk), pytest.raises(TypeError, match="AuditEvent has columns that are not what Python sees"):
        copy.insert_all([AuditEvent(facts={"a": 1})])


@pytest.mark.parametrize("count", COUNTS)
def test_few_and_many_events_come_out_alike_and_in_their_order(msp: Msp, count: int) -> None:
    with tenancy.use(msp.pk):
        odd = {
            "day": date(2026, 3, 1),
            "told_at": AT,
            "who": msp,
            "id": UUID(int=7),
            "text": "a\tb\\\n“c” %s",
            "none": None,
        }
        events = [trail.event("msp.looked_at", msp, by=System("Test"), at=AT, number=n, **odd) for n in range(count)]
        trail.record_all(events)
        found = list(AuditEvent.objects.order_by("pk"))
    assert [event.facts["number"] for event in found] == list(range(count))
    assert {event.msp_id for event in found} == {msp.pk}
    told = {name: value for name, value in found[-1].facts.items() if name != "number"}
    plain = {"day": "2026-03-01", "told_at": AT.isoformat(), "who": str(msp), "id": str(UUID(int=7))}
    assert told == {**plain, "text": "a\tb\\\n“c” %s", "none": None}


def test_a_fact_that_history_cannot_keep_is_refused(msp: Msp) -> None:
    with tenancy.use(msp.pk), pytest.raises(TypeError, match="no fact that history can keep"):
        trail.record("msp.looked_at", msp, by=System("Test"), at=AT, odd=object())


def test_nothing_is_written_for_nothing(msp: Msp) -> None:
    with tenancy.use(msp.pk):
        copy.insert_all([])
        copy.insert_many(StageMove, ("referral_id",), [])
        assert copy.new_ids(0) == []


def test_ids_count_on_in_python_as_in_sql(msp: Msp) -> None:
    with tenancy.use(msp.pk), connection.cursor() as cursor:
        pks, later = copy.new_ids(300), copy.new_ids(1)
        ids = copy.fresh_ids()
        cursor.execute("SELECT (%s || to_hex(%s + n))::uuid FROM generate_series(0, 299) n", list(ids))
        told = [pk for (pk,) in cursor.fetchall()]
    assert [ids.of(number) for number in range(300)] == told
    assert pks == sorted(set(pks)) < later < told
    assert {pk.version for pk in pks} == {7}


@pytest.mark.parametrize("count", COUNTS)
def test_new_objects_get_their_ids_and_can_be_saved_again(msp: Msp, count: int) -> None:
    with tenancy.use(msp.pk):
        referral = builders.a_referral(builders.a_partner())
        names = [f"Person {number}" for number in range(count)]
        moves = [StageMove(referral=referral, to_stage="registered", at=AT, by_name=name) for name in names]
        copy.insert_all(moves)
        found = StageMove.objects.filter(pk__in=[move.pk for move in moves]).order_by("pk")
        assert [(move.pk, move.by_name) for move in found] == [(move.pk, move.by_name) for move in moves]
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            moves[0].save()  # an update, which history refuses: not a second insert


@pytest.mark.parametrize("count", COUNTS)
def test_shares_above_the_whole_are_refused_wherever_they_stand_in_a_statement(msp: Msp, count: int) -> None:
    with tenancy.use(msp.pk):
        first, second = builders.a_partner("One"), builders.a_partner("Two")
        referrals = [builders.a_referral(first, f"Company {number}") for number in range(count)]
        columns = ("referral_id", "partner_id", "basis_points", "created_at")
        Credit.objects.filter(referral__in=referrals).delete()
        whole = [(referral.pk, first.pk, 10_000, AT) for referral in referrals]
        with pytest.raises(IntegrityError, match="exceed 100 %"), transaction.atomic():
            copy.insert_many(Credit, columns, [*whole, (referrals[-1].pk, second.pk, 1, AT)])
        copy.insert_many(Credit, columns, whole)
        with pytest.raises(IntegrityError, match="exceed 100 %"), transaction.atomic():
            copy.insert_many(Credit, columns, [(referrals[0].pk, second.pk, 1, AT)])
        assert Credit.objects.count() == count


def test_any_of_says_what_in_says(msp: Msp) -> None:
    with tenancy.use(msp.pk):
        partners = [builders.a_partner(name) for name in ("Harbor", "Lake", "Mill")]
        wanted = {"harbor", "mill", 'no {one}, "really"'}
        assert set(Partner.objects.filter(name_key__any_of=wanted)) == {partners[0], partners[2]}
        assert Partner.objects.filter(pk__any_of=[partners[1].pk]).get() == partners[1]
        assert not Partner.objects.filter(name_key__any_of=[]).exists()


def test_a_table_that_nobody_has_counted_yet_is_searched_by_its_key(msp: Msp) -> None:
    with tenancy.use(msp.pk):
        partner = builders.a_partner()
        fields = {"source_kind": partner.kind, "channel": Channel.IMPORT, "registered_at": AT, "stage_at": AT}
        names = [f"Company {number}" for number in range(300)]
        referrals = [Referral(partner=partner, company=name, company_key=name, **fields) for name in names]
        for one in referrals:
            one.active_at, one.registered_by_name, one.currency = AT, "Test", "USD"
        copy.insert_all(referrals)
        with connection.cursor() as cursor:
            cursor.execute(
                "EXPLAIN (GENERIC_PLAN) SELECT 1 FROM referrals_referral WHERE msp_id = $1 AND id = $2 FOR KEY SHARE"
            )
            plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Index Scan using referral_tenant_key" in plan


@pytest.mark.parametrize("count", COUNTS)
def test_few_and_many_rows_get_new_values_and_nobody_elses(msp: Msp, count: int) -> None:
    other = builders.an_msp("Rival IT")
    with tenancy.use(other.pk):
        theirs = builders.a_partner("Theirs", city="Troy", phone="1").pk
    with tenancy.use(msp.pk):
        ours = [builders.a_partner(f"Firm {number}", city="Troy", phone="1").pk for number in range(count)]
        kept = builders.a_partner("Kept", city="Troy", phone="1").pk
        copy.update_many(Partner, ["city", "owner_id"], [])
        rows = [(pk, f"Al\tbany {number}", None) for number, pk in enumerate(ours)]
        copy.update_many(Partner, ["city", "owner_id"], [*rows, (theirs, "Albany", None)])
        found = list(Partner.objects.exclude(pk=kept).order_by("pk").values_list("city", "phone"))
        assert found == [(f"Al\tbany {number}", "1") for number in range(count)]
        assert Partner.objects.get(pk=kept).city == "Troy"
    with tenancy.use(other.pk):
        assert Partner.objects.get().city == "Troy"
