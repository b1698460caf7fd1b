"""Promises that PostgreSQL keeps: append-only rows, legal moves, pairs."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from elinkages.accounts.models import Msp
from elinkages.audit import trail
from elinkages.audit.models import AuditEvent
from elinkages.kernel import tenancy
from elinkages.kernel.actors import System
from elinkages.kernel.constraints import AppendOnly, Transitions
from partners.models import Partner, PartnerState
from tests import builders

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def msp() -> Msp:
    return builders.an_msp()


def _event(msp: Msp) -> AuditEvent:
    trail.record("msp.looked_at", msp, by=System("A test"), at=AT)
    return AuditEvent.objects.get()


def test_what_is_recorded_can_neither_be_changed_nor_deleted(msp: Msp) -> None:
    with tenancy.use(msp.pk):
        event = _event(msp)
        with pytest.raises(DatabaseError), transaction.atomic():
            AuditEvent.objects.filter(pk=event.pk).update(actor_name="Nobody")
        with pytest.raises(DatabaseError), transaction.atomic():
            event.delete()
        assert AuditEvent.objects.get().actor_name == "A test"


@pytest.mark.parametrize("statement", ["UPDATE audit_auditevent SET action = 'x'", "DELETE FROM audit_auditevent"])
def test_the_serving_role_lacks_the_privilege_to_rewrite_history(msp: Msp, statement: str) -> None:
    with tenancy.use(msp.pk), connection.cursor() as cursor:
        _event(msp)
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            cursor.execute(statement)


def test_a_state_moves_only_along_its_arrows(msp: Msp) -> None:
    with tenancy.use(msp.pk):
        partner = builders.a_partner(state=PartnerState.PROSPECT, joined_at=None)
        with pytest.raises(IntegrityError, match="cannot go from prospect to suspended"), transaction.atomic():
            Partner.objects.filter(pk=partner.pk).update(state=PartnerState.SUSPENDED)
        Partner.objects.filter(pk=partner.pk).update(state=PartnerState.ACTIVE)
        Partner.objects.filter(pk=partner.pk).update(state=PartnerState.ACTIVE)


def test_a_state_begins_where_it_may(msp: Msp) -> None:
    with tenancy.use(msp.pk), pytest.raises(IntegrityError, match="cannot go from nothing to suspended"):
        builders.a_partner(state=PartnerState.SUSPENDED)


def test_a_moment_without_a_person_is_refused(msp: Msp) -> None:
    with pytest.raises(IntegrityError, match="msp_one_person_approval_paired"), transaction.atomic():
        Msp.objects.filter(pk=msp.pk).update(one_person_approval_at=AT)


def test_a_value_outside_of_the_list_is_refused(msp: Msp) -> None:
    with pytest.raises(IntegrityError, match="membership_role_known"), transaction.atomic():
        builders.a_member(msp, role="emperor")


def test_constraints_compare_by_what_they_say_so_that_migrations_stay_quiet() -> None:
    assert AppendOnly(name="a", mutable=["stage"]) == AppendOnly(name="a", mutable=("stage",))
    assert AppendOnly(name="a") != AppendOnly(name="a", mutable=("stage",))
    moves: dict[str, Any] = {"name": "a", "field": "state", "initial": ("x",)}
    assert Transitions(**moves, allowed={"x": ["y"]}) == Transitions(**moves, allowed={"x": ("y",)})
    assert Transitions(**moves, allowed={"x": ["y"]}) != Transitions(**moves, allowed={"x": ["z"]})
    assert len({AppendOnly(name="a"), AppendOnly(name="a")}) == 1
