"""Who works here: MSPs, people, and who may do what at which MSP."""

from elinkages.accounts.models.brand import Branding, Paper
from elinkages.accounts.models.msp import Msp, slug_validator
from elinkages.accounts.models.portal_domain import DomainState, PortalDomain
from elinkages.accounts.models.submission import Submission
from elinkages.accounts.models.team import Invitation, Membership, OwnershipTransfer
from elinkages.accounts.models.user import User, UserManager, UserSession

__all__ = [
    "Branding",
    "DomainState",
    "Invitation",
    "Membership",
    "Msp",
    "OwnershipTransfer",
    "Paper",
    "PortalDomain",
    "Submission",
    "User",
    "UserManager",
    "UserSession",
    "slug_validator",
]
