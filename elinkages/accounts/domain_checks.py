"""Ask the network about a host name: does its DNS carry our token, and does it lead to us?

DNS is asked over HTTPS through the one way out (kernel.http), so that no resolver library and no second way out is
needed, and the answer cannot be forged on its way.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from django.conf import settings

from elinkages.accounts.models import PortalDomain
from elinkages.kernel import http
from elinkages.kernel.addresses import OutboundError

TXT: Final = 16
WELL_KNOWN: Final = "/.well-known/elinkages-portal"
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class Found:
    """What a check saw; `problem` is a sentence for the owner, "" when all is well."""

    is_proved: bool
    is_live: bool
    problem: str = ""


def look(domain: PortalDomain) -> Found:
    """Check a name, outside of any unit of work. Raises what `texts` raises when our own resolver does not
    answer."""
    if domain.record_value not in texts(domain.record_name):
        return Found(False, False, f"The TXT record {domain.record_name} is not there yet, or says something else.")
    if problem := _leads_elsewhere(domain):
        return Found(True, False, problem)
    return Found(True, True)


def texts(name: str) -> list[str]:
    """The TXT records of a name. Raises OutboundError, and ValueError for an answer that is none."""
    query = urlencode({"name": name, "type": "TXT"})
    answer = http.request("GET", f"{settings.DNS_OVER_HTTPS}?{query}", headers={"Accept": "application/dns-json"})
    if not answer.is_success:
        raise ValueError(f"The resolver said {answer.status}.")
    found = answer.json()
    records = found.get("Answer", []) if isinstance(found, dict) else []
    return [_text(str(record.get("data", ""))) for record in records if record.get("type") == TXT]


def _text(data: str) -> str:
    """A long record comes in quoted pieces."""
    pieces = _QUOTED.findall(data)
    return "".join(pieces) if pieces else data


def _leads_elsewhere(domain: PortalDomain) -> str:
    try:
        answer = http.request("GET", f"https://{domain.host}{WELL_KNOWN}", largest=4096)
    except OutboundError as problem:
        return f"The record is right. {domain.host} does not point here yet: {problem}"
    if answer.status == 200 and answer.body.decode(errors="replace").strip() == domain.record_value:
        return ""
    return f"The record is right, but {domain.host} points to another server."
