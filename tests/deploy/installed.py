"""`python -m tests.deploy.installed`: load what production runs, from the packages that production installs.

Tests run beside dozens of tools, whose own packages would hide that one of ours is missing from the image.
"""

import importlib
import pkgutil
import sys
import tomllib
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

PRODUCT = ("elinkages", "partners", "referrals", "commissions", "integrations")


class NotInstalled(MetaPathFinder):
    """Finds nothing below the names that only the tools bring."""

    def __init__(self, names: set[str]) -> None:
        self.names = names

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: Any = None) -> None:
        """Raise as Python does when nobody has the module."""
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named '{name}' among the packages of production", name=name)


def installed() -> set[str]:
    """The packages that `uv sync --no-dev` installs, by uv.lock."""
    locked = {one["name"]: one for one in tomllib.loads(Path("uv.lock").read_text())["package"]}
    found: set[tuple[str, str]] = set()
    wanted = [("elinkages", "")]
    while wanted:
        name, extra = wanted.pop()
        if (name, extra) in found:
            continue
        found.add((name, extra))
        package = locked[name]
        needed = package.get("optional-dependencies", {}).get(extra, []) if extra else package.get("dependencies", [])
        for one in needed:
            wanted += [(one["name"], ""), *((one["name"], more) for more in one.get("extra", []))]
    return {name for name, _ in found}


def main() -> None:
    """Import every module of ours, and what web, worker and beat load by name."""
    ours = installed()
    names = {
        module
        for module, distributions in packages_distributions().items()
        if not {one.lower().replace("_", "-").replace(".", "-") for one in distributions} & ours
    }
    sys.meta_path.insert(0, NotInstalled(names))
    import django

    django.setup()
    for package in PRODUCT:
        for module in pkgutil.walk_packages([package], f"{package}."):
            importlib.import_module(module.name)
    from elinkages.celery import app

    app.connection_for_write().ensure_connection(max_retries=1)
    app.Worker(pool="prefork")
    app.Beat()
    importlib.import_module("gunicorn.workers.gthread")


if __name__ == "__main__":
    main()
