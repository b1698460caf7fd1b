"""The list of refusals that no test provokes, shown to find planted ones."""

import ast
import sys
from pathlib import Path

import hypothesis
import hypothesis.strategies
import pytest

from elinkages.kernel.refusal import Refused
from tests import refusals
from tests.races import at_once
from tests.refusals import Recorder, Site

PLANTED = """
from elinkages.kernel.refusal import Refused
from partners import onboarding

class NotToday(Refused):
    pass

class NotEver(NotToday):
    pass

def ask():
    raise NotEver(
        "Never."
    )

def ask_another():
    return onboarding.NotToday("Not today.")

def answer():
    return ValueError("fine")
"""


def test_every_call_of_a_refusal_is_a_place_that_wants_a_test(tmp_path: Path) -> None:
    file = tmp_path / "partners" / "planted.py"
    file.parent.mkdir()
    file.write_text(PLANTED)
    assert refusals.refused_names([ast.parse(PLANTED)]) == {"Refused", "NotToday", "NotEver"}
    lines = [
        number for number, line in enumerate(PLANTED.splitlines(), 1) if line.startswith(("    raise", "    return o"))
    ]
    assert sorted(refusals.sites(tmp_path)) == [Site("partners/planted.py", line) for line in lines]


class WithWords(Refused):
    """Makes its own sentence."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} may not.")


def test_a_refusal_is_noted_where_it_was_made() -> None:
    recorder = Recorder()
    recorder.start()
    try:
        with pytest.raises(Refused, match="Ana may not"):
            raise WithWords("Ana")
        line = sys._getframe().f_lineno - 1
    finally:
        recorder.end()
    assert recorder.sites == {Site(__file__, line)}


def test_what_chance_decides_counts_as_provoked_by_nobody() -> None:
    before = set(refusals.RECORDER.sites)
    at_once(lambda: Refused("In a race."), lambda: Refused("In a race."))

    @hypothesis.settings(max_examples=1, database=None)
    @hypothesis.given(hypothesis.strategies.integers())
    def draw(number: int) -> None:
        Refused(f"Not {number}.")

    draw()
    assert refusals.RECORDER.sites == before


def test_the_product_refuses_in_many_places_and_this_run_notes_them() -> None:
    assert len(set(refusals.sites())) > 300
    before = len(refusals.RECORDER.sites)
    Refused("Not here.")
    assert len(refusals.RECORDER.sites) == before + 1
