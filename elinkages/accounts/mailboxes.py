"""E-mail addresses that were proven: whose they are, and the account that begins with one."""

from allauth.account.models import EmailAddress

from elinkages.accounts.models import User


def holds_address(user: User, address: str) -> bool:
    """Whether an e-mail address is proven to be this person's."""
    is_main = user.email.lower() == address
    return is_main or EmailAddress.objects.filter(user=user, email=address, verified=True).exists()


def is_known(address: str) -> bool:
    """Whether somebody has an account under an address."""
    proven = EmailAddress.objects.filter(email=address, verified=True)
    return proven.exists() or User.objects.filter(email=address).exists()


def open_account(address: str, *, name: str, password: str) -> User:
    """Make an account for whoever holds an invitation's link: it proves the mailbox, so the address needs no code."""
    user = User.objects.create_user(address, password, name=" ".join(name.split()))
    EmailAddress.objects.create(user=user, email=address, verified=True, primary=True)
    return user
