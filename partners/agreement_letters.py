"""Letters about agreements: who is asked to sign, who is reminded, and the copies of what was signed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from elinkages.accounts import doors
from elinkages.mail import outbox
from partners.models import AgreementVersion, Contact, PartnerState, Signature

REMIND_DAYS: Final = 7


def write_to_unsigned(*, at: datetime) -> None:
    """Ask everyone who may sign for an active partner, and remind them in the last week; each letter is written once.

    Who joined after a version was published is asked by the portal instead.
    """
    special = list(AgreementVersion.objects.in_force().exclude(kind="").values_list("kind", flat=True))
    for version in AgreementVersion.objects.in_force().select_related("published_by__user"):
        people = Contact.objects.current().filter(
            can_sign=True, partner__state=PartnerState.ACTIVE, partner__created_at__lt=version.published_at
        )
        theirs = (
            people.filter(partner__kind=version.kind) if version.kind else people.exclude(partner__kind__in=special)
        )
        signed = Signature.objects.filter(version=version).values("partner")
        _write(version, list(theirs.exclude(email="").exclude(partner__in=signed).select_related("partner")), at)


def send_copies(signature: Signature, *, at: datetime) -> None:
    """Write the same letter to both sides, each with the link to the PDF behind their own door."""
    msp, person = signature.msp, signature.contact
    portal = doors.absolute("portal", msp, "portal:agreement-copy", signature.pk)
    dashboard = doors.absolute("dashboard", msp, "dashboard:agreement-copy", signature.pk)
    publisher = signature.version.published_by
    readers = [(person.email, person.name, portal)] if person is not None and person.email else []
    readers += [(publisher.user.email, str(publisher), dashboard)] if publisher.may("view") else []
    for address, name, link in readers:
        outbox.send(
            to=address,
            template="emails/agreement_signed",
            context={"name": name, "signature": signature, "partner": signature.partner, "link": link},
            key=f"agreement-signed-{signature.pk}-{address}",
            at=at,
        )


def _write(version: AgreementVersion, people: Sequence[Contact], at: datetime) -> None:
    left = (version.sign_by - version.msp.today(at)).days
    is_last_week = version.is_required and 0 <= left <= REMIND_DAYS
    for person in people:
        for what in _letters(version, at, is_last_week=is_last_week):
            outbox.send(
                to=person.email,
                template="emails/agreement_asked",
                context={
                    "contact": person,
                    "partner": person.partner,
                    "version": version,
                    "is_reminder": what == "reminder",
                    "link": doors.absolute("portal", version.msp, "portal:agreement"),
                },
                key=f"agreement-{what}-{version.pk}-{person.pk}",
                at=at,
            )


def _letters(version: AgreementVersion, at: datetime, *, is_last_week: bool) -> list[str]:
    """Not both on one day: a reminder follows the first letter by three days at least."""
    is_told = at - version.published_at >= timedelta(days=3)
    return ["asked", "reminder"] if is_last_week and is_told else ["asked"]
