"""What waits for a person before a deal may be paid: for commissions as SQL, for the partner as one bit."""

from typing import Final

from referrals.models import Referral

HELD_REFERRALS: Final = (
    "SELECT f.referral_id FROM referrals_flag f WHERE f.msp_id = %(msp)s AND f.released_at IS NULL"
    " UNION SELECT k.referral_id FROM referrals_case k WHERE k.msp_id = %(msp)s AND k.decided_at IS NULL"
)
"""Introductions with a sign of self-dealing that nobody released, or a case that nobody decided. Parameter: %(msp)s."""

HELD_CONTRACTS: Final = (
    "SELECT contract.id FROM referrals_contract contract"
    " JOIN referrals_client client ON client.msp_id = contract.msp_id AND client.id = contract.client_id"
    f" WHERE contract.msp_id = %(msp)s AND client.referral_id IN ({HELD_REFERRALS})"
)
"""Contracts of those introductions. Parameter: %(msp)s."""


def refresh(referral: Referral) -> None:
    """Keep `review_waits`, which is all that the partner learns: that something is being looked at."""
    waits = referral.flags.waiting().exists() or referral.cases.open().exists()
    Referral.objects.filter(pk=referral.pk).update(review_waits=waits)
    referral.review_waits = waits
