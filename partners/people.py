"""The people of a partner: who they are, how they are reached, and when they no longer belong."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction

from elinkages.accounts.models import User
from elinkages.audit import trail
from elinkages.kernel import tenancy
from elinkages.kernel.actors import Actor
from elinkages.kernel.constraints import only
from elinkages.kernel.refusal import Refused
from elinkages.mail import preferences
from partners.models import Contact, Partner, PartnerInvitation, PartnerLogin

_SPOKEN = {
    "email": "e-mail",
    "owner": "who looks after them",
    "kind": "kind of source",
    "can_sign": "who may sign",
    "sees_earnings": "who sees earnings",
}


class AddressTaken(Refused):
    """Another current contact has this e-mail address."""


class Nameless(Refused):
    """A person needs a name."""


class NotHere(Refused):
    """The person was removed before."""


def normal_address(email: str) -> str:
    """An e-mail address as it is kept: without spaces around it, in lower case."""
    return email.strip().lower()


def spoken(fields: Iterable[str]) -> list[str]:
    """The names of changed fields as the history says them."""
    return [_SPOKEN.get(field, field) for field in fields]


def add(
    partner: Partner,
    *,
    name: str,
    email: str = "",
    phone: str = "",
    can_sign: bool = True,
    sees_earnings: bool = True,
    by: Actor,
    at: datetime,
) -> Contact:
    """Add a person to a partner. Raises AddressTaken, Nameless."""
    new = Person(partner, name, email, phone, can_sign, sees_earnings)
    return add_all([new], by=by, at=at)[0]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody to be added to a partner."""

    partner: Partner
    name: str
    email: str = ""
    phone: str = ""
    can_sign: bool = True
    sees_earnings: bool = True


def add_all(new: Sequence[Person], *, by: Actor, at: datetime) -> list[Contact]:
    """Add people in few statements, all of them or none. Raises AddressTaken, Nameless."""
    contacts = [
        Contact(
            partner=one.partner,
            name=" ".join(one.name.split()),
            email=normal_address(one.email),
            phone=one.phone.strip(),
            can_sign=one.can_sign,
            sees_earnings=one.sees_earnings,
            created_at=at,
        )
        for one in new
    ]
    if any(not contact.name for contact in contacts):
        raise Nameless("Enter the person's name.")
    refuse_taken(((contact, contact.email) for contact in contacts), by=by)
    with _own_address(contacts[0].email if contacts else ""):
        Contact.objects.bulk_create(contacts)
    trail.record_all(
        [
            trail.event("partner.person_added", one.partner, by=by, at=at, name=one.name, email=one.email)
            for one in contacts
        ]
    )
    return contacts


def edit(
    contact: Contact,
    *,
    name: str,
    email: str,
    phone: str,
    can_sign: bool | None = None,
    sees_earnings: bool | None = None,
    by: Actor,
    at: datetime,
) -> Contact:
    """Change a person's details. A new address ends an open invitation: it was sent to the old one.

    What they may do in the firm (`can_sign`, `sees_earnings`) stays where it is None; people do not change it about
    themselves. Raises AddressTaken, Nameless, NotHere.
    """
    now = Contact.objects.select_for_update().get(pk=contact.pk)
    new: dict[str, object] = {
        "name": " ".join(name.split()),
        "email": normal_address(email),
        "phone": phone.strip(),
        "can_sign": now.can_sign if can_sign is None else can_sign,
        "sees_earnings": now.sees_earnings if sees_earnings is None else sees_earnings,
    }
    changed = [field for field, value in new.items() if getattr(now, field) != value]
    if now.removed_at is not None:
        raise NotHere(f"{now.name} was removed. Add them again to change their details.")
    if not new["name"]:
        raise Nameless("Enter the person's name.")
    for field, value in new.items():
        setattr(contact, field, value)
    if not changed:
        return contact
    if "email" in changed:
        contact.wanted_email = ""
    refuse_taken([(contact, contact.email)], by=by)
    with _own_address(contact.email):
        contact.save(update_fields=[*changed, "wanted_email"] if "email" in changed else changed)
    if "email" in changed:
        preferences.move(now.email, contact.email)
        end_invitations(contact, at=at)
    trail.record("partner.person_edited", contact.partner, by=by, at=at, name=contact.name, changed=spoken(changed))
    return contact


def remove(contact: Contact, *, by: Actor, at: datetime) -> Contact:
    """Take a person off the partner: their login to this portal and open invitations end. Raises NotHere."""
    claimed = Contact.objects.current().filter(pk=contact.pk).update(removed_at=at)
    if not claimed:
        raise NotHere(f"{contact.name} has already been removed.")
    contact.removed_at = at
    end_invitations(contact, at=at)
    PartnerLogin.objects.open().filter(msp=contact.msp_id, contact=contact).update(closed_at=at)
    trail.record("partner.person_removed", contact.partner, by=by, at=at, name=contact.name)
    return contact


def end_access(user: User, at: datetime) -> None:
    """Close every portal to a person who closes their account; the partner keeps the contact."""
    for login in PartnerLogin.objects.open().filter(user=user):
        with tenancy.use(login.msp_id):
            contact = Contact.objects.select_related("partner").get(pk=login.contact_id)
            PartnerLogin.objects.open().filter(pk=login.pk).update(closed_at=at)
            trail.record("partner.person_left", contact.partner, by=contact, at=at, name=contact.name)


def refuse_taken(wanted: Iterable[tuple[Contact, str]], *, by: Actor) -> None:
    """Say whose an address is before it is given to a person, new or known, or a letter goes to it.

    The database keeps addresses unique among current people. Raises AddressTaken.
    """
    wanted = [(contact, address) for contact, address in wanted if address]
    if not wanted:
        return
    others = Contact.objects.current().exclude(pk__in=[contact.pk for contact, _ in wanted if contact.pk])
    taken = others.filter(email__in={address for _, address in wanted}).select_related("partner")
    holders = {other.email: other for other in taken}
    for contact, address in wanted:
        if (holder := holders.setdefault(address, contact)) is not contact:
            raise _taken(address, holder, by)


def end_invitations(contact: Contact, *, at: datetime) -> int:
    """Make the open invitations of a person worthless; returns how many there were."""
    return PartnerInvitation.objects.waiting().filter(contact=contact).update(revoked_at=at)


@contextmanager
def _own_address(email: str) -> Iterator[None]:
    """Say in words what the database refuses."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        only("contact_email_once", error)
        raise AddressTaken(f"{email} was given to someone else a moment ago.") from error


def _taken(email: str, holder: Contact, by: Actor) -> AddressTaken:
    """A partner's person is not told who else works with this MSP."""
    if isinstance(by, Contact) and holder.partner_id != by.partner_id:
        return AddressTaken(f"{email} is already in use. Enter another address.")
    return AddressTaken(f"{email} belongs to {holder.name} of {holder.partner.name}. Use another address.")
