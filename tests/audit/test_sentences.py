"""Histories are told in sentences, and nothing that happened goes untold."""

import ast
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from elinkages.audit import sentences

ROOT = Path(__file__).resolve().parents[2]
APPS = ("elinkages", "partners", "referrals", "commissions", "integrations")


def _event(action: str, **facts: Any) -> Any:
    return SimpleNamespace(action=action, actor_name="Alice Adams", at=datetime.now(UTC), facts=facts)


def test_a_sentence_names_the_person_and_the_facts() -> None:
    event = _event("team.role_changed", person="Bob", role="read_only", before="owner")
    assert sentences.describe(event) == "Alice Adams made Bob read only"
    assert sentences.line(event) == sentences.Line("Alice Adams made Bob read only", True, "before: owner")


def test_facts_are_told_as_money_days_and_rates() -> None:
    event = _event("payout.paid", partner="Petra", amount_minor=14500, currency="CAD", paid_on="2026-11-03")
    assert sentences.describe(event) == "Alice Adams recorded that CA$145.00 was paid on Nov 3, 2026"


@pytest.mark.parametrize(("payouts", "told"), [(1, "1 payout"), (1_400, "1,400 payouts")])
def test_a_number_is_told_with_what_it_counts(payouts: int, told: str) -> None:
    event = _event("payout_run.opened", payouts=payouts, total_minor=14500, currency="USD")
    assert sentences.describe(event) == f"Alice Adams opened this run with {told}, $145.00"


def test_a_fact_that_is_missing_never_hides_what_happened() -> None:
    line = sentences.line(_event("team.invited", email="nina@example.com"))
    assert line == sentences.Line("Team invited", False, "e-mail: nina@example.com")


def test_an_action_nobody_described_is_told_by_its_name() -> None:
    assert sentences.describe(_event("mrr.looked_at")) == "MRR looked at"


def test_what_people_typed_is_told_and_never_interpreted() -> None:
    event = _event("team.invited", email="{who.__class__}", role="{0}")
    assert sentences.describe(event) == "Alice Adams invited {who.__class__} as {0}"


def test_two_sentences_for_one_action_are_refused() -> None:
    with pytest.raises(ValueError, match="has a sentence already"):
        sentences.register({"team.invited": "{who} did something else"})
    sentences.register({"team.invited": "{who} invited {email} as {role}"})


def _recorded() -> set[str]:
    """Every action that the code records by a plain name."""
    found = set()
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "trail.record" and node.args:
                    action = node.args[0]
                    if isinstance(action, ast.Constant):
                        found.add(str(action.value))
    return found


def test_every_recorded_action_has_a_sentence() -> None:
    recorded = _recorded()
    assert len(recorded) > 30
    assert recorded - sentences.known() == set()
