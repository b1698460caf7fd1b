"""Locks without a row: a name within an MSP, held until the unit of work ends."""

from django.db import connection

from elinkages.kernel.tenancy import current_msp_id


def hold(name: str) -> None:
    """Wait until no other unit of work of this MSP holds the lock, then hold it."""
    _ask("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", name)


def try_to_hold(name: str) -> bool:
    """Hold the lock, unless another unit of work of this MSP does; whether it is held."""
    return bool(_ask("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", name))


def _ask(sql: str, name: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(sql, [f"{name}:{current_msp_id()}"])
        (answer,) = cursor.fetchone()
    return answer
