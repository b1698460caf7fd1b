"""Who sends business, and how they come to it."""

from partners.models.agreement import AgreementDraft, AgreementVersion, Signature, SignedCopy
from partners.models.joining import Application, ApplicationState, FieldType, JoinField, JoinPage, JoinRule, Standard
from partners.models.login import PartnerLogin
from partners.models.partner import Contact, Partner, PartnerInvitation, PartnerState, SourceKind

__all__ = [
    "AgreementDraft",
    "AgreementVersion",
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
    "Signature",
    "SignedCopy",
    "SourceKind",
    "Standard",
]
