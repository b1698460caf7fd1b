"""Write a letter: a row inside the caller's unit of work, so that it exists exactly when its cause does."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.template import Context, engines
from django.template.backends.django import DjangoTemplates
from django.utils import timezone

from elinkages.accounts import branding
from elinkages.kernel.tasks import nudge
from elinkages.kernel.tenancy import current_msp_id
from elinkages.mail import kinds, preferences, tasks
from elinkages.mail.models import AccountLetter, Handling, Message

SUBJECT_LENGTH = 200


def send(
    *,
    to: str,
    template: str,
    context: Mapping[str, Any],
    key: str,
    at: datetime,
    reply_to: str = "",
    secret: bool = False,
) -> Message:
    """Write one e-mail of the active MSP and let a worker send it after commit.

    `template` names `<template>.subject.txt`, `.txt` and `.html`; each sees `msp`, `brand` and the context, and times
    are the MSP's. What its reader asked to get once a day, or never, is written all the same and does not leave now.
    A second letter with the same `key` is not written: the first one is returned. `reply_to` is the MSP's own address
    by default.
    `secret=True` for links that open something: the body is erased once it has left.
    """
    if written := Message.objects.filter(key=key).first():
        return written
    kind = kinds.of_template(template)
    message = Message(key=key, to=to, reply_to=reply_to, is_secret=secret, created_at=at, kind=kind.slug)
    message.handling = Handling.AT_ONCE if secret else preferences.handling(to, kind)
    brand = branding.of(message.msp)
    stop = "" if kind.is_essential else preferences.link(message.msp, to, kind.slug)
    values = {**context, "msp": message.msp, "brand": brand, "unsubscribe_url": stop, "letter_kind": kind}
    with timezone.override(message.msp.zone):
        message.subject = _one_line(_plain(f"{template}.subject.txt", values))
        message.text = _plain(f"{template}.txt", values)
        message.html = _render(f"{template}.html", values, escape=True)
    message.reply_to = reply_to or brand.reply_to
    message.save(force_insert=True)
    if message.handling == Handling.AT_ONCE:
        nudge(tasks.deliver, msp_id=str(current_msp_id()), message_id=str(message.pk))
    return message


def send_to_person(*, to: str, about: str, subject: str, text: str, html: str = "", at: datetime) -> AccountLetter:
    """Write one e-mail about a login; it belongs to no MSP, and what it says does not outlive the sending."""
    letter = AccountLetter.objects.create(
        to=to, about=about, subject=_one_line(subject), text=text, html=html, is_secret=True, created_at=at
    )
    nudge(tasks.deliver_to_person, letter_id=str(letter.pk))
    return letter


def _one_line(text: str) -> str:
    return " ".join(text.split())[:SUBJECT_LENGTH]


def _plain(name: str, values: Mapping[str, Any]) -> str:
    return _render(name, values, escape=False).strip() + "\n"


def _render(name: str, values: Mapping[str, Any], *, escape: bool) -> str:
    """Plain text is not HTML: an apostrophe in a name stays one, without a tag in every template."""
    engine: Any = next(engine for engine in engines.all() if isinstance(engine, DjangoTemplates))
    template = engine.engine.get_template(name)
    return str(template.render(Context(dict(values), autoescape=escape)))
