"""Which refusals no test provokes: a pytest plugin that writes down each one, and the step of bin/test that compares.

A refusal is a call of a `Refused` class somewhere in the product, known by its file and line. It counts when the test
decides that it happens: not in a thread of a race, and not for an example that Hypothesis drew.
"""

import ast
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import hypothesis

from elinkages.kernel import refusal

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("elinkages", "partners", "referrals", "commissions", "integrations")


class Site(NamedTuple):
    """Where something is refused."""

    file: str
    line: int


class Recorder:
    """Notes every refusal that is made, until it is told to write them down."""

    def __init__(self) -> None:
        self.sites: set[Site] = set()
        self._make = refusal.Refused.__init__

    def start(self) -> None:
        """From now on."""
        make, sites = self._make, self.sites

        def noting(made: refusal.Refused, message: str, *, status: int | None = None) -> None:
            frame = sys._getframe(1)
            while frame.f_code.co_name == "__init__" and frame.f_locals.get("self") is made and frame.f_back:
                frame = frame.f_back
            if not _chance_decides():
                sites.add(Site(frame.f_code.co_filename, frame.f_lineno))
            make(made, message, status=status)

        setattr(refusal.Refused, "__init__", noting)  # noqa: B010

    def end(self) -> None:
        """No longer."""
        setattr(refusal.Refused, "__init__", self._make)  # noqa: B010

    def write(self, file: Path) -> None:
        """Write down what was refused meanwhile."""
        file.parent.mkdir(exist_ok=True)
        with file.open("a") as written:
            written.writelines(f"{Path(site.file).relative_to(ROOT)}:{site.line}\n" for site in self._ours())

    def _ours(self) -> list[Site]:
        return sorted(site for site in self.sites if Path(site.file).is_relative_to(ROOT))


def _chance_decides() -> bool:
    return threading.current_thread() is not threading.main_thread() or hypothesis.currently_in_test_context()


RECORDER = Recorder()
"""Of this process."""


def pytest_sessionstart() -> None:
    """Every process that runs tests notes for itself."""
    RECORDER.start()


def pytest_sessionfinish() -> None:
    """One file a process, in the folder of the throw-away servers."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    RECORDER.end()
    RECORDER.write(_folder() / f"{worker}.txt")


def _folder() -> Path:
    return Path(os.environ["ELINKAGES_THROW_AWAY"]) / "refusals"


def provoked() -> set[Site]:
    """What the tests that ran around these servers saw refused."""
    lines = {line for file in _folder().glob("*.txt") for line in file.read_text().splitlines()}
    return {Site(file, int(number)) for file, _, number in (line.rpartition(":") for line in lines)}


def sites(root: Path = ROOT) -> Iterator[Site]:
    """Every call of a Refused class in the product, where the call begins."""
    trees = {file: ast.parse(file.read_text()) for package in PACKAGES for file in (root / package).rglob("*.py")}
    names = refused_names(list(trees.values()))
    for file, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _name(node.func) in names:
                yield Site(str(file.relative_to(root)), node.lineno)


def refused_names(trees: list[ast.Module]) -> set[str]:
    """Refused, and every class below it."""
    names = {"Refused"}
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    while more := {one.name for one in classes if any(_name(base) in names for base in one.bases)} - names:
        names |= more
    return names


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def main() -> int:
    """Name the refusals that no test provoked; 1 when there are some."""
    known = set(sites())
    missing = sorted(known - provoked())
    for site in missing:
        print(f"{site.file}:{site.line} is refused in no test")
    print(f"{len(known) - len(missing)} of {len(known)} refusals are provoked by a test.")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
