"""The lists of introductions, of clients, of contested credit and of partners' links."""

from referrals.listings.actions import team
from referrals.listings.cases import CASES
from referrals.listings.clients import CLIENTS
from referrals.listings.introductions import REFERRALS, is_undecided
from referrals.listings.links import LINKS
from referrals.listings.service_lines import SERVICE_LINES

__all__ = ["CASES", "CLIENTS", "LINKS", "REFERRALS", "SERVICE_LINES", "is_undecided", "team"]
