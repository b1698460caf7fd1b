"""A run of payouts, brought to each of its stages."""

from datetime import date

from commissions import ledger, payouts
from commissions.models import PayoutRun
from elinkages.accounts.models import Membership
from partners.models import Partner
from tests.commissions.owing import noon

DAY = date(2026, 2, 2)
AT = noon(DAY)


def opened(finn: Membership, day: date = DAY) -> PayoutRun:
    return payouts.open_run(cutoff_on=day, by=finn, at=noon(day)).run


def approved(finn: Membership, olivia: Membership) -> PayoutRun:
    return payouts.approve(opened(finn), by=olivia, at=AT)


def released(finn: Membership, olivia: Membership) -> PayoutRun:
    return payouts.release(approved(finn, olivia), by=finn, at=AT).run


def balance(partner: Partner) -> ledger.Balance:
    return ledger.balances([partner.pk]).get(partner.pk, ledger.Balance())
