"""The tests' own ground: the roles are what production has."""

import os

import psycopg
import pytest
from django.db import connection


@pytest.mark.django_db
def test_tests_run_as_the_role_that_serves() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT session_user, rolsuper, rolbypassrls, rolcreatedb FROM pg_roles WHERE rolname = session_user"
        )
        assert cursor.fetchone() == ("elinkages_app", False, False, False)


@pytest.mark.django_db
def test_the_app_owns_nothing_and_may_not_truncate() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class WHERE relowner = 'elinkages_app'::regrole")
        assert cursor.fetchone() == (0,)
        cursor.execute(
            "SELECT count(*) FROM information_schema.table_privileges"
            " WHERE grantee = 'elinkages_app' AND privilege_type = 'TRUNCATE'"
        )
        assert cursor.fetchone() == (0,)


@pytest.mark.django_db
def test_the_portal_role_can_be_entered_and_is_not_inherited() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_has_role('elinkages_app', 'elinkages_portal', 'SET')")
        assert cursor.fetchone() == (True,)
        cursor.execute("SELECT pg_has_role('elinkages_app', 'elinkages_portal', 'USAGE')")
        assert cursor.fetchone() == (False,)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("time", ["first", "second"])
def test_a_committed_row_is_gone_for_the_next_test(time: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_session")
        assert cursor.fetchone() == (0,), time
        cursor.execute("INSERT INTO django_session VALUES (%s, '', now())", [time])


@pytest.mark.django_db
def test_the_app_cannot_make_tables() -> None:
    with (
        psycopg.connect(os.environ["DATABASE_URL"]) as app,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        app.execute("CREATE TABLE public.mine (id int)")
