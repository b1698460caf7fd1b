"""Which people may enter which MSP's portal, as which partner."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models.functions import UUID7, Now

from elinkages.accounts.models import Msp, User
from elinkages.kernel.tenancy import SameTenant, TenantForeignKey
from partners.models.partner import Contact, Partner

NEW_VISIT_AFTER = timedelta(minutes=30)
NOTED_EVERY = timedelta(minutes=5)


class PartnerLoginQuerySet(models.QuerySet["PartnerLogin"]):
    """Questions about many logins; not walled, because the portal's door asks before an MSP is entered."""

    def open(self) -> "PartnerLoginQuerySet":
        """Those that lead into a portal now."""
        return self.filter(closed_at__isnull=True)


class PartnerLogin(models.Model):
    """Ids only, and outside of the walls: it is asked before an MSP is entered (decisions 4).

    `seen_at` is the last time of this visit, `seen_before_at` the last time of the visit before: the portal says
    what is new since then.
    """

    id = models.UUIDField(primary_key=True, db_default=UUID7(), editable=False)
    msp = models.ForeignKey(Msp, models.PROTECT, db_index=False, related_name="+")
    user = models.ForeignKey(User, models.PROTECT, related_name="partner_logins")
    partner = TenantForeignKey(Partner, related_name="+")
    contact = TenantForeignKey(Contact, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    seen_before_at = models.DateTimeField(null=True)

    objects = PartnerLoginQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["msp", "user"], name="partner_login_once"),
            SameTenant(field="partner", name="partner_login_partner_same_msp"),
            SameTenant(field="contact", name="partner_login_contact_same_msp"),
        ]

    def __str__(self) -> str:
        return f"Login of {self.user_id}"

    def arrive(self, at: datetime) -> None:
        """Remember a visit: half an hour without a page makes the next page a new visit."""
        if self.seen_at is None or at - self.seen_at > NEW_VISIT_AFTER:
            self.seen_before_at, self.seen_at = self.seen_at, at
        elif at - self.seen_at > NOTED_EVERY:
            self.seen_at = at
        else:
            return
        self.save(update_fields=["seen_before_at", "seen_at"])
