"""What is installed for the product is used by it."""

import re
import tomllib
from importlib.metadata import packages_distributions

from tests.house.test_docs import ROOT

NAMED_BY_A_SETTING = {"argon2": "Argon2PasswordHasher"}
PRODUCT = ("elinkages", "partners", "referrals", "commissions", "integrations")


def test_nothing_is_installed_that_no_line_names() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {re.split(r"[\[>=<]", one)[0].lower() for one in wanted}
    code = "\n".join(path.read_text() for folder in PRODUCT for path in (ROOT / folder).rglob("*.py"))
    modules: dict[str, list[str]] = {name: [] for name in names}
    for module, distributions in packages_distributions().items():
        for name in {one.lower().replace("_", "-") for one in distributions} & names:
            modules[name].append(module)
    unused = [
        name
        for name, found in modules.items()
        if not any(re.search(rf"\b{NAMED_BY_A_SETTING.get(module, module)}\b", code) for module in found)
    ]
    assert len(names) > 30
    assert unused == []
