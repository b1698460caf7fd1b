"""A portal on the MSP's own host name: added, proved by a DNS record, taken into use, checked again, removed.

Asking the network is `domain_checks`, between two short units of work; here is only what follows from the answer.
"""

import ipaddress
import re
import secrets
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import tldextract
from django.conf import settings
from django.db import IntegrityError, transaction

from elinkages.accounts.models import DomainState, Msp, PortalDomain
from elinkages.accounts.models.portal_domain import SERVED
from elinkages.audit import trail
from elinkages.kernel.actors import Actor
from elinkages.kernel.refusal import Refused
from elinkages.kernel.tasks import nudge

RESERVED_FOR: Final = timedelta(days=30)
"""A removed name is kept for who had it: letters with its links are still in mailboxes."""
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_registrable = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


class BadHost(Refused):
    """Not a host name that a portal can have."""

    status = 422


class HostTaken(Refused):
    """Another MSP has this name, or had it until lately."""


class OneAlready(Refused):
    """One name per MSP."""


def normal(text: str) -> str:
    """A host name as it is kept and compared: lower case, ASCII, no port, no dot at its end. Raises BadHost."""
    stripped = re.sub(r"^https?://", "", text.strip().lower()).partition("/")[0]
    try:
        plain = re.sub(r":[0-9]+$", "", stripped).rstrip(".").encode("idna").decode()
    except UnicodeError as problem:
        raise BadHost(f"“{text}” is not a host name.") from problem
    if len(plain) > 253 or not all(_LABEL.fullmatch(label) for label in plain.split(".")):
        raise BadHost(f"“{text}” is not a host name. Write it as partners.example.com.")
    return plain


def _check(host: str) -> None:
    own = str(urlsplit(settings.SITE_URL).hostname)
    parts = _registrable(host)
    try:
        ipaddress.ip_address(host)
        is_number = True
    except ValueError:
        is_number = False
    if is_number or not parts.suffix or not parts.domain:
        raise BadHost("Use a subdomain of your own domain, such as partners.example.com.")
    if not parts.subdomain:
        raise BadHost(f"Use a name below {host}, such as partners.{host}: the domain itself is for your website.")
    if host == own or host.endswith(f".{own}") or own.endswith(f".{host}"):
        raise BadHost("That name is ours. Use a subdomain of your own domain.")


def current(msp: Msp) -> PortalDomain | None:
    """The name that an MSP has or wants."""
    return PortalDomain.objects.filter(msp=msp).exclude(state=DomainState.REMOVED).first()


def served(host: str) -> PortalDomain | None:
    """The domain that a request's host belongs to; only proved ones are answered."""
    found = PortalDomain.objects.select_related("msp").filter(host=host, state__in=SERVED)
    return found.first()


def pending(host: str) -> PortalDomain | None:
    """The row of a host whose check is answered: of whoever proved it, before those who only asked for it."""
    asked = PortalDomain.objects.filter(host=host).exclude(state=DomainState.REMOVED).order_by("pk")
    return min(asked, key=lambda one: not one.is_served, default=None)


def add(msp: Msp, *, host: str, by: Actor, at: datetime) -> PortalDomain:
    """Ask for a host name; it is used once it is proved. Raises BadHost, HostTaken, OneAlready."""
    name = normal(host)
    _check(name)
    others = PortalDomain.objects.filter(host=name).exclude(msp=msp)
    if others.filter(state__in=SERVED).exists() or _is_reserved(name, msp, at):
        raise HostTaken(f"{name} belongs to another portal. If the domain is yours, write to us.")
    try:
        with transaction.atomic():
            domain = PortalDomain.objects.create(msp=msp, host=name, token=secrets.token_hex(20), added_at=at)
    except IntegrityError as problem:
        raise OneAlready("Your portal already has a host name. Remove it first.") from problem
    trail.record("domain.added", msp, by=by, at=at, host=name)
    return domain


def _is_reserved(host: str, msp: Msp, at: datetime) -> bool:
    removed = PortalDomain.objects.filter(host=host, state=DomainState.REMOVED, removed_at__gt=at - RESERVED_FOR)
    return removed.exclude(msp=msp).exclude(checked_at__isnull=True).exists()


def remove(msp: Msp, *, by: Actor, at: datetime) -> None:
    """Stop answering to the name at once; links lead to our address again. Without a name nothing happens."""
    domain = current(msp)
    if domain is None:
        return
    changed: dict[str, Any] = {"state": DomainState.REMOVED, "removed_at": at}
    if not domain.is_served:
        changed["checked_at"] = None  # nobody proved it, so it is kept for nobody
    PortalDomain.objects.filter(pk=domain.pk).update(**changed)
    _use(msp, "")
    trail.record("domain.removed", msp, by=by, at=at, host=domain.host)


def check_soon(domain: PortalDomain) -> None:
    """Let a worker look now."""
    from elinkages.accounts import tasks

    nudge(tasks.check_domain, msp_id=str(domain.msp_id), domain_id=str(domain.pk))


def record(domain: PortalDomain, *, is_proved: bool, is_live: bool, problem: str, by: Actor, at: datetime) -> None:
    """Take in what a check found. A name in use that fails is kept for three days, then links leave it."""
    domain = PortalDomain.objects.select_for_update().select_related("msp").get(pk=domain.pk)
    if domain.state == DomainState.REMOVED:
        return
    before = domain.state
    domain.checked_at, domain.problem = at, problem[:300]
    wanted = DomainState.LIVE if is_proved and is_live else DomainState.PROVED if is_proved else DomainState.WAITING
    if _rank(wanted) >= _rank(before):
        domain.failing_since = None
    else:
        domain.failing_since = domain.failing_since or at
        wanted = wanted if domain.has_failed_for_good(at) else DomainState(before)
    domain.state = wanted
    try:
        with transaction.atomic():
            domain.save()
    except IntegrityError:
        taken = "Another portal has verified this name. If the domain is yours, write to us."
        PortalDomain.objects.filter(pk=domain.pk).update(checked_at=at, problem=taken)
        return
    if domain.state != before:
        _use(domain.msp, domain.host if domain.state == DomainState.LIVE else "")
        trail.record("domain.moved", domain.msp, by=by, at=at, host=domain.host, state=domain.get_state_display())


def _rank(state: str) -> int:
    return [DomainState.WAITING, DomainState.PROVED, DomainState.LIVE].index(DomainState(state))


def _use(msp: Msp, host: str) -> None:
    Msp.objects.filter(pk=msp.pk).update(portal_host=host)
    msp.portal_host = host
