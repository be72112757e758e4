"""Nothing goes around the unit of work: who may open a connection or transaction is listed here."""

import ast
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("core", "schema", "plugins")

# Files or, after a colon, single functions that may. All but the first two connect as the owner or
# the administrator, or look at a deployment from outside.
ALLOWED = (
    "core/shuke_core/kit/transactions.py",
    "core/shuke_core/kit/engine.py",
    "core/shuke_core/database/",
    "core/shuke_core/embedded/",
    "core/shuke_core/places.py",
    "core/shuke_core/runtime.py",
    "core/shuke_core/doctor/",
    "core/shuke_core/tenants/services.py:register_tenant",
    "core/shuke_core/upkeep/erasure.py:_empty_table",
    "core/shuke_core/upkeep/erasure.py:_without_keys",
    "core/shuke_core/upkeep/services.py:_move",
    "core/shuke_core/upkeep/services.py:as_owner",
    "schema/shuke_schema/cli/migrate.py:maintain",
)

_DOORS = frozenset(
    {
        "acquire",
        "acquire_connection",
        "app_client",
        "atomic",
        "create_connection",
        "get_connection",
        "get_connections",
        "in_transaction",
        "transaction",
        "using_db",
    }
)
_DRIVERS = frozenset({"asyncpg", "psycopg", "psycopg2"})
_OPENERS = frozenset({"connect", "create_pool"})
_UNIT_INTERNALS = frozenset({"UnitConnection", "ShukeClient"})


def _doors(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """(function, what) for every way to the database besides unit_of_work in this module."""
    drivers = {
        alias.asname or alias.name.split(".")[0]: alias.name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name.split(".")[0] in _DRIVERS
    }

    def visit(node: ast.AST, function: str) -> Iterator[tuple[str, str]]:
        for child in ast.iter_child_nodes(node):
            inside = function
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and not function:
                inside = child.name
            if isinstance(child, ast.ImportFrom):
                module = (child.module or "").split(".")[0]
                for alias in child.names:
                    named = alias.name
                    is_driver = module in _DRIVERS and named in _OPENERS
                    is_door = module in ("tortoise", "shuke_core") and named in (
                        _DOORS | _UNIT_INTERNALS
                    )
                    if is_driver or is_door:
                        yield inside, f"imports {named}"
            elif isinstance(child, ast.Attribute):
                owner = child.value.id if isinstance(child.value, ast.Name) else ""
                if child.attr in _DOORS or (owner in drivers and child.attr in _OPENERS):
                    yield inside, f".{child.attr}"
            yield from visit(child, inside)

    yield from visit(tree, "")


def _may(path: str, function: str) -> bool:
    return any(
        f"{path}:{function}" == entry if ":" in entry else path.startswith(entry)
        for entry in ALLOWED
    )


def _sources() -> list[Path]:
    return [
        path
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if "migrations" not in path.parts and "tests" not in path.parts
    ]


@lru_cache(maxsize=1)
def _found() -> tuple[tuple[str, str, str], ...]:
    """(file, function, what) of every module; read once for all that is asked of it."""
    return tuple(
        (path.relative_to(ROOT).as_posix(), function, what)
        for path in _sources()
        for function, what in _doors(ast.parse(path.read_text()))
    )


def test_only_the_listed_open_connections_and_transactions() -> None:
    found = [
        f"{path}, {function or 'the module'}: {what}"
        for path, function, what in _found()
        if not _may(path, function)
    ]
    assert found == []


def test_every_exception_is_still_needed() -> None:
    used = {
        entry
        for path, function, _ in _found()
        for entry in ALLOWED
        if _may(path, function) and path.startswith(entry.partition(":")[0])
    }
    assert used | {"core/shuke_core/embedded/"} == set(ALLOWED)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            "import asyncpg\nasync def f(): await asyncpg.connect('x')",
            [("f", ".connect")],
        ),
        (
            "import asyncpg as pg\nasync def f(): await pg.create_pool('x')",
            [("f", ".create_pool")],
        ),
        ("from asyncpg import connect", [("", "imports connect")]),
        (
            "from tortoise.transactions import in_transaction",
            [("", "imports in_transaction")],
        ),
        (
            "import tortoise.connection\ndef f(): tortoise.connection.get_connection('default')",
            [("f", ".get_connection")],
        ),
        (
            "from shuke_core.kit.engine import app_client",
            [("", "imports app_client")],
        ),
        ("def f(pool): pool.acquire()", [("f", ".acquire")]),
        ("def f(m): m.all().using_db(x)", [("f", ".using_db")]),
        ("def f(c):\n  def g(): c.transaction()", [("f", ".transaction")]),
        ("from shuke_core.kit.transactions import unit_of_work", []),
    ],
)
def test_the_lint_bites(source: str, expected: list[tuple[str, str]]) -> None:
    assert list(_doors(ast.parse(source))) == expected
