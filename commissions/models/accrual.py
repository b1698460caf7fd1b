"""How far the accrual of an MSP has come."""

from datetime import date
from typing import NamedTuple
from uuid import UUID

from django.db import models
from django.db.models import Q

from elinkages.kernel.tenancy import TenantModel, walls


class AccruedMonth(TenantModel):
    """A month that is over and was computed for every contract: what changes of it later has a new revision (ADR 45).

    Without its row a month is looked at again, contract by contract, which changes nothing but the time it takes.
    """

    month = models.DateField()
    accrued_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("accrued_month", key=False),
            models.UniqueConstraint(fields=["msp", "month"], name="accrued_month_once"),
            models.CheckConstraint(condition=Q(month__day=1), name="accrued_month_first_day"),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class Place(NamedTuple):
    """Where a pass through the months goes on: after a contract of a month (None: with its first).

    `is_whole` says whether every contract of the month so far could be computed.
    """

    month: date
    after: UUID | None = None
    is_whole: bool = True


class AccrualTurn(TenantModel):
    """An accrual that gave way to others and waits in the queue for its next turn (ADR 51); one per MSP.

    `day` is the MSP's day on which it came to its place. Without its row the months are looked through again from the
    first that is not complete, which changes nothing but the time it takes.
    """

    month = models.DateField()
    after = models.UUIDField(null=True)
    is_whole = models.BooleanField()
    day = models.DateField()
    moved_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("accrual_turn", key=False),
            models.UniqueConstraint(fields=["msp"], name="accrual_turn_once"),
            models.CheckConstraint(condition=Q(month__day=1), name="accrual_turn_first_day"),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"
