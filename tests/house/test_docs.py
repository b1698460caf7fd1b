"""Documents stay true: their links lead somewhere, and the commands and folders that they name are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [path for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")] if "node_modules" not in path.parts]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text()):
        if "://" not in target:
            assert (path.parent / target).exists(), target


def test_the_readme_names_only_what_is_there() -> None:
    for named in re.findall(
        r"`((?:bin|docs|elinkages|partners|referrals|commissions|integrations|tests|templates)/[\w./-]*)`",
        (ROOT / "README.md").read_text(),
    ):
        assert (ROOT / named).exists(), named


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs/adr").glob("[0-9]*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_document_that_code_or_a_decision_names_is_there() -> None:
    """Whoever reads it has this repository and nothing else."""
    known = {path.name for path in DOCUMENTS} | {path.name[:4] for path in (ROOT / "docs/adr").glob("*.md")}
    packages = ("elinkages", "partners", "referrals", "commissions", "integrations", "tests")
    code = [path for package in packages for path in (ROOT / package).rglob("*.py")]
    for path in [*code, *DOCUMENTS]:
        for named in re.findall(r"[\w-]+\.md\b|(?<=docs/adr/)\d{4}", path.read_text()):
            assert named in known, f"{path.relative_to(ROOT)} names {named}"
