"""No float comes near money."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = [
    ROOT / "elinkages/kernel/money.py",
    *(path for path in (ROOT / "commissions").rglob("*.py") if "migrations" not in path.parts),
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_float_in_money(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        is_literal = isinstance(node, ast.Constant) and isinstance(node.value, float)
        is_name = isinstance(node, ast.Name) and node.id == "float"
        is_field = isinstance(node, ast.Attribute) and node.attr == "FloatField"
        is_division = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)
        has_float = is_literal or is_name or is_field or is_division
        assert not has_float, f"line {getattr(node, 'lineno', '?')}"
