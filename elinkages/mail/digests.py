"""Daily summaries: what a person asked to read once a day, in one letter in the morning of the MSP's day."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from itertools import groupby
from typing import Final

from elinkages.accounts.models import Msp
from elinkages.kernel.tenancy import current_msp_id
from elinkages.mail import outbox
from elinkages.mail.models import Handling, Message

HOUR: Final = 7
"""At this hour of the MSP's day the night's letters are put together."""
_GREETING = re.compile(r"\AHello [^\n]*,\s*")


@dataclass(frozen=True, slots=True)
class Piece:
    """One letter inside a summary."""

    subject: str
    text: str


def write(*, at: datetime) -> int:
    """Write the summaries of the active MSP that are due, once per address and day; returns how many."""
    msp = Msp.objects.get(pk=current_msp_id())
    morning = datetime.combine(msp.today(at), time(HOUR), tzinfo=msp.zone)
    if at < morning:
        return 0
    waiting = Message.objects.filter(handling=Handling.DAILY, sent_at__isnull=True, created_at__lt=morning)
    found = 0
    for address, letters in groupby(waiting.order_by("to", "created_at", "pk"), key=lambda letter: letter.to):
        _send(address, list(letters), morning, at)
        found += 1
    return found


def _send(address: str, letters: Sequence[Message], morning: datetime, at: datetime) -> None:
    pieces = [Piece(letter.subject, _body(letter.text)) for letter in letters]
    key = f"digest:{morning:%Y-%m-%d}:{address}"
    outbox.send(to=address, template="emails/digest", context={"pieces": pieces}, key=key, at=at)
    Message.objects.filter(pk__in=[letter.pk for letter in letters]).update(sent_at=at)


def _body(text: str) -> str:
    """What a letter says, without its greeting and its foot."""
    return _GREETING.sub("", text.partition("\n--\n")[0].strip()).strip()
