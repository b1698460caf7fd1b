"""One MSP at a time: what the walls refuse, proven on a real PostgreSQL as the role that serves."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, OperationalError, ProgrammingError, connection, transaction
from django.db.utils import DatabaseError

from elinkages.accounts.models import Msp
from elinkages.kernel import tenancy
from elinkages.kernel.tenancy import NoTenant, OtherTenant
from partners.models import Partner
from referrals.models import Credit, Referral
from tests import builders
from tests.races import at_once

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Place:
    """An MSP with two partners and a referral of the first one."""

    msp: Msp
    partner: Partner
    other_partner: Partner
    referral: Referral


def _place(name: str) -> Place:
    msp = builders.an_msp(name)
    with tenancy.use(msp.pk):
        partner = builders.a_partner(f"Petra of {name}", email="petra@example.com")
        other = builders.a_partner(f"Paul of {name}")
        return Place(msp, partner, other, builders.a_referral(partner))


@pytest.fixture
def acme() -> Place:
    return _place("Acme")


@pytest.fixture
def rival() -> Place:
    return _place("Rival")


def _sql(text: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        return cursor.fetchall() if cursor.description else []


# --- without a tenant


@pytest.mark.parametrize(
    "ask",
    [
        lambda: list(Partner.objects.all()),
        lambda: Partner.objects.exists(),
        lambda: Partner.objects.exclude(name="x").exists(),
        lambda: Partner.objects.count(),
        lambda: Partner.objects.filter(name="x").explain(),
        lambda: list(Partner._base_manager.all()),
        lambda: Partner.objects.create(name="Petra", name_key="petra", kind="client", created_at=builders.AT),
    ],
    ids=["list", "exists", "exclude", "count", "explain", "base manager", "create"],
)
def test_without_an_msp_the_manager_says_so_at_the_line_that_forgot(ask: Callable[[], Any]) -> None:
    with pytest.raises(NoTenant):
        ask()


def test_without_an_msp_raw_sql_raises_instead_of_finding_nothing(acme: Place) -> None:
    with pytest.raises(ProgrammingError, match="no MSP is set"), transaction.atomic():
        _sql("SELECT count(*) FROM partners_partner")


def test_after_the_unit_of_work_nothing_is_visible_anymore(acme: Place) -> None:
    with tenancy.use(acme.msp.pk):
        lazy = Partner.objects.all()
    with pytest.raises(ProgrammingError, match="no MSP is set"), transaction.atomic():
        list(lazy)


# --- another MSP's rows


def test_rows_of_another_msp_cannot_be_read_changed_or_deleted(acme: Place, rival: Place) -> None:
    with tenancy.use(acme.msp.pk):
        theirs = Partner.objects.filter(pk=rival.partner.pk)
        assert not theirs.exists()
        assert theirs.update(name="Taken") == 0
        assert theirs.delete()[0] == 0
        assert _sql("SELECT name FROM partners_partner WHERE id = %s", [rival.partner.pk]) == []
        assert _sql("UPDATE partners_partner SET name = 'Taken' WHERE id = %s RETURNING id", [rival.partner.pk]) == []
        assert _sql("SELECT count(DISTINCT msp_id) FROM partners_partner") == [(1,)]


def test_a_row_cannot_be_written_for_another_msp(acme: Place, rival: Place) -> None:
    with tenancy.use(acme.msp.pk):
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            builders.a_partner("Planted", msp=rival.msp)
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            Partner.objects.bulk_create(
                [Partner(msp=rival.msp, name="Planted", name_key="p", kind="client", created_at=builders.AT)]
            )
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            Partner.objects.filter(pk=acme.partner.pk).update(msp=rival.msp)


def test_saving_a_stranger_by_its_id_neither_steals_nor_changes_it(acme: Place, rival: Place) -> None:
    with tenancy.use(acme.msp.pk), pytest.raises(DatabaseError), transaction.atomic():
        Partner(pk=rival.partner.pk, name="Stolen", name_key="s", kind="client", created_at=builders.AT).save()
    with tenancy.use(rival.msp.pk):
        assert Partner.objects.get(pk=rival.partner.pk).name == "Petra of Rival"


def test_a_reference_to_another_msps_row_is_refused_like_one_to_nothing(acme: Place, rival: Place) -> None:
    refusals = []
    with tenancy.use(acme.msp.pk):
        for partner_id in (rival.partner.pk, uuid4()):
            with pytest.raises(IntegrityError) as refused, transaction.atomic():
                Credit.objects.create(
                    referral=acme.referral, partner_id=partner_id, basis_points=1, created_at=builders.AT
                )
            refusals.append(type(refused.value.__cause__).__name__)
    assert refusals == ["ForeignKeyViolation", "ForeignKeyViolation"], "it must not tell whether the row exists"


def test_two_msps_may_know_the_same_address_and_neither_learns_of_it(acme: Place, rival: Place) -> None:
    with tenancy.use(rival.msp.pk):
        assert Partner.objects.filter(email="petra@example.com").count() == 1


# --- the unit of work


def test_a_second_msp_inside_the_first_is_refused(acme: Place, rival: Place) -> None:
    with tenancy.use(acme.msp.pk):
        with pytest.raises(OtherTenant), tenancy.use(rival.msp.pk):
            pass
        with pytest.raises(OtherTenant), tenancy.use(acme.msp.pk, partner_id=acme.partner.pk):
            pass
        with tenancy.use(acme.msp.pk):
            assert Partner.objects.count() == 2


def test_inside_an_open_transaction_no_unit_of_work_begins(acme: Place) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"), tenancy.use(acme.msp.pk):
        pass
    assert not tenancy.active()


def test_an_exception_rolls_the_whole_unit_back_and_the_next_one_is_clean(acme: Place) -> None:
    def fail_halfway() -> None:
        with tenancy.use(acme.msp.pk):
            Partner.objects.filter(pk=acme.partner.pk).update(name="Half done")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_halfway()
    assert not tenancy.active()
    with tenancy.use(acme.msp.pk):
        assert Partner.objects.get(pk=acme.partner.pk).name == "Petra of Acme"


def test_locks_savepoints_and_conflicting_inserts_work_behind_the_walls(acme: Place) -> None:
    with tenancy.use(acme.msp.pk):
        assert Partner.objects.select_for_update(skip_locked=True).count() == 2
        with pytest.raises(IntegrityError), transaction.atomic():
            Credit.objects.create(referral=acme.referral, partner=acme.partner, basis_points=1, created_at=builders.AT)
        assert Partner.objects.count() == 2


# --- the portal's role


@pytest.fixture
def as_partner(acme: Place, rival: Place) -> Iterator[Place]:
    with tenancy.use(acme.msp.pk, partner_id=acme.partner.pk):
        yield acme


def test_a_partner_sees_its_own_rows_only(as_partner: Place) -> None:
    assert [partner.pk for partner in Partner.objects.all()] == [as_partner.partner.pk]
    assert _sql("SELECT id FROM referrals_referral") == [(as_partner.referral.pk,)]


@pytest.mark.parametrize(
    "write",
    [
        "UPDATE partners_partner SET name = 'x'",
        "DELETE FROM referrals_referral",
        "INSERT INTO audit_auditevent (msp_id) VALUES (gen_random_uuid())",
        "SELECT count(*) FROM audit_auditevent",
        "SELECT count(*) FROM accounts_invitation",
        "SELECT count(*) FROM mail_message",
        "SELECT count(*) FROM accounts_user",
    ],
)
def test_a_partner_can_neither_write_nor_read_what_is_not_for_partners(as_partner: Place, write: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        _sql(write)


def test_a_partner_of_another_msp_sees_nothing(acme: Place, rival: Place) -> None:
    with tenancy.use(acme.msp.pk, partner_id=rival.partner.pk):
        assert not Partner.objects.exists()
        assert not Referral.objects.exists()


def test_after_a_portal_page_the_role_and_the_settings_are_back(acme: Place) -> None:
    with tenancy.use(acme.msp.pk, partner_id=acme.partner.pk):
        assert _sql("SELECT current_user") == [("elinkages_portal",)]
    assert _sql("SELECT current_user") == [("elinkages_app",)]
    assert _sql("SELECT current_setting('elinkages.msp_id', true), current_setting('elinkages.partner_id', true)") == [
        ("", "")
    ]


# --- what the serving role may not do


@pytest.mark.parametrize(
    "attempt",
    [
        "SET ROLE elinkages_owner",
        "TRUNCATE partners_partner",
        "ALTER TABLE partners_partner DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE partners_partner NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY tenant ON partners_partner",
        "CREATE TABLE mine (id int)",
        "CREATE OR REPLACE FUNCTION elinkages_require_msp() RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid'",
    ],
)
def test_the_serving_role_cannot_lift_the_walls(acme: Place, attempt: str) -> None:
    with tenancy.use(acme.msp.pk), pytest.raises(ProgrammingError), transaction.atomic():
        _sql(attempt)


def test_switching_row_security_off_makes_reading_fail(acme: Place) -> None:
    with tenancy.use(acme.msp.pk):
        _sql("SET LOCAL row_security = off")
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            _sql("SELECT * FROM partners_partner")
        _sql("SET LOCAL row_security = on")


@pytest.mark.django_db(transaction=True)
def test_many_threads_of_two_msps_never_see_each_other_and_the_forgetful_see_nobody() -> None:
    places = [_place("Acme"), _place("Rival")]

    def look(place: Place) -> None:
        for turn in range(20):
            with tenancy.use(place.msp.pk, partner_id=place.partner.pk if turn % 3 == 0 else None):
                assert _sql("SELECT DISTINCT msp_id FROM partners_partner") == [(place.msp.pk,)]
            with pytest.raises(ProgrammingError):
                _sql("SELECT count(*) FROM partners_partner")

    assert at_once(*[partial(look, place) for place in places * 4]) == [None] * 8


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_the_server_has_ended_is_an_error_of_the_database_and_the_next_one_serves() -> None:
    place = _place("Acme")
    ((backend,),) = _sql("SELECT pg_backend_pid()")
    assert at_once(lambda: _sql(f"SELECT pg_terminate_backend({backend}, 5000)")) == [[(True,)]]
    with pytest.raises(OperationalError, match=r"terminat|closed"), tenancy.use(place.msp.pk):
        pass
    connection.close_if_unusable_or_obsolete()  # as Django does after every request
    with tenancy.use(place.msp.pk):
        assert Partner.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_snapshot_sees_nothing_that_is_committed_after_its_first_query() -> None:
    place = _place("Acme")

    def add() -> None:
        with tenancy.use(place.msp.pk):
            builders.a_partner("Late Larry")

    with tenancy.use(place.msp.pk, snapshot=True):
        assert Partner.objects.count() == 2
        assert at_once(add) == [None]
        assert Partner.objects.count() == 2
    with tenancy.use(place.msp.pk):
        assert Partner.objects.count() == 3


@pytest.mark.parametrize("key", ["'; DROP TABLE partners_partner; --", b"0", None])
def test_what_is_no_key_never_becomes_sql(key: Any) -> None:
    with pytest.raises(AttributeError), tenancy.use(key):
        pass
