"""Rails: how money leaves. One module per rail, one protocol (docs/algorithms/payouts.md)."""

from commissions.models import Rail
from commissions.rails.base import Answer, PaymentRail
from commissions.rails.credit import CreditRail
from commissions.rails.manual import ManualRail

RAILS: dict[str, PaymentRail] = {Rail.MANUAL: ManualRail(), Rail.CREDIT: CreditRail()}


def rail_of(code: str) -> PaymentRail:
    """The rail that a run or an attempt names; KeyError for one that does not exist."""
    return RAILS[code]


__all__ = ["RAILS", "Answer", "PaymentRail", "rail_of"]
