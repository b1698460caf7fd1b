"""Lists of introductions, clients, contested credit and links, and what is taken along as files beside them."""

from referrals.listings.actions import team
from referrals.listings.cases import CASES
from referrals.listings.clients import CLIENTS
from referrals.listings.common_keys import COMMON_KEYS
from referrals.listings.introductions import REFERRALS, is_undecided
from referrals.listings.links import LINKS
from referrals.listings.service_lines import SERVICE_LINES
from referrals.listings.windows import WINDOWS

__all__ = ["CASES", "CLIENTS", "COMMON_KEYS", "LINKS", "REFERRALS", "SERVICE_LINES", "WINDOWS", "is_undecided", "team"]
