"""Who sends business."""

from partners.models.login import PartnerLogin
from partners.models.partner import Contact, Partner, PartnerInvitation, PartnerState, SourceKind

__all__ = ["Contact", "Partner", "PartnerInvitation", "PartnerLogin", "PartnerState", "SourceKind"]
