"""A partner's way with an MSP: added, invited, active, and sometimes suspended or gone."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from elinkages.accounts.models import Membership
from elinkages.audit import trail
from elinkages.kernel.actors import Actor
from elinkages.kernel.copy import update_many
from elinkages.kernel.match_keys import company_key
from elinkages.kernel.refusal import Refused
from elinkages.kernel.tenancy import current_msp_id
from partners import people
from partners.invitations import accept, invite, resend, revoke
from partners.models import Partner, PartnerInvitation, PartnerLogin, PartnerState, SourceKind
from partners.people import AddressTaken

__all__ = [
    "AddressTaken",
    "NotInThatState",
    "ReasonMissing",
    "Unnamed",
    "accept",
    "activate",
    "add",
    "edit",
    "invite",
    "part",
    "reinstate",
    "resend",
    "revoke",
    "suspend",
]

EDITABLE = ("kind", "name", "email", "phone", "website", "city", "note")


class Unnamed(Refused):
    """A partner needs a name."""


class UnknownKind(Refused):
    """Not one of the five kinds of source."""


class ReasonMissing(Refused):
    """The partner, or whoever reads the history, is owed a reason."""


class NotInThatState(Refused):
    """The partner's state has changed since the page was opened, or never allowed this."""


def add(
    *,
    kind: str,
    name: str,
    email: str = "",
    phone: str = "",
    website: str = "",
    city: str = "",
    note: str = "",
    external_id: str = "",
    contact_name: str = "",
    owner: Membership | None = None,
    by: Actor,
    at: datetime,
) -> Partner:
    """Enter a partner, with a first person when a person's name or an address is given; nobody is written to.

    Raises Unnamed, UnknownKind, AddressTaken.
    """
    new = NewPartner(kind, name, email, phone, website, city, note, external_id, contact_name, owner)
    return add_all([new], by=by, at=at)[0]


@dataclass(frozen=True, slots=True)
class NewPartner:
    """What is known of a partner who is to be entered."""

    kind: str
    name: str
    email: str = ""
    phone: str = ""
    website: str = ""
    city: str = ""
    note: str = ""
    external_id: str = ""
    contact_name: str = ""
    owner: Membership | None = None


def add_all(new: Sequence[NewPartner], *, by: Actor, at: datetime) -> list[Partner]:
    """Enter partners in few statements, each as `add` would, all of them or none. Raises what `add` raises."""
    partners = [Partner(created_at=at, external_id=one.external_id.strip(), owner=one.owner) for one in new]
    for partner, one in zip(partners, new, strict=True):
        _describe(partner, **{field: getattr(one, field) for field in EDITABLE})
    Partner.objects.bulk_create(partners)
    trail.record_all([trail.event("partner.added", one, by=by, at=at, kind=one.get_kind_display()) for one in partners])
    first_people = [
        people.Person(partner, one.contact_name.strip() or partner.name, one.email, one.phone)
        for partner, one in zip(partners, new, strict=True)
        if one.contact_name.strip() or partner.email
    ]
    people.add_all(first_people, by=by, at=at)
    return partners


def edit(partner: Partner, *, by: Actor, at: datetime, owner: Membership | None = None, **details: str) -> Partner:
    """Change what is known of a partner; `details` are fields of EDITABLE. Credit given before keeps its kind.

    `owner` is the member of the team who looks after them, None for nobody. Raises Unnamed, UnknownKind.
    """
    return edit_all([Edit(partner, owner, details)], by=by, at=at)[0]


@dataclass(frozen=True, slots=True)
class Edit:
    """What is known of a partner from now on; see `edit`."""

    partner: Partner
    owner: Membership | None
    details: dict[str, str]


def edit_all(edits: Sequence[Edit], *, by: Actor, at: datetime) -> list[Partner]:
    """Change partners in few statements, each as `edit` would, all of them or none.

    One who comes twice comes as the same object.
    """
    touched: dict[Partner, set[str]] = defaultdict(set)
    events = []
    for one in edits:
        changed = _edited(one)
        if changed:
            touched[one.partner] |= {*changed, "name_key"}
            spoken = people.spoken([field.removesuffix("_id") for field in changed])
            events.append(trail.event("partner.edited", one.partner, by=by, at=at, changed=spoken))
    alike: dict[tuple[str, ...], list[Partner]] = defaultdict(list)
    for partner, names in touched.items():
        alike[tuple(sorted(names))].append(partner)
    for columns, partners in alike.items():
        update_many(Partner, columns, [(one.pk, *(getattr(one, name) for name in columns)) for one in partners])
    trail.record_all(events)
    return [one.partner for one in edits]


def _edited(edit: Edit) -> list[str]:
    """Change the object, and say which of its columns differ now."""
    partner = edit.partner
    before = {field: getattr(partner, field) for field in (*EDITABLE, "owner_id")}
    _describe(partner, **{field: before[field] for field in EDITABLE} | edit.details)
    partner.owner = edit.owner
    return [field for field, value in before.items() if getattr(partner, field) != value]


def activate(partner: Partner, *, by: Actor, at: datetime) -> Partner:
    """Make a partner active without a login, for those who work by phone or came with a spreadsheet.

    Raises NotInThatState.
    """
    return activate_all([partner], by=by, at=at)[0]


def activate_all(partners: Sequence[Partner], *, by: Actor, at: datetime) -> list[Partner]:
    """The same for many in few statements. Raises NotInThatState; then nothing of it may be kept."""
    before = (PartnerState.PROSPECT, PartnerState.INVITED)
    _move(partners, before, PartnerState.ACTIVE, "is already active or has left", joined_at=at)
    trail.record_all([trail.event("partner.activated", partner, by=by, at=at) for partner in partners])
    return list(partners)


def suspend(partner: Partner, *, reason: str, by: Actor, at: datetime) -> Partner:
    """Stop new introductions of a partner; they read the reason in the portal, and keep what they earned.

    Raises ReasonMissing, NotInThatState.
    """
    return suspend_all([partner], reason=reason, by=by, at=at)[0]


def suspend_all(partners: Sequence[Partner], *, reason: str, by: Actor, at: datetime) -> list[Partner]:
    """The same for many in few statements. Raises what `suspend` does; then nothing of it may be kept."""
    sentence = _reason(reason)
    _move(
        partners,
        (PartnerState.INVITED, PartnerState.ACTIVE),
        PartnerState.SUSPENDED,
        "is not active, so there is nothing to suspend",
        suspended_at=at,
        suspended_reason=sentence,
    )
    trail.record_all([trail.event("partner.suspended", one, by=by, at=at, reason=sentence) for one in partners])
    return list(partners)


def reinstate(partner: Partner, *, by: Actor, at: datetime) -> Partner:
    """Let a suspended or parted partner refer again. Logins that parting closed stay closed: invite them anew.

    Raises NotInThatState.
    """
    _move(
        [partner],
        (PartnerState.SUSPENDED, PartnerState.PARTED),
        PartnerState.ACTIVE,
        "is not suspended",
        suspended_at=None,
        suspended_reason="",
        joined_at=partner.joined_at or at,
    )
    trail.record("partner.reinstated", partner, by=by, at=at)
    return partner


def part(partner: Partner, *, reason: str, by: Actor, at: datetime) -> Partner:
    """Part ways: logins and invitations end; introductions, clients and amounts owed stay as they are.

    Raises ReasonMissing, NotInThatState.
    """
    return part_all([partner], reason=reason, by=by, at=at)[0]


def part_all(partners: Sequence[Partner], *, reason: str, by: Actor, at: datetime) -> list[Partner]:
    """The same for many in few statements. Raises what `part` does; then nothing of it may be kept."""
    sentence = _reason(reason)
    others = set(PartnerState) - {PartnerState.PARTED}
    _move(partners, others, PartnerState.PARTED, "has already left")
    PartnerLogin.objects.open().filter(msp=current_msp_id(), partner__in=partners).update(closed_at=at)
    PartnerInvitation.objects.waiting().filter(contact__partner__in=partners).update(revoked_at=at)
    trail.record_all([trail.event("partner.parted", one, by=by, at=at, reason=sentence) for one in partners])
    return list(partners)


def _describe(partner: Partner, *, kind: str, name: str, email: str, **rest: str) -> None:
    partner.kind, partner.name, partner.email = kind, " ".join(name.split()), people.normal_address(email)
    partner.name_key = company_key(partner.name)
    for field, value in rest.items():
        setattr(partner, field, value.strip())
    if not partner.name:
        raise Unnamed("Enter the name of the person or firm.")
    if kind not in SourceKind.values:
        raise UnknownKind(f"Choose one of the five kinds of source; “{kind}” is not one of them.")


def _move(
    partners: Sequence[Partner], sources: Collection[PartnerState], target: PartnerState, otherwise: str, **fields: Any
) -> None:
    """Claim the change of state; whoever comes second is refused. Of many, who it was is found by trying each alone."""
    claimed = Partner.objects.filter(pk__in=[partner.pk for partner in partners], state__in=sources)
    if claimed.update(state=target, **fields) < len(partners):
        raise NotInThatState(f"{partners[0].name} {otherwise}. Reload the page to see where they stand now.")
    for partner in partners:
        for field, value in {"state": target, **fields}.items():
            setattr(partner, field, value)


def _reason(text: str) -> str:
    if not (sentence := " ".join(text.split())):
        raise ReasonMissing("Give a reason in a sentence.")
    if len(sentence) > 300:
        raise ReasonMissing(f"Keep the reason under 300 characters; this one has {len(sentence)}.")
    return sentence
