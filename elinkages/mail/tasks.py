"""Send what is waiting, in three short steps: claim the row, talk to the mail server, record what it said.

Between the steps no transaction is open. A worker that dies leaves a row that the sweep finds again after its
patience. A message keeps its Message-ID, so a mail server that was told twice can know.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import formataddr, parseaddr
from smtplib import SMTPRecipientsRefused
from typing import Any
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import F, QuerySet
from django.utils import timezone

from elinkages.accounts import branding
from elinkages.kernel import tenancy
from elinkages.kernel.tasks import for_every_msp, nudge, stepped_task
from elinkages.mail import kinds, preferences
from elinkages.mail.models import MOST_ATTEMPTS, AccountLetter, Letter, Message, due

logger = logging.getLogger(__name__)
SWEEP_SIZE = 500
"""How many letters of one MSP, or about logins, a sweep nudges; the next minute takes the next."""
LETTERS_KEPT = timedelta(days=30)

LOGO = "cid:logo"
"""How the HTML of a letter names the picture that travels with it."""

Scope = Callable[[], AbstractContextManager[None]]


@stepped_task
def deliver(*, msp_id: UUID, message_id: str, **_: str) -> None:
    """Send one letter of an MSP, unless it has left, is being sent, or was given up."""
    _deliver(lambda: tenancy.use(msp_id), lambda: Message.objects.filter(pk=message_id).select_related("msp"))


@shared_task
def deliver_to_person(*, letter_id: str, **_: str) -> None:
    """Send one letter about a login."""
    _deliver(nullcontext, lambda: AccountLetter.objects.filter(pk=letter_id))


@shared_task
def sweep(**_: str) -> None:
    """Nudge every letter that is due again; a lost message costs a minute."""
    at = timezone.now()
    for_every_msp(lambda: _nudge_messages(at))
    letters = AccountLetter.objects.filter(due(at)).order_by("created_at")
    for letter_id in letters.values_list("pk", flat=True)[:SWEEP_SIZE]:
        nudge(deliver_to_person, letter_id=str(letter_id))
    AccountLetter.objects.filter(created_at__lt=at - LETTERS_KEPT).delete()


@shared_task
def write_digests(**_: str) -> None:
    """Put the letters of the night together for those who asked for that."""
    at = timezone.now()
    for_every_msp(lambda: _write_digests(at))


def _write_digests(at: datetime) -> None:
    # Imported here: a summary is written through the outbox, which nudges the tasks of this module.
    from elinkages.mail import digests

    digests.write(at=at)


def _nudge_messages(at: datetime) -> None:
    for message_id in Message.objects.filter(due(at)).order_by("created_at").values_list("pk", flat=True)[:SWEEP_SIZE]:
        nudge(deliver, msp_id=str(tenancy.current_msp_id()), message_id=str(message_id))


def _deliver[Row: Letter](scope: Scope, find: Callable[[], QuerySet[Row]]) -> None:
    with scope():
        letter = _claim(find(), timezone.now())
    if letter is None:
        return
    try:
        compose(letter).send()
    except Exception as problem:
        logger.warning("Letter %s was not sent: %s", letter.pk, problem)
        with scope():
            _record_failure(find(), letter, problem, timezone.now())
        return
    with scope():
        _record_sent(find(), letter, timezone.now())


def _claim[Row: Letter](found: QuerySet[Row], at: datetime) -> Row | None:
    """The letter, if this worker is the one that may try now."""
    claimed = found.filter(due(at), attempts__lt=MOST_ATTEMPTS).update(attempts=F("attempts") + 1, tried_at=at)
    if not claimed:
        found.filter(due(at)).update(parked_at=at, error="The worker stopped in the middle of every attempt.")
        return None
    return found.get()


def _record_failure[Row: Letter](found: QuerySet[Row], letter: Row, problem: Exception, at: datetime) -> None:
    is_final = letter.attempts >= MOST_ATTEMPTS or _refused_for_good(problem)
    found.update(error=f"{type(problem).__name__}: {problem}"[:1000], parked_at=at if is_final else None)


def _record_sent[Row: Letter](found: QuerySet[Row], letter: Row, at: datetime) -> None:
    erased = {"text": "", "html": ""} if letter.is_secret else {}
    if isinstance(letter, AccountLetter):
        erased["subject"] = ""
    found.update(sent_at=at, error="", **erased)


def _refused_for_good(problem: Exception) -> bool:
    """The server knows that this address will never take it (SMTP 5xx for every recipient)."""
    return isinstance(problem, SMTPRecipientsRefused) and all(code >= 500 for code, _ in problem.recipients.values())


def compose(letter: Letter) -> EmailMultiAlternatives:
    """The e-mail of a letter: from the MSP's name at our address, answers to the MSP, its logo inside.

    Reads the brand in a unit of work of its own, so call it outside of any.
    """
    own_name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    sender, reply_to, logo = own_name, "", b""
    headers = {"Message-ID": f"<{letter.pk}@{address.partition('@')[2]}>", "Auto-Submitted": "auto-generated"}
    if isinstance(letter, Message):
        with tenancy.use(letter.msp.pk):
            sender, reply_to = branding.of(letter.msp).sender_name, letter.reply_to
            logo = branding.logo(letter.msp) if LOGO in letter.html else b""
        headers |= _ways_out(letter)
    mail = Dressed(
        letter.subject,
        letter.text,
        formataddr((sender, address)),
        [letter.to],
        reply_to=[reply_to] if reply_to else [],
        headers=headers,
    )
    mail.logo = logo
    if letter.html:
        mail.attach_alternative(letter.html, "text/html")
    return mail


class Dressed(EmailMultiAlternatives):
    """An e-mail whose HTML has its logo with it: nothing is fetched, and nobody learns that it was read."""

    logo = b""

    def message(self, **options: Any) -> EmailMessage:
        """The whole e-mail, the logo beside the HTML that shows it."""
        whole: EmailMessage = super().message(**options)
        page = whole.get_body(("html",)) if self.logo else None
        if page is not None:
            page.add_related(self.logo, "image", "png", cid=f"<{LOGO.removeprefix('cid:')}>", filename="logo.png")
        return whole


def _ways_out(message: Message) -> dict[str, str]:
    """What mail programs need to offer one click out (RFC 8058); nothing for letters that are always sent."""
    kind = kinds.KINDS.get(message.kind, kinds.ESSENTIAL)
    if kind.is_essential:
        return {}
    stop = preferences.link(message.msp, message.to, kind.slug)
    return {"List-Unsubscribe": f"<{stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
