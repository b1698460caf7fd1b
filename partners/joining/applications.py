"""An application's way: sent, confirmed by its mailbox, routed by rules, and approved or declined by a person."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import QuerySet

from elinkages.accounts import doors
from elinkages.accounts.models import Membership, Msp
from elinkages.accounts.rights import RIGHTS
from elinkages.audit import trail
from elinkages.kernel.actors import System
from elinkages.kernel.match_keys import company_key
from elinkages.kernel.refusal import Refused
from elinkages.kernel.spam import TooMany
from elinkages.mail import outbox
from partners import onboarding, people
from partners.joining import lookalikes, rules
from partners.models import Application, ApplicationState, Contact, JoinPage, JoinRule, Partner, Standard

CONFIRM_WITHIN: Final = timedelta(hours=48)
LETTERS_A_DAY: Final = 3
"""Letters to one mailbox."""
LETTERS_IN_ALL: Final = 200
"""Unanswered letters to anybody in a day, at one MSP: whoever sends from many places must not make us a flood."""
FORGOTTEN_AFTER: Final = timedelta(days=7)
REASON_LENGTH: Final = 600
NOTE_LENGTH: Final = 300
LINK: Final = "join-confirmation"
"""The URL name of the link that confirms a mailbox."""


class NotOpen(Refused):
    """The MSP takes no applications of this kind."""

    status = 404


class LinkOver(Refused):
    """The link that confirms an application was used, is too old, or never was."""

    status = 410


class AlreadyPartner(Refused):
    """The person belongs to a partner of this MSP."""


class AlreadyDecided(Refused):
    """Somebody approved or declined it, or a newer one came."""


class ReasonMissing(Refused):
    """The applicant is owed a reason."""


class CannotDecide(Refused):
    """The person may not decide about partners."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One of the MSP's own questions as it was asked, and what was answered."""

    field: str
    label: str
    value: str


def submit(*, kind: str, details: Mapping[str, str], answers: Sequence[Answer], at: datetime) -> str:
    """Keep an application and write to its mailbox; returns the token of the link. Nobody at the MSP sees it yet.

    `details` are texts by `Standard`. Whether the address is known changes nothing here. A mailbox that had
    LETTERS_A_DAY from here gets no other one: nothing is kept, and the token is "". Raises NotOpen, TooMany.
    """
    if not JoinPage.objects.filter(kind=kind, opened_at__isnull=False).exists():
        raise NotOpen("This page is not taking applications right now.")
    known = {standard: " ".join(details.get(standard, "").split()) for standard in Standard.values}
    email = known[Standard.EMAIL] = people.normal_address(known[Standard.EMAIL])
    lately = Application.objects.filter(sent_at__gt=at - timedelta(days=1))
    if lately.filter(state=ApplicationState.UNCONFIRMED).count() >= LETTERS_IN_ALL:
        raise TooMany("Too many forms were sent here today. Try again tomorrow, or write to us instead.")
    if lately.filter(email=email).count() >= LETTERS_A_DAY:
        return ""
    token = secrets.token_urlsafe(32)
    application = Application.objects.create(
        kind=kind,
        **known,
        name_key=company_key(known[Standard.NAME]),
        answers=[{"field": answer.field, "label": answer.label, "value": answer.value} for answer in answers],
        token_hash=_hash(token),
        sent_at=at,
        expires_at=at + CONFIRM_WITHIN,
    )
    msp = application.msp
    outbox.send(
        to=application.email,
        template="emails/application_confirmation",
        context={
            "application": application,
            "link": doors.absolute("public", None, LINK, msp.slug, token),
        },
        key=f"application-confirmation-{application.pk}",
        at=at,
        secret=True,
    )
    return token


def find(token: str, *, at: datetime) -> Application:
    """The application that a link confirms, not confirmed yet. Raises LinkOver, AlreadyPartner."""
    application = Application.objects.filter(token_hash=_hash(token)).first()
    if application is None:
        raise LinkOver("This link is incomplete, or its application has been deleted. Send the form again.")
    if application.state != ApplicationState.UNCONFIRMED:
        raise LinkOver(f"This application was confirmed. {application.msp} has it and will write to you.")
    if at >= application.expires_at:
        raise LinkOver("This link was good for 48 hours. Send the form again; it takes a minute.")
    if person := _partner_person(application):
        raise AlreadyPartner(
            f"You are already a partner of {application.msp}, with {person.partner}. "
            "Log in to the portal, or ask for an invitation if you have no login."
        )
    return application


def confirm(token: str, *, at: datetime) -> Application:
    """The mailbox is proven: the application waits for a decision, or a rule decides. Raises as `find`.

    An older application of the same mailbox that still waits is replaced by this one.
    """
    application = find(token, at=at)
    same = list(Application.objects.filter(email=application.email).select_for_update().order_by("pk"))
    older = [row.pk for row in same if row.state == ApplicationState.WAITING]
    Application.objects.filter(pk__in=older).update(state=ApplicationState.REPLACED)
    waiting = Application.objects.filter(pk=application.pk, state=ApplicationState.UNCONFIRMED)
    if not waiting.update(state=ApplicationState.WAITING, confirmed_at=at):
        raise LinkOver(f"This application was confirmed a moment ago. {application.msp} has it.")
    application.state, application.confirmed_at = ApplicationState.WAITING, at
    trail.record("application.confirmed", application, by=application, at=at)
    _follow_rules(application, at)
    if application.state == ApplicationState.WAITING:
        _tell_team(application, at)
    return application


def assign(application: Application, *, member: Membership | None, by: Membership, at: datetime) -> Application:
    """Put a waiting application on one person's list, or on everyone's. Raises AlreadyDecided, CannotDecide."""
    if member is not None and not member.may("partners.manage"):
        raise CannotDecide(f"{member} may not decide about partners. Choose an owner or a manager.")
    if not _waiting(application).update(assigned_to=member):
        raise _decided(application)
    application.assigned_to = member
    trail.record("application.assigned", application, by=by, at=at, name=str(member or "everyone"))
    return application


def approve(
    application: Application,
    *,
    partner: Partner | None = None,
    message: str = "",
    by: Membership,
    at: datetime,
) -> Partner:
    """Make the applicant a partner, or one more person of `partner`, and invite them to the portal.

    One more person neither signs nor sees earnings until somebody says so: the firm did not ask for them.
    Raises AlreadyDecided, and whatever `onboarding.add`, `people.add` and `onboarding.invite` refuse.
    """
    if not _waiting(application).select_for_update().exists():
        raise _decided(application)
    if partner is None:
        partner, contact = _new_partner(application, by, at)
    else:
        contact = people.add(
            partner,
            name=application.contact_name,
            email=application.email,
            phone=application.phone,
            can_sign=False,
            sees_earnings=False,
            by=by,
            at=at,
        )
    _decide(application, by, at, state=ApplicationState.APPROVED, partner=partner)
    trail.record("application.approved", application, by=by, at=at, partner=partner.name)
    trail.record("partner.applied", partner, by=by, at=at, name=application.contact_name)
    onboarding.invite(partner, contact=contact, message=message, by=by, at=at)
    return partner


def decline(application: Application, *, reason: str, by: Membership, at: datetime) -> Application:
    """Say no, with a reason that the applicant reads in an e-mail. Raises ReasonMissing, AlreadyDecided."""
    sentence = reason.strip()
    if not sentence:
        raise ReasonMissing("Give a reason: they read it in the e-mail.")
    if len(sentence) > REASON_LENGTH:
        raise ReasonMissing(f"Keep the reason under {REASON_LENGTH} characters; this one has {len(sentence)}.")
    if not _waiting(application).select_for_update().exists():
        raise _decided(application)
    _decide(application, by, at, state=ApplicationState.DECLINED, decline_reason=sentence)
    trail.record("application.declined", application, by=by, at=at, reason=sentence)
    outbox.send(
        to=application.email,
        template="emails/application_declined",
        context={"application": application, "by": by},
        key=f"application-declined-{application.pk}",
        at=at,
        reply_to=by.user.email,
    )
    return application


def forget_unconfirmed(at: datetime) -> int:
    """Delete what nobody confirmed in time; returns how many there were."""
    gone = Application.objects.filter(state=ApplicationState.UNCONFIRMED, expires_at__lt=at - FORGOTTEN_AFTER)
    return gone.delete()[0]


def _new_partner(application: Application, by: Membership, at: datetime) -> tuple[Partner, Contact]:
    partner = onboarding.add(
        kind=application.kind,
        name=application.name,
        email=application.email,
        phone=application.phone,
        website=application.website,
        city=application.city,
        contact_name=application.contact_name,
        owner=application.assigned_to or by,
        by=by,
        at=at,
    )
    return partner, Contact.objects.get(partner=partner)


def _decide(application: Application, by: Membership, at: datetime, **fields: Any) -> None:
    fields |= {"decided_by": by, "decided_at": at}
    _waiting(application).update(**fields)
    for name, value in fields.items():
        setattr(application, name, value)


def _follow_rules(application: Application, at: datetime) -> None:
    """A rule that is unsure leaves the application to a person and says why."""
    rule = rules.first_match(rules.listed(), application)
    if rule is None:
        return
    if note := _why_a_person(rule, application):
        Application.objects.filter(pk=application.pk).update(note=note[:NOTE_LENGTH])
        application.note = note[:NOTE_LENGTH]
        return
    Application.objects.filter(pk=application.pk).update(assigned_to=rule.member)
    application.assigned_to = rule.member
    by_rule = System("A rule of the join page")
    trail.record("application.routed", application, by=by_rule, at=at, rule=str(rule))
    if rule.approves:
        approve(application, by=rule.member, at=at)


def _why_a_person(rule: JoinRule, application: Application) -> str:
    if not rule.member.may("partners.manage"):
        return f"A rule gives it to {rule.member}, who may no longer decide about partners."
    if not rule.approves:
        return ""
    known = next((one for one in lookalikes.among_partners(application) if one.surely), None)
    if known is not None:
        return f"A rule would approve it, but it may be {known.partner}: {known.reasons}."
    return ""


def _tell_team(application: Application, at: datetime) -> None:
    """The one person it was given to, else everyone who may decide."""
    readers = [application.assigned_to] if application.assigned_to else _deciders(application.msp)
    for reader in readers:
        outbox.send(
            to=reader.user.email,
            template="emails/application_waiting",
            context={
                "application": application,
                "reader": reader,
                "link": doors.absolute("dashboard", application.msp, "dashboard:application", application.pk),
            },
            key=f"application-waiting-{application.pk}-{reader.pk}",
            at=at,
        )


def _deciders(msp: Msp) -> list[Membership]:
    roles = RIGHTS["partners.manage"]
    return list(Membership.objects.active().filter(msp=msp, role__in=roles).select_related("user").order_by("pk"))


def _partner_person(application: Application) -> Contact | None:
    people_here = Contact.objects.current().filter(email=application.email)
    return people_here.select_related("partner").first()


def _waiting(application: Application) -> QuerySet[Application]:
    return Application.objects.waiting().filter(pk=application.pk)


def _decided(application: Application) -> AlreadyDecided:
    return AlreadyDecided(f"The application of {application.name} was decided or replaced. Reload the page.")


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
