"""Background work: every task names its MSP, and every queue can be swept.

A message carries ids only. `**_` swallows arguments that a newer or older release sends.
"""

import logging
from collections.abc import Callable, Iterator
from functools import partial, wraps
from typing import Any
from uuid import UUID

from celery import shared_task
from django.apps import apps
from django.db import transaction
from django.utils import timezone

from elinkages.kernel import tenancy

logger = logging.getLogger(__name__)


def tenant_task(function: Callable[..., None]) -> Any:
    """A Celery task that runs `function(**ids)` as one unit of work of the MSP `msp_id`.

    Call it with keyword ids only, and after commit: `accrue.delay_on_commit(msp_id=…, month=…)`.
    """

    @wraps(function)
    def run(*, msp_id: str, **ids: Any) -> None:
        with tenancy.use(UUID(msp_id)):
            function(**ids)

    return shared_task(name=f"{function.__module__}.{function.__name__}")(run)


def stepped_task(function: Callable[..., None]) -> Any:
    """A Celery task that opens its own short units of work, because it calls the network between them.

    The function receives `msp_id` as a UUID and must not be called inside a unit of work.
    """

    @wraps(function)
    def run(*, msp_id: str, **ids: Any) -> None:
        function(msp_id=UUID(msp_id), **ids)

    return shared_task(name=f"{function.__module__}.{function.__name__}")(run)


def nudge(task: Any, **ids: str) -> None:
    """Send a task after commit; a broker that is away is logged and costs minutes, because a sweep nudges again."""
    transaction.on_commit(partial(task.apply_async, kwargs=ids, retry=False), robust=True)


def msp_ids() -> Iterator[UUID]:
    """The id of every MSP that is not closed, oldest first; the list is read before the first one is entered."""
    msps: Any = apps.get_model("accounts", "Msp")._default_manager
    yield from list(msps.open(timezone.now()).order_by("pk").values_list("pk", flat=True))


def for_every_msp(function: Callable[[], None]) -> None:
    """Run `function` in one unit of work per MSP; one MSP's error is logged and stops nobody else."""
    for msp_id in msp_ids():
        try:
            with tenancy.use(msp_id):
                function()
        except Exception:
            logger.exception("%s failed for MSP %s", function.__qualname__, msp_id)
