"""The first night of the demo: what beat would have done by now, so that our staff's pages have something to say."""

import logging
from datetime import datetime

from commissions import tasks as commissions
from elinkages.kernel.tasks import msp_ids
from elinkages.pages.operations import health
from elinkages.watch import shared
from elinkages.watch.metrics import ACCRUALS


def first_round(at: datetime) -> None:
    """Accrue what is due, prove the books, publish their heads, and measure what waits."""
    for msp_id in msp_ids():
        commissions.accrue.run(msp_id=str(msp_id))
        shared.note(ACCRUALS, msp_id)
    logging.disable(logging.INFO)  # the heads go to their file; nobody reads them at the start of a demo
    commissions.check_books.run()
    logging.disable(logging.NOTSET)
    health.measure(at)
