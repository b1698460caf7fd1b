"""What people read by e-mail about an introduction. The team's letter is written before the partner's."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from elinkages.accounts import doors
from elinkages.accounts.models import Membership
from elinkages.accounts.rights import Role
from elinkages.kernel.actors import Actor
from elinkages.mail import outbox
from partners.models import Contact, Partner, PartnerLogin, PartnerState
from referrals import history, sla
from referrals.models import Channel, Referral, Stage, StageMove


@dataclass(frozen=True, slots=True)
class Reader:
    """One person of a partner; `url` is the introduction's page in the portal, "" without a login."""

    name: str
    email: str
    url: str


def tell_team(referral: Referral, *, has_credit: bool, by: Actor, at: datetime) -> None:
    """A new introduction: to its owner, or to the owners and managers when nobody looks after it yet."""
    for member in _responsible(referral):
        if member.pk != by.actor_id:
            outbox.send(
                to=member.user.email,
                template="emails/referral_new",
                key=f"referral-new:{referral.pk}:{member.pk}",
                at=at,
                context={
                    **_for_team(referral, member),
                    "due": _by_when(sla.first_contact_due(referral.registered_at, referral.partner.msp.zone)),
                    "has_credit": has_credit,
                },
            )


def tell_owner(referral: Referral, *, by: Actor, at: datetime) -> None:
    """Someone was given an introduction to look after."""
    if referral.owner:
        outbox.send(
            to=referral.owner.user.email,
            template="emails/referral_assigned",
            key=f"referral-assigned:{referral.pk}:{referral.owner.pk}:{at.timestamp()}",
            at=at,
            context={**_for_team(referral, referral.owner), "by": by.actor_name},
        )


def acknowledge(referral: Referral, *, has_credit: bool, at: datetime) -> None:
    """Thank the sender and say what happens next."""
    for reader in _people(referral.partner, referral):
        _write(reader, "received", referral, key=f"referral-received:{referral.pk}", at=at, has_credit=has_credit)


def tell_moved(referral: Referral, move: StageMove, *, by: Actor, at: datetime) -> None:
    """A step forward, or a second try, in plain words."""
    _tell_owner_first(referral, by=by, at=at)
    is_again = move.from_stage == Stage.LOST
    for reader in _introducers(referral):
        key = f"referral-moved:{move.pk}:{reader.email}"
        _write(reader, "moved", referral, key=key, at=at, words=history.words(referral), is_again=is_again)


def tell_lost(referral: Referral, *, by: Actor, at: datetime) -> None:
    """It did not work out: kindly, with the reason, and with thanks."""
    _tell_owner_first(referral, by=by, at=at)
    for reader in _introducers(referral):
        key = f"referral-lost:{referral.pk}:{at.timestamp()}:{reader.email}"
        _write(reader, "lost", referral, key=key, at=at, words=history.words(referral))


def tell_credited(referral: Referral, *, at: datetime) -> None:
    """A registration that was checked has the credit after all."""
    for reader in _people(referral.partner, referral):
        _write(reader, "credited", referral, key=f"referral-credited:{referral.pk}:{at.timestamp()}", at=at)


def _tell_owner_first(referral: Referral, *, by: Actor, at: datetime) -> None:
    owner = referral.owner if referral.channel != Channel.IMPORT else None
    if owner and owner.deactivated_at is None and owner.pk != by.actor_id:
        outbox.send(
            to=owner.user.email,
            template="emails/referral_news",
            key=f"referral-news:{referral.pk}:{at.timestamp()}",
            at=at,
            context={**_for_team(referral, owner), "by": by.actor_name},
        )


def _write(reader: Reader, name: str, referral: Referral, *, key: str, at: datetime, **more: Any) -> None:
    context = {"name": reader.name, "url": reader.url, "referral": referral, "company": referral.company, **more}
    outbox.send(to=reader.email, template=f"emails/referral_{name}", context=context, key=key, at=at)


def _for_team(referral: Referral, member: Membership) -> dict[str, Any]:
    return {
        "name": str(member),
        "referral": referral,
        "company": referral.company,
        "partner": referral.partner,
        "url": doors.absolute("dashboard", referral.partner.msp, "dashboard:referral", referral.pk),
    }


def _responsible(referral: Referral) -> list[Membership]:
    if referral.owner and referral.owner.deactivated_at is None:
        return [referral.owner]
    if referral.channel not in {Channel.PORTAL, Channel.PUBLIC}:
        return []
    team = Membership.objects.active().filter(msp=referral.msp_id, role__in=[Role.OWNER, Role.MANAGER])
    return list(team.select_related("user").order_by("created_at"))


def _introducers(referral: Referral) -> Iterator[Reader]:
    """The sender and everyone who shares the credit; nobody about what came with a spreadsheet."""
    if referral.channel == Channel.IMPORT:
        return
    partners = {referral.partner_id: referral.partner}
    partners |= {credit.partner_id: credit.partner for credit in referral.credits.select_related("partner")}
    for partner in partners.values():
        yield from _people(partner, referral)


def _people(partner: Partner, referral: Referral) -> Iterator[Reader]:
    """The person who sent it, or who speaks for the partner; nobody of a partner who has left."""
    if partner.state == PartnerState.PARTED:
        return
    contacts = list(Contact.objects.current().filter(partner=partner).by_voice())
    sender = next((person for person in contacts if person.actor_name == referral.registered_by_name), None)
    reader = sender or next(iter(contacts), None)
    if reader is None:
        if partner.email:
            yield Reader(partner.name, partner.email, "")
        return
    logins = PartnerLogin.objects.open().filter(msp=partner.msp_id, contact=reader.pk)
    url = doors.absolute("portal", partner.msp, "portal:referral", referral.pk) if logins.exists() else ""
    yield Reader(reader.name, reader.email, url)


def _by_when(due: datetime) -> str:
    """“Monday, November 23, 3:05 PM”; midnight is “the end of Monday, November 23”, the day that ends then."""
    day = sla.last_day(due)
    if day < due.date():
        return f"the end of {day:%A, %B} {day.day}"
    return f"{day:%A, %B} {day.day}, {due.hour % 12 or 12}:{due:%M} {'AM' if due.hour < 12 else 'PM'}"
