"""docs/settings.md names every variable that the program reads, with its default, and none that it does not read."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.markdown import DOCS
from tests.e2e.system import REPOSITORY

_OURS = re.compile(r"POSTBOX_[A-Z_]*[A-Z]")
_OF_TESTS = re.compile(r"POSTBOX_(?:TEST_\w+|CRASH_AT)")
# Read of the environment, and not for operators to set.
_OF_OTHERS = {"PATH", "PYTHONPATH", "DJANGO_SETTINGS_MODULE"}
# Their defaults are told in words.
_IN_WORDS = {"POSTBOX_ALLOWED_HOSTS"}


def trees() -> Iterator[ast.AST]:
    for package in ("postbox", "webhooks", "outbound", "reputation"):
        for path in sorted((REPOSITORY / package).rglob("*.py")):
            text = path.read_text()
            if "POSTBOX_" in text or "environ" in text or "env." in text:
                yield from ast.walk(ast.parse(text))


def constant(node: ast.expr | None) -> str:
    """The text of a constant; empty for everything else."""
    return str(node.value) if isinstance(node, ast.Constant) else ""


def read_by_the_program() -> dict[str, str]:
    """Each variable with its default where that is a constant. Also one that is only named, as for a helper."""
    found: dict[str, str] = {}
    for node in trees():
        if isinstance(node, ast.Constant) and _OURS.fullmatch(str(node.value)):
            found.setdefault(str(node.value), "")
        elif isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ" and constant(node.slice):
            found.setdefault(constant(node.slice), "")
        elif isinstance(node, ast.Call) and re.fullmatch(r"(?:os\.environ|env)\.\w+", ast.unparse(node.func)):
            name, default = (
                constant(node.args[0] if node.args else None),
                constant(node.args[1] if node.args[1:] else None),
            )
            if name.isupper():
                found[name] = default or found.get(name, "")
    return {name: default for name, default in found.items() if name not in _OF_OTHERS and not name.endswith("_FILE")}


def documented() -> dict[str, str]:
    """Each variable of the table with the rest of its row."""
    rows = re.findall(r"^\| (`[^|]+`) \| (.*) \|$", (DOCS / "settings.md").read_text(), re.MULTILINE)
    return {name: rest for names, rest in rows for name in re.findall(r"`([A-Z_]+)`", names)}


READ = read_by_the_program()


def test_the_look_for_variables_finds_them() -> None:
    assert {"POSTBOX_INBOUND_SES_SECRET", "POSTBOX_WEB_WORKERS", "DATABASE_URL", "POSTBOX_MIME_BUCKET"} <= READ.keys()
    assert (READ["POSTBOX_RETENTION_DAYS"], READ["PORT"]) == ("90", "8000")


def test_each_variable_is_documented_and_nothing_else() -> None:
    for_operators = {name for name in READ if not _OF_TESTS.fullmatch(name)}
    assert for_operators - documented().keys() == set(), "docs/settings.md does not name these"
    assert documented().keys() - for_operators == set(), "nothing reads these"


@pytest.mark.parametrize("name", sorted(name for name in READ if READ[name] and name not in _IN_WORDS))
def test_each_default_is_as_documented(name: str) -> None:
    assert READ[name] in documented()[name]


def test_variables_for_tests_are_named_for_contributors() -> None:
    text = (REPOSITORY / "CONTRIBUTING.md").read_text()
    in_tests = set()
    for path in Path(REPOSITORY / "tests").rglob("*.py"):
        in_tests |= set(re.findall(r"environ(?:\.get)?[(\[]\"(POSTBOX_TEST_[A-Z_]*[A-Z])\"", path.read_text()))
    wanted = {name for name in READ if _OF_TESTS.fullmatch(name)} | in_tests
    assert "POSTBOX_TEST_RETENTION_MAILS" in wanted
    assert sorted(name for name in wanted if f"`{name}`" not in text) == []
