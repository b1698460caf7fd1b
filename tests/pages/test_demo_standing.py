"""The demo shows one of each: what is nearly known, ends soon, is contested, is asked, is odd, and came by itself."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from elinkages.pages.demo import cast, standing
from referrals.models import Case, Channel, Finding, Flag, LinkDay, Referral, Split
from tests.builders import a_partner
from tests.referrals.conftest import House, house, inside

__all__ = ["house", "inside"]

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
FIRMS = (
    cast.PETRAS_FIRM,
    "Belmont Bookkeeping",
    "Brightwater Architects",
    "Hollis & Grant Attorneys",
    "Sunrise Pediatrics",
    "Whitmore Law Group",
)


def test_one_of_each(inside: House) -> None:
    steps: list[tuple[datetime, Any]] = []
    inside.msp.contact_email = "hello@acme.example"
    partners = {name: a_partner(name) for name in FIRMS}
    partners["Sunrise Pediatrics"].website = "sunrisepediatrics.example"
    partners["Sunrise Pediatrics"].save()
    story: Any = SimpleNamespace(
        now=NOW,
        msp=inside.msp,
        owner=inside.owner,
        manager=inside.manager,
        partners=partners,
        plan=lambda at, event: steps.append((at, event)),
    )
    standing.plan(story)
    for at, event in sorted(steps, key=lambda step: step[0]):
        assert at < NOW
        event(at)
    assert Case.objects.open().count() == 1
    assert Split.objects.asked().count() == 1
    assert Flag.objects.waiting().exists()
    assert Finding.objects.get().evidence["keys"][0]["kind"] == "similar"
    assert Referral.objects.filter(channel=Channel.PUBLIC).count() == 1
    ending = Referral.objects.ending(NOW.date() + timedelta(days=14)).get()
    assert ending.protection_told_on is not None
    assert LinkDay.objects.exists()
