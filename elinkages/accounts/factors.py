"""Second factors: who has one, who needs one and by when, and how allauth keeps them for us."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_used
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.dispatch import receiver

from elinkages.accounts import sessions
from elinkages.accounts.models import Membership, User
from elinkages.accounts.rights import MOVES_MONEY
from elinkages.kernel import secrets
from elinkages.mail import outbox

GRACE = timedelta(days=7)
"""How long a person who may move money can look around without a second factor. Money waits for it from the start."""
SECOND = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
"""What counts: recovery codes alone do not."""
PLACE = secrets.Place(UUID(int=0), "mfa_authenticator", "data", UUID(int=0))
"""A person belongs to no MSP, and allauth seals without saying for which row (docs/adr/0027)."""


class MFAAdapter(DefaultMFAAdapter):
    """allauth's second factors, with sealed secrets and one name for passkeys wherever the page was opened."""

    def encrypt(self, text: str) -> str:
        """Seal the secret of an app, or the seed of recovery codes."""
        return secrets.seal(text, place=PLACE)

    def decrypt(self, encrypted_text: str) -> str:
        """Open it."""
        return secrets.open(encrypted_text, place=PLACE)

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Passkeys are for the site's own address, whatever Host the request named."""
        return {"id": urlsplit(settings.SITE_URL).hostname or "localhost", "name": "Elinkages"}

    def generate_authenticator_name(self, user: User, type: str) -> str:
        """What a passkey is called until its owner says better."""
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return f"Passkey {count + 1}" if count else "Passkey"


@receiver(authenticator_used, dispatch_uid="factors")
def _used(user: User, authenticator: Authenticator, **_: Any) -> None:
    """Nobody should find out at the next login that a recovery code is gone."""
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        get_account_adapter().send_notification_mail("mfa/email/recovery_code_used", user)


def of_user(reference: str = "user_id") -> Exists:
    """For a query: whether the person of each row has a second factor."""
    return Exists(Authenticator.objects.filter(user_id=OuterRef(reference), type__in=SECOND))


def has_one(user: User) -> bool:
    """Whether a person has an authenticator app or a passkey."""
    return bool(Authenticator.objects.filter(user_id=user.pk, type__in=SECOND).exists())


def is_exempt(user: User) -> bool:
    """The demo's own people, whose password everybody knows (decisions 30): in demo mode, at addresses nobody has."""
    return bool(settings.DEMO) and user.email.endswith(".example")


def moves_money(member: Membership) -> bool:
    """Whether a person's role lets them approve and pay."""
    return any(member.may(right) for right in MOVES_MONEY)


def due_at(member: Membership) -> datetime | None:
    """From when on a person needs a second factor to open the dashboard at all; None for people who need none."""
    if is_exempt(member.user):
        return None
    days = []
    if moves_money(member):
        days.append(member.created_at + GRACE)
    if member.msp.second_factor_required_at is not None:
        begun = max(member.created_at, member.msp.second_factor_required_at)
        days.append(begun + timedelta(days=member.msp.second_factor_grace_days))
    return min(days, default=None)


def forget(user: User, *, at: datetime) -> int:
    """Remove every factor of a person who lost them all, end their sessions and tell them; returns how many."""
    with transaction.atomic():
        count: int = Authenticator.objects.filter(user=user).delete()[0]
        sessions.end_all(user)
        outbox.send_to_person(
            to=user.email,
            about="second factor removed",
            subject="The second factor of your Elinkages account was removed",
            text="Our staff removed every second factor of your account, because you asked for it.\n\n"
            "Log in with your password and set up a new one. If you did not ask for it, reset your password at once "
            "and write to us.\n",
            at=at,
        )
    return count


def is_missing(user: User) -> bool:
    """Whether a person who needs a second factor has none."""
    return not is_exempt(user) and not has_one(user)
