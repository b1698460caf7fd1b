"""Which letters a person wants at once, once a day, or not at all. The outbox asks here and nowhere else.

A choice belongs to an address at an MSP: that is what a letter is sent to, and what a link in a letter proves.
"""

from datetime import datetime
from uuid import UUID

from django.core import signing

from elinkages.accounts import doors
from elinkages.accounts.models import Msp
from elinkages.kernel.refusal import Refused
from elinkages.mail import kinds
from elinkages.mail.models import Handling, Message, Preference

SALT = "mail.unsubscribe"


class Essential(Refused):
    """A letter that cannot be turned off, with the reason."""

    status = 422


class UnknownChoice(Refused):
    """No such kind of letter, or no such way to get it."""

    status = 422


class NoAddress(Refused):
    """There is nothing to write to."""

    status = 422


class BadLink(Refused):
    """A link that we did not make."""

    status = 404


def handling(to: str, kind: kinds.Kind) -> str:
    """How a letter of a kind to an address is handled."""
    if kind.is_essential:
        return Handling.AT_ONCE
    chosen = Preference.objects.filter(address=normal(to), kind=kind.slug).values_list("choice", flat=True).first()
    return chosen or Handling.AT_ONCE


def choices(address: str, *, readers: str) -> dict[str, str]:
    """Kind → how it is handled, for every kind that such a reader gets."""
    chosen = dict(Preference.objects.filter(address=normal(address)).values_list("kind", "choice"))
    return {
        kind.slug: Handling.AT_ONCE if kind.is_essential else chosen.get(kind.slug, Handling.AT_ONCE)
        for kind in kinds.for_readers(readers)
    }


def choose(address: str, kind_slug: str, choice: str, *, partner_id: UUID | None = None, at: datetime) -> None:
    """Set how an address gets a kind of letter. `partner_id`: whose portal shows the choice.

    Letters that waited for a summary are dropped with a Never. Raises Essential, NoAddress, UnknownChoice.
    """
    if not normal(address):
        raise NoAddress("We have no e-mail address for you. Add one in your details first.")
    kind = kinds.KINDS.get(kind_slug)
    if kind is None or choice not in Handling.values:
        raise UnknownChoice("There is no such kind of e-mail.")
    if kind.is_essential:
        if choice == Handling.AT_ONCE:
            return
        raise Essential(f"{kind.label} cannot be turned off. {kind.why}")
    Preference.objects.update_or_create(
        address=normal(address),
        kind=kind.slug,
        defaults={"choice": choice, "of_partner": partner_id, "changed_at": at},
    )
    if choice == Handling.NEVER:
        waiting = Message.objects.filter(handling=Handling.DAILY, sent_at__isnull=True, kind=kind.slug)
        waiting.filter(to__iexact=address).update(handling=Handling.NEVER)


def move(old: str, new: str) -> None:
    """Keep a person's choices when their address at the active MSP changes."""
    if not old or not new or normal(old) == normal(new):
        return
    taken = Preference.objects.filter(address=normal(new)).values("kind")
    Preference.objects.filter(address=normal(old)).exclude(kind__in=taken).update(address=normal(new))


def normal(address: str) -> str:
    """An address as choices are kept under."""
    return address.strip().lower()


def link(msp: Msp, address: str, kind_slug: str) -> str:
    """The address that turns a kind of letter off with one click; the same for as long as our key lives."""
    token = signing.Signer(salt=SALT).sign_object({"m": str(msp.pk), "a": normal(address), "k": kind_slug})
    return doors.absolute("public", None, "unsubscribe", msp.slug, token)


def opened(msp: Msp, token: str) -> tuple[str, kinds.Kind]:
    """The address and the kind that a link is about. Raises BadLink for one that is not of this MSP."""
    try:
        said = signing.Signer(salt=SALT).unsign_object(token)
    except signing.BadSignature as problem:
        raise BadLink("This link is incomplete. Copy all of it from the e-mail.") from problem
    kind = kinds.KINDS.get(said.get("k", ""))
    if said.get("m") != str(msp.pk) or kind is None or kind.is_essential:
        raise BadLink("This link does not belong here.")
    return str(said["a"]), kind
