"""What partners sent, and the clients it became."""

from referrals.models.client import Client, ClientState, Contract, MovementKind, MrrMovement, ServiceLine
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
from referrals.models.screening import Finding, FindingState, KeyKind, MatchKey

__all__ = [
    "FULL_SHARE",
    "OPEN_STAGES",
    "Channel",
    "Client",
    "ClientState",
    "Contract",
    "Credit",
    "Finding",
    "FindingState",
    "KeyKind",
    "LostReason",
    "MatchKey",
    "MovementKind",
    "MrrMovement",
    "Referral",
    "ServiceLine",
    "Stage",
    "StageMove",
]
