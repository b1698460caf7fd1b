"""Which people may enter which MSP's portal, as which partner."""

from django.db import models
from django.db.models.functions import UUID7, Now

from elinkages.accounts.models import Msp, User
from elinkages.kernel.tenancy import SameTenant, TenantForeignKey
from partners.models.partner import Contact, Partner


class PartnerLogin(models.Model):
    """Ids only, and outside of the walls: it is asked before an MSP is entered (decisions 4)."""

    id = models.UUIDField(primary_key=True, db_default=UUID7(), editable=False)
    msp = models.ForeignKey(Msp, models.PROTECT, db_index=False, related_name="+")
    user = models.ForeignKey(User, models.PROTECT, related_name="partner_logins")
    partner = TenantForeignKey(Partner, related_name="+")
    contact = TenantForeignKey(Contact, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["msp", "user"], name="partner_login_once"),
            SameTenant(field="partner", name="partner_login_partner_same_msp"),
            SameTenant(field="contact", name="partner_login_contact_same_msp"),
        ]

    def __str__(self) -> str:
        return f"Login of {self.user_id}"
