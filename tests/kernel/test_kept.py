"""Figures that are made once for an MSP and a version, and never read by a release that has others."""

from dataclasses import dataclass, make_dataclass
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from elinkages.kernel import tenancy
from elinkages.kernel.kept import kept
from tests import builders

pytestmark = pytest.mark.django_db


@dataclass(frozen=True, slots=True)
class Sums:
    """What is kept here."""

    on: date
    minor: int


def _made(minor: int, version: str, kind: Any = Sums) -> Any:
    return kept(kind, version, lambda: kind(date(2026, 3, 1), minor), seconds=60)


def test_figures_are_made_once_for_each_version_and_msp() -> None:
    version, (acme, rival) = str(uuid4()), (builders.an_msp("Acme"), builders.an_msp("Rival"))
    with tenancy.use(acme.pk):
        assert _made(1, version) == _made(2, version) == Sums(date(2026, 3, 1), 1)
        assert _made(3, f"{version}:later").minor == 3
    with tenancy.use(rival.pk):
        assert _made(4, version).minor == 4


def test_a_release_with_other_figures_makes_its_own() -> None:
    version, later = str(uuid4()), make_dataclass("Sums", [("on", date), ("amount", int)])
    with tenancy.use(builders.an_msp().pk):
        assert _made(1, version).minor == 1
        assert _made(2, version, later).amount == 2
