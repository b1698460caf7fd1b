"""docs/algorithms/payouts.md says what the database enforces."""

import re
from pathlib import Path

import pytest
from django.db.models import Model

from commissions.models import Payout, PayoutRun
from elinkages.kernel.constraints import Transitions

TEXT = (Path(__file__).resolve().parents[2] / "docs/algorithms/payouts.md").read_text()


def written(heading: str) -> set[tuple[str, str]]:
    """The first two columns of the table under a heading."""
    section = TEXT.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| (\w+) \| (\w+) \|", section, re.MULTILINE)
    return {row for row in rows if row != ("From", "To")}


def enforced(model: type[Model]) -> set[tuple[str, str]]:
    """The moves that the model's constraint allows."""
    rule = next(one for one in model._meta.constraints if isinstance(one, Transitions))
    return {(source, target) for source, targets in rule.allowed.items() for target in targets}


@pytest.mark.parametrize(("heading", "model"), [("Steps of a run", PayoutRun), ("Steps of a payout", Payout)])
def test_the_tables_of_steps_are_those_of_the_database(heading: str, model: type[Model]) -> None:
    assert written(heading) == enforced(model)
