"""Where the letters to a partner's person go: an address that they enter counts once its mailbox has confirmed it.

Otherwise a person could have an MSP write to strangers, and whoever stole a session could have statements sent away.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from django.core import signing

from elinkages.accounts import doors
from elinkages.accounts.mailboxes import holds_address
from elinkages.accounts.models import User
from elinkages.audit import trail
from elinkages.kernel.refusal import Refused
from elinkages.mail import outbox
from partners import people
from partners.models import Contact

GOOD_FOR: Final = timedelta(days=3)
LINK: Final = "address-confirmation"
"""The URL name of the link that confirms a mailbox."""
SALT: Final = "partners.address"


class LinkOver(Refused):
    """The link that confirms an address is incomplete, was used, is too old, or another one was asked for since."""


def ask(contact: Contact, address: str, *, user: User, at: datetime) -> str:
    """Have the letters to a person go to another address; returns the token of the link that its mailbox gets.

    An address that `user`, the person's login, has proven already counts at once: the token is empty. To ask
    again sends a new letter.
    Raises AddressTaken.
    """
    address = people.normal_address(address)
    if address == contact.email:
        forget(contact)
        return ""
    if holds_address(user, address):
        _move(contact, address, at)
        return ""
    people.refuse_taken([(contact, address)], by=contact)
    contact.wanted_email = address
    contact.save(update_fields=["wanted_email"])
    said = {"contact": str(contact.pk), "address": address, "at": at.timestamp()}
    token = signing.Signer(salt=SALT).sign_object(said)
    outbox.send(
        to=address,
        template="emails/address_confirmation",
        context={
            "contact": contact,
            "expires_at": at + GOOD_FOR,
            "link": doors.absolute("public", None, LINK, contact.msp.slug, token),
        },
        key=f"address-confirmation-{contact.pk}-{at.timestamp()}",
        at=at,
        secret=True,
    )
    trail.record("partner.address_asked", contact.partner, by=contact, at=at, email=address)
    return token


def forget(contact: Contact) -> None:
    """Leave the letters where they go: the link that was sent is worthless."""
    if contact.wanted_email:
        contact.wanted_email = ""
        contact.save(update_fields=["wanted_email"])


def find(token: str, *, at: datetime) -> Contact:
    """The person whose `wanted_email` a link confirms, locked. Raises LinkOver."""
    try:
        said = signing.Signer(salt=SALT).unsign_object(token)
    except signing.BadSignature as problem:
        raise LinkOver("This link is incomplete. Copy all of it from the e-mail.") from problem
    people_of_partners = Contact.objects.current().select_related("partner").select_for_update(of=("self",))
    contact = people_of_partners.filter(pk=said["contact"], wanted_email=said["address"]).first()
    if contact is None:
        raise LinkOver(
            "This link has already been used, or another address has been entered since. See"
            " your details for the current one."
        )
    if at >= datetime.fromtimestamp(said["at"], UTC) + GOOD_FOR:
        raise LinkOver(f"This link was good for {GOOD_FOR.days} days. Enter the address again in your details.")
    return contact


def confirm(token: str, *, at: datetime) -> Contact:
    """The mailbox is proven: letters go there from now on, the one before is told. Raises LinkOver.

    Whoever has the link has not logged in, and is not told whose address it became meanwhile.
    """
    contact = find(token, at=at)
    try:
        _move(contact, contact.wanted_email, at)
    except people.AddressTaken as problem:
        taken = f"By now other e-mails of {contact.msp} go to this address already. Enter another one in your details."
        raise LinkOver(taken) from problem
    return contact


def _move(contact: Contact, address: str, at: datetime) -> None:
    before = contact.email
    people.edit(contact, name=contact.name, email=address, phone=contact.phone, by=contact, at=at)
    if before:
        outbox.send(
            to=before,
            template="emails/address_moved",
            context={"contact": contact},
            key=f"address-moved-{contact.pk}-{at.timestamp()}",
            at=at,
        )
