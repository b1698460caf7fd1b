"""Partners who wait for somebody, or for whom we wait."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from django.db.models import Q

from elinkages.pages.todo.desk import SHOWN, Desk, Task, cut, many
from partners import agreements
from partners.models import AgreementVersion, Application, Partner, PartnerInvitation, PartnerState

UNANSWERED_AFTER: Final = timedelta(days=7)


def applications(desk: Desk) -> Iterator[Task]:
    """Applications of the join page that this person may decide: on their own list, or on everyone's."""
    mine = Q(assigned_to=desk.member) | Q(assigned_to__isnull=True)
    rows = cut(Application.objects.waiting().filter(mine).order_by("sent_at"))

    def line(application: Application) -> Task:
        return Task(
            "user-plus",
            f"{application.name} wants to become a partner",
            f"{application.contact_name} applied {desk.ago(application.sent_at)}.",
            desk.url("application", application.pk),
            "Read application",
        )

    yield from desk.together(
        rows,
        line,
        "firms want to become partners",
        lambda: f"The oldest application: {rows[0].name}, {desk.ago(rows[0].sent_at)}.",
        "application-list",
    )


def unsigned(desk: Desk) -> Iterator[Task]:
    """Active partners whose days to sign the agreement are over: nothing is paid out to them."""
    late = AgreementVersion.objects.in_force().filter(is_required=True, sign_by__lt=desk.today)
    for version in late.order_by("kind"):
        rows = cut(agreements.unsigned(version).filter(state=PartnerState.ACTIVE).order_by("name_key", "pk"))
        if not rows:
            continue
        count = "1 partner has" if len(rows) == 1 else f"{many(rows)} partners have"
        names = ", ".join(partner.name for partner in rows[:SHOWN]) + (" and others" if len(rows) > SHOWN else "")
        detail = f"{names}. Nothing is paid out to them until they do; a call helps."
        url = desk.url("agreement-version", version.pk)
        yield Task("file-pen", f"{count} not signed “{version.title}”", detail, url, "See who")


def unanswered(desk: Desk) -> Iterator[Task]:
    """Invitations that nobody has answered for a week."""
    waiting = PartnerInvitation.objects.waiting().filter(invited_at__lte=desk.at - UNANSWERED_AFTER)
    rows = cut(waiting.order_by("invited_at").select_related("contact__partner"))

    def line(invitation: PartnerInvitation) -> Task:
        contact, partner = invitation.contact, invitation.contact.partner
        whom = contact.name if contact.name == partner.name else f"{contact.name} of {partner.name}"
        over = "" if invitation.is_open(desk.at) else " The link has expired."
        detail = f"Sent {desk.ago(invitation.invited_at)}, not answered.{over}"
        return Task("mail", f"Ask {whom} about the invitation", detail, desk.url("partner", partner.pk), "Open partner")

    yield from desk.together(
        rows,
        line,
        "invitations are unanswered",
        lambda: f"{rows[0].contact.partner} was invited {desk.ago(rows[0].invited_at)}. A call helps.",
        "partner-list",
        "?state=invited",
    )


def not_invited(desk: Desk) -> Iterator[Task]:
    """Partners who were entered and never asked."""
    prospects = Partner.objects.filter(state=PartnerState.PROSPECT, created_at__lt=desk.at - timedelta(days=1))
    rows = cut(prospects.order_by("created_at"))

    def line(partner: Partner) -> Task:
        return Task(
            "user-plus",
            f"Invite {partner}",
            f"Added {desk.ago(partner.created_at)} and not invited yet.",
            desk.url("partner-invitation", partner.pk),
            "Write the invitation",
        )

    yield from desk.together(
        rows,
        line,
        "partners are not invited yet",
        lambda: f"{rows[0]} was added {desk.ago(rows[0].created_at)}.",
        "partner-list",
        "?state=prospect",
    )
