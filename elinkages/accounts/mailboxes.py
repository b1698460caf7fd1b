"""E-mail addresses that were proven: whose they are, the account that begins with one, and what moves along."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.account.signals import authentication_step_completed, email_changed
from django.dispatch import receiver

from elinkages.accounts.models import Membership, User
from elinkages.kernel import tenancy
from elinkages.mail import preferences


def holds_address(user: User, address: str) -> bool:
    """Whether an e-mail address is proven to be this person's."""
    is_main = user.email.lower() == address
    return is_main or EmailAddress.objects.filter(user=user, email=address, verified=True).exists()


def is_known(address: str) -> bool:
    """Whether somebody has an account under an address."""
    proven = EmailAddress.objects.filter(email=address, verified=True)
    return proven.exists() or User.objects.filter(email=address).exists()


def whose(address: str) -> list[User]:
    """Who logs in with an address: whoever proved it, else whoever claims it.

    It asks the same of the database whether or not anybody does, so that a clock tells nobody who has an account.
    """
    address = address.strip().lower()
    claims = list(EmailAddress.objects.filter(email=address).select_related("user"))
    mains = list(User.objects.filter(email=address))
    proven = [claim.user for claim in claims if claim.verified]
    found = proven or [claim.user for claim in claims] + mains
    return list({user.pk: user for user in found}.values())


def open_account(address: str, *, name: str, password: str, is_proven: bool = True) -> User:
    """Make an account; whoever holds an invitation's link has proven the mailbox, so that address needs no code."""
    user = User.objects.create_user(address, password, name=" ".join(name.split()))
    EmailAddress.objects.create(user=user, email=address, verified=is_proven, primary=True)
    return user


@receiver(email_changed, dispatch_uid="letters follow the address")
def _moved(user: User, from_email_address: EmailAddress | None, to_email_address: EmailAddress, **_: Any) -> None:
    """Which letters a person wants was kept under the address that they log in with."""
    if from_email_address is None:
        return
    for member in Membership.objects.active().filter(user=user):
        with tenancy.use(member.msp_id):
            preferences.move(from_email_address.email, to_email_address.email)


@receiver(authentication_step_completed, dispatch_uid="mailboxes")
def _proven_by_a_code(user: User, *, method: str, **_: Any) -> None:
    """Forget a password that was chosen before its address was proven: anybody can sign up with another's address.

    Who opens the mailbox later and logs in with a code must not let in whoever waited for that.
    """
    if method == "code" and not EmailAddress.objects.filter(user=user, verified=True).exists():
        user.set_unusable_password()
        user.save(update_fields=["password"])
