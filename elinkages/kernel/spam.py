"""Public forms without a login and without a third party: a field for robots, the time a person takes, and limits.

Nothing is thrown away in silence: whoever is refused reads why and can send again, with everything still filled in.
"""

import ipaddress
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from allauth.account.adapter import get_adapter
from django import forms
from django.core import signing
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from redis import RedisError

from elinkages.kernel.refusal import Refused
from elinkages.kernel.words import say_count

logger = logging.getLogger(__name__)

SALT = "elinkages.spam"
FASTEST = timedelta(seconds=2)
"""Nobody fills in a form in less."""
LONGEST = timedelta(hours=24)
"""A page that was open for longer is asked for a second click, and with it for a fresh stamp."""
MAILBOX_NETWORK = 64
"""A household has one IPv6 network of this prefix length, and billions of addresses in it."""


class TooMany(Refused):
    """More from one place, or for one purpose, than people send."""

    status = 429


class PublicForm(forms.Form):
    """A form that anybody on the internet can send. Put `{% include "components/spam.html" %}` into its template.

    `purpose` tells one form from another, so that a stamp of one opens no other; name the MSP in it.
    """

    homepage = forms.CharField(
        label="Leave this empty",
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}),
    )
    stamp = forms.CharField(required=False, max_length=500, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *args: Any, purpose: str, at: datetime, **kwargs: Any) -> None:
        super().__init__(data, *args, **kwargs)
        self.purpose = purpose
        self.at = at
        self.new_stamp = _stamp(purpose, at)

    @property
    def current_stamp(self) -> str:
        """What the page carries: the stamp that was sent while it is good, so that a correction need not wait."""
        sent = self.data.get(self.add_prefix("stamp"), "") if self.is_bound else ""
        return sent if sent and _age(sent, self.purpose, self.at) is not None else self.new_stamp

    def clean(self) -> dict[str, Any]:
        """Refuse what robots do: fill what nobody sees, answer at once, or make the stamp up."""
        values = super().clean() or {}
        age = _age(values.pop("stamp", ""), self.purpose, self.at)
        if values.pop("homepage", ""):
            self.add_error(
                None, "Something filled in a field that people cannot see. If you are a person, send it again."
            )
        elif age is None:
            self.add_error(None, "This page was open for too long, or was not opened here. Send it again now.")
        elif age < FASTEST:
            self.add_error(None, "That was faster than people type. Look it over and send it again.")
        return values


def limit(purpose: str, who: str, *, most: int, per: timedelta, at: datetime) -> None:
    """Count one more from `who`; raises TooMany beyond `most` in a window of `per`.

    Only a keyed hash of `who` is kept, for as long as the window. Without Redis nobody is refused and it is logged:
    what may never happen too often (letters to strangers) is counted in the database as well, by the verb.
    """
    seconds = int(per.total_seconds())
    window = int(at.timestamp()) // seconds
    key = f"spam:{purpose}:{window}:{salted_hmac(SALT, who, algorithm='sha256').hexdigest()}"
    try:
        cache.add(key, 0, timeout=seconds)
        count = cache.incr(key)
    except (RedisError, ValueError):
        logger.exception("A rate limit could not be counted")
        return
    if count > most:
        raise TooMany(f"That was sent too often. Wait {_in_words(per)} and try again, or write to us instead.")


def address_of(request: HttpRequest) -> str:
    """The network that a request comes from: an IPv4 address, or the /64 of an IPv6 address. "" when unknown."""
    try:
        address = ipaddress.ip_address(get_adapter().get_client_ip(request))
    except (ImproperlyConfigured, PermissionDenied, ValueError):
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, MAILBOX_NETWORK), strict=False))
    return str(address)


def _stamp(purpose: str, at: datetime) -> str:
    return signing.dumps({"for": purpose, "at": int(at.timestamp())}, salt=SALT)


def _age(stamp: str, purpose: str, at: datetime) -> timedelta | None:
    """How long ago a page was shown; None for a stamp of another form, from the future, too old, or made up."""
    try:
        said = signing.loads(stamp, salt=SALT)
    except signing.BadSignature:
        return None
    if not isinstance(said, dict) or said.get("for") != purpose:
        return None
    age = at - datetime.fromtimestamp(said["at"], UTC)
    return age if timedelta(0) <= age <= LONGEST else None


def _in_words(span: timedelta) -> str:
    minutes = max(1, int(span.total_seconds()) // 60)
    if minutes < 60:
        return say_count(minutes, "minute")
    return say_count(minutes // 60, "hour") if minutes < 1440 else say_count(minutes // 1440, "day")
