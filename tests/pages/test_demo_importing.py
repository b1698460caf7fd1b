"""The demo shows a spreadsheet that was brought, and one that waits with rows that cannot be read."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from elinkages.pages.demo import importing
from integrations.models import Import, ImportState
from partners.models import Partner
from referrals.models import Referral, Stage
from tests.builders import a_partner
from tests.referrals.conftest import House, house, inside

__all__ = ["house", "inside"]

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)


def test_a_finished_import_and_one_that_waits_with_faults(inside: House) -> None:
    steps: list[tuple[datetime, Any]] = []
    firms = {firm for _, firm, *_ in importing.OLD} | {"Prairie State Realty"}
    for name in firms:
        a_partner(name)
    partners = Partner.objects.count()
    story: Any = SimpleNamespace(
        now=NOW, msp=inside.msp, manager=inside.manager, plan=lambda at, event: steps.append((at, event))
    )
    importing.plan(story)
    for at, event in steps:
        assert at < NOW
        event(at)
    done, waiting = Import.objects.order_by("uploaded_at")
    assert (done.state, done.summary["create"], done.summary["error"]) == (ImportState.DONE, len(importing.OLD), 0)
    assert Referral.objects.filter(channel="import", stage=Stage.LOST).count() == len(importing.OLD) - 2
    assert waiting.state == ImportState.CHECKED
    assert waiting.summary == {"create": 4, "update": 0, "duplicate": 3, "error": 3}
    assert Partner.objects.count() == partners
