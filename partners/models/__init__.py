"""Who sends business, and how they come to it."""

from partners.models.joining import Application, ApplicationState, FieldType, JoinField, JoinPage, JoinRule, Standard
from partners.models.login import PartnerLogin
from partners.models.partner import Contact, Partner, PartnerInvitation, PartnerState, SourceKind

__all__ = [
    "Application",
    "ApplicationState",
    "Contact",
    "FieldType",
    "JoinField",
    "JoinPage",
    "JoinRule",
    "Partner",
    "PartnerInvitation",
    "PartnerLogin",
    "PartnerState",
    "SourceKind",
    "Standard",
]
