"""The brand of an MSP as a row: what its partners see instead of ours."""

from django.db import models

from elinkages.kernel.constraints import one_of
from elinkages.kernel.tenancy import TenantModel, walls


class Paper(models.TextChoices):
    """The paper that documents are set for."""

    LETTER = "us-letter", "Letter"
    A4 = "a4", "A4"


class Branding(TenantModel):
    """Colors, logo and sender of one MSP; an MSP without this row looks like the house.

    `accent_light` and `accent_dark` are readable in their themes (accounts.colors); the logo is a PNG that we encoded
    ourselves. `version` names what brand.css and the logo are now, so that browsers may keep them for ever. The portal
    may read it: it is what the portal shows to everyone.
    """

    accent_light = models.CharField(max_length=7)
    accent_dark = models.CharField(max_length=7)
    sender_name = models.CharField(max_length=80, blank=True)
    reply_to = models.EmailField(blank=True)
    postal_address = models.TextField(blank=True)
    paper = models.CharField(max_length=10, choices=Paper.choices, default=Paper.LETTER)
    logo = models.BinaryField(default=bytes)
    logo_width = models.PositiveSmallIntegerField(default=0)
    logo_height = models.PositiveSmallIntegerField(default=0)
    version = models.CharField(max_length=16)
    changed_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("branding", portal="true", key=False),
            models.UniqueConstraint(fields=["msp"], name="branding_once"),
            one_of("paper", Paper.values, name="branding_paper_known"),
            models.CheckConstraint(
                condition=models.Q(accent_light__regex="^#[0-9a-f]{6}$", accent_dark__regex="^#[0-9a-f]{6}$"),
                name="branding_accents_are_colors",
            ),
        ]

    def __str__(self) -> str:
        return f"Brand of {self.msp}"

    @property
    def has_logo(self) -> bool:
        """Whether there is a picture; asks no column that is not loaded."""
        return self.logo_width > 0
