"""The people of the demo: accounts with verified addresses, teams, and portal logins."""

from datetime import datetime

from allauth.account.models import EmailAddress

from elinkages.accounts.models import Membership, Msp, User
from elinkages.accounts.rights import Role
from elinkages.pages.demo.cast import PASSWORD, Person
from partners import invitations, people
from partners.models import Contact, Partner


def account(person: Person, *, is_staff: bool = False) -> User:
    """A person who can log in at once."""
    user = User.objects.create_user(person.email, PASSWORD, name=person.name, is_staff=is_staff, is_superuser=is_staff)
    EmailAddress.objects.create(user=user, email=person.email, verified=True, primary=True)
    return user


def member(msp: Msp, person: Person, role: Role) -> Membership:
    """One of the MSP's people."""
    return Membership.objects.create(msp=msp, user=account(person), role=role, created_at=msp.created_at)


def join(partner: Partner, user: User, *, by: Membership, at: datetime) -> None:
    """Let a partner's person into the portal, by an invitation that is accepted."""
    contact = Contact.objects.filter(partner=partner, email=user.email).get()
    token = invitations.invite(partner, contact=contact, by=by, at=at)
    invitations.accept(token, user=user, at=at)


def colleague(partner: Partner, person: Person, *, by: Membership, at: datetime) -> None:
    """Let a second person of a partner in: they refer and follow, neither sign nor see earnings."""
    people.add(partner, name=person.name, email=person.email, can_sign=False, sees_earnings=False, by=by, at=at)
    join(partner, account(person), by=by, at=at)
