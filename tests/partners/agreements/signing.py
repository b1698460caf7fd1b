"""Publishing and signing, as tests of agreements do it."""

from datetime import UTC, date, datetime
from typing import Any

from elinkages.accounts.models import Membership
from partners import agreements, signatures
from partners.models import AgreementVersion, Contact, Signature

AT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
TODAY = date(2026, 3, 2)
TEXT = "# Trust\nWe pay <what> we owe.\n\n- Monthly\n- To the cent"


def publish(ana: Membership, kind: str = "", at: datetime = AT, **changes: Any) -> AgreementVersion:
    wanted: dict[str, Any] = {"title": "Partner agreement", "text": TEXT, "is_required": True, "grace_days": 10}
    kept = agreements.draft(kind=kind, **(wanted | changes), by=ana, at=at)
    return agreements.publish(kept, by=ana, at=at)


def sign(version: AgreementVersion, contact: Contact, **changes: Any) -> Signature:
    shown: dict[str, Any] = {
        "name": "Dana Finch",
        "text_hash": version.text_sha256,
        "terms": [],
        "terms_hash": signatures.terms_sha256([]),
        "ip_address": "203.0.113.7",
        "user_agent": "Firefox",
    }
    return signatures.sign(version, **(shown | changes), by=contact, at=AT)
