"""What partners sent, and the clients it became."""

from referrals.models.case import Case, CaseNote, Claim, Outcome
from referrals.models.client import Client, ClientState, Contract, MovementKind, MrrMovement, ServiceLine
from referrals.models.common_key import CommonKey
from referrals.models.flag import Flag, FlagKind, FlagSide
from referrals.models.protection import LONGEST_PROTECTION, ProtectionExtension, ProtectionRule
from referrals.models.public import Inquiry, InquiryKind, LinkDay, ReferralLink, ReferralPage, StatusLink
from referrals.models.referral import (
    FULL_SHARE,
    OPEN_STAGES,
    Channel,
    Credit,
    LostReason,
    Referral,
    Stage,
    StageMove,
)
from referrals.models.screening import Finding, FindingState, KeyKind, MatchKeys
from referrals.models.split import Answer, Split, SplitConsent, SplitState

__all__ = [
    "FULL_SHARE",
    "LONGEST_PROTECTION",
    "OPEN_STAGES",
    "Answer",
    "Case",
    "CaseNote",
    "Channel",
    "Claim",
    "Client",
    "ClientState",
    "CommonKey",
    "Contract",
    "Credit",
    "Finding",
    "FindingState",
    "Flag",
    "FlagKind",
    "FlagSide",
    "Inquiry",
    "InquiryKind",
    "KeyKind",
    "LinkDay",
    "LostReason",
    "MatchKeys",
    "MovementKind",
    "MrrMovement",
    "Outcome",
    "ProtectionExtension",
    "ProtectionRule",
    "Referral",
    "ReferralLink",
    "ReferralPage",
    "ServiceLine",
    "Split",
    "SplitConsent",
    "SplitState",
    "Stage",
    "StageMove",
    "StatusLink",
]
