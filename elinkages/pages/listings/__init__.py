"""The lists that read several apps together: partners with what they sent, and everything that was done."""

from elinkages.pages.listings.events import EVENTS
from elinkages.pages.listings.partners import PARTNERS
from elinkages.pages.listings.team import TEAM

__all__ = ["EVENTS", "PARTNERS", "TEAM"]
