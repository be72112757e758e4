"""The demo reaches the product only as a partner's till would: it imports nothing of it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import shuke_schema

DEMO = Path(shuke_schema.__file__).parent / "demo"


def forbidden_imports(package: Path) -> list[str]:
    """Each import that leaves `package` for the product, as `file:line what`."""
    return [
        f"{module.relative_to(package)}:{line} {what}"
        for module in sorted(package.rglob("*.py"))
        for line, what in _imports_of_the_product(module, package)
    ]


def _imports_of_the_product(module: Path, package: Path) -> Iterator[tuple[int, str]]:
    depth = len(module.relative_to(package).parts)  # so many leading dots stay inside
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                for alias in names:
                    if alias.name.startswith("shuke"):
                        yield node.lineno, alias.name
            case ast.ImportFrom(module=name, level=level):
                if (level == 0 and (name or "").startswith("shuke")) or level > depth:
                    yield node.lineno, "." * level + (name or "")
            case ast.Name(id="__import__" | "import_module" as name):
                yield node.lineno, name
            case ast.Attribute(attr="import_module" | "exec_module" as name):
                yield node.lineno, name
            case ast.alias(name="import_module" | "__import__" as name):
                yield node.lineno, name


def test_demo_imports_nothing_of_the_product() -> None:
    assert len(list(DEMO.glob("*.py"))) > 10
    assert forbidden_imports(DEMO) == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("import shuke_core", "shuke_core"),
        ("import os, shuke_core.kit.cleaning as cleaning", "shuke_core.kit.cleaning"),
        ("from shuke_core.kit.cleaning import clean_text", "shuke_core.kit.cleaning"),
        ("from shuke_core import plugin_api", "shuke_core"),
        ("import shuke_schema.cli", "shuke_schema.cli"),
        ("from shuke_schema import cli", "shuke_schema"),
        ("from shuke_retail import models", "shuke_retail"),
        ("from .. import cli", ".."),
        ("from ..app import application", "..app"),
        ("if True:\n    def late() -> None:\n        import shuke_core", "shuke_core"),
        ("__import__('shuke' + '_core')", "__import__"),
        ("import importlib\nimportlib.import_module('shuke_core')", "import_module"),
        ("from importlib import import_module as fetch", "import_module"),
    ],
)
def test_a_planted_import_is_found(tmp_path: Path, line: str, found: str) -> None:
    (tmp_path / "innocent.py").write_text("from .tickets import wire\nimport json\n")
    (tmp_path / "planted.py").write_text(f"{line}\n")

    reported = forbidden_imports(tmp_path)

    assert [entry.split(" ", 1)[1] for entry in reported] == [found]
    assert reported[0].startswith("planted.py:")


def test_a_deeper_module_may_climb_within_the_package_only(tmp_path: Path) -> None:
    (tmp_path / "screens").mkdir()
    (tmp_path / "screens" / "plain.py").write_text(
        "from ..tickets import wire\nfrom ...app import x"
    )

    assert forbidden_imports(tmp_path) == ["screens/plain.py:2 ...app"]
