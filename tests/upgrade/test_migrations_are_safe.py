"""New migrations are linted by squawk: what would stop a running service is refused, or has a reason."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import orjson
import pytest

from shuke_core.app import installed_apps
from shuke_core.database.migrate import sql_of
from shuke_core.database.recorded import brought_along

pytestmark = pytest.mark.slow

SQUAWK = Path(sys.executable).with_name("squawk")

# Rules that our way of migrating fulfils elsewhere.
SETTLED: Mapping[str, str] = {
    "require-lock-timeout": "`migrate` sets it before each migration and tries again",
    "require-statement-timeout": "the owner has none on purpose: a backfill may take its time",
    "prefer-robust-stmts": "a migration and its record are one transaction",
    "prefer-text-field": "lengths are part of the model; widening a varchar rewrites nothing",
    "prefer-bigint-over-int": "counters of attempts and tickets of a message stay small",
    "prefer-bigint-over-smallint": "counters of attempts stay small",
    "prefer-timestamp-tz": "all are",
    "ban-drop-index": "only going back drops one",
}

# Migrations whose tables were empty or new when they ran; nothing of before is linted.
BEFORE = {"0001_initial", "0002_queues_and_events", "0003_plugins"}

# (migration, rule) → why it is safe all the same.
_NOT_YET = "0.1 has not been released: there is no database whose members it could stop"
ALLOWED: Mapping[tuple[str, str], str] = {
    ("0004_staff", "changing-column-type"): "the column is added by the same migration, empty",
    ("0004_staff", "require-concurrent-index-creation"): _NOT_YET,
    ("0008_staff_accounts", "ban-drop-constraint"): "a wider one takes its place at once",
    ("0008_staff_accounts", "constraint-missing-not-valid"): "staff are few: no scan is long",
    ("0009_scopes", "require-concurrent-index-creation"): _NOT_YET,
    ("0009_scopes", "adding-foreign-key-constraint"): "of columns of the same migration, empty",
    ("0009_scopes", "constraint-missing-not-valid"): "over columns of the same migration, empty",
    ("0012_interaction_sources", "constraint-missing-not-valid"): _NOT_YET,
    ("0012_interaction_sources", "require-concurrent-index-creation"): _NOT_YET,
    ("0013_people", "adding-foreign-key-constraint"): _NOT_YET,
    ("0013_people", "constraint-missing-not-valid"): _NOT_YET,
    ("0013_people", "require-concurrent-index-creation"): _NOT_YET,
    ("0016_keys_and_life", "ban-drop-constraint"): "a wider one takes its place at once",
    ("0016_keys_and_life", "constraint-missing-not-valid"): "tenants are few: no scan is long",
    ("0017_merging", "ban-drop-constraint"): "a wider one takes its place at once",
    ("0017_merging", "constraint-missing-not-valid"): _NOT_YET,
    ("0022_avatars", "require-concurrent-index-creation"): "files are few: exports of the last day",
    ("0020_following", "ban-drop-constraint"): "one of what is in force takes its place at once",
    ("0020_following", "require-concurrent-index-creation"): _NOT_YET,
    ("0028_order_life", "ban-drop-constraint"): "wider ones take their place at once",
    ("0028_order_life", "constraint-missing-not-valid"): _NOT_YET,
    ("0028_order_life", "require-concurrent-index-creation"): _NOT_YET,
    ("0028_order_life", "require-concurrent-index-deletion"): _NOT_YET,
    ("0027_receipts", "require-concurrent-index-creation"): _NOT_YET,
    ("0029_campaigns", "require-concurrent-index-creation"): _NOT_YET,
    ("0030_imports", "require-concurrent-index-creation"): _NOT_YET,
    ("0030_imports", "adding-field-with-default"): _NOT_YET,
    ("0025_dismissed", "ban-drop-constraint"): "a wider one takes its place at once",
    ("0025_dismissed", "constraint-missing-not-valid"): _NOT_YET,
    ("0024_catalog", "changing-column-type"): "its collation, of a column that it adds, empty",
    (
        "0026_mends",
        "constraint-missing-not-valid",
    ): "categories are 5,000 a tenant: no scan is long",
}
_CREATES = re.compile(r'CREATE TABLE "?(\w+)"?')
_ABOUT = re.compile(r'\s*(?:ALTER TABLE|CREATE (?:UNIQUE )?INDEX \S+ ON)\s+"?(\w+)')


def found_in(statements: list[str], *, atomic: bool = True) -> set[str]:
    """The rules that squawk finds broken, less those that are settled."""
    new = set(_CREATES.findall("\n".join(statements)))
    # What is done to a table that the same migration makes stops nobody: it is not there yet.
    old = [sql for sql in statements if not ((m := _ABOUT.match(sql)) and m[1] in new)]
    text = ";\n".join(sql.strip().rstrip(";") for sql in old) + ";\n"
    text = f"BEGIN;\n{text}COMMIT;\n" if atomic else text
    words = [str(SQUAWK), "--reporter", "json", "--pg-version", "15.0"]
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    broken = {each["rule_name"] for each in orjson.loads(done.stdout)}
    return broken - SETTLED.keys()


def new_migrations() -> list[tuple[str, str]]:
    return [
        (app, name)
        for app, name in brought_along(installed_apps())
        if app == "core" and name not in BEFORE
    ]


@pytest.mark.parametrize(("app", "name"), new_migrations())
def test_a_new_migration_stops_nobody(app: str, name: str) -> None:
    statements = asyncio.run(sql_of(installed_apps(), app, name))
    atomic = not any("CONCURRENTLY" in sql for sql in statements)
    assert {
        rule for rule in found_in(statements, atomic=atomic) if (name, rule) not in ALLOWED
    } == set()


def test_every_allowance_is_still_needed() -> None:
    names = {name for _, name in new_migrations()}
    assert {name for name, _ in ALLOWED} <= names
    for name, rule in ALLOWED:
        assert rule in found_in(asyncio.run(sql_of(installed_apps(), "core", name)))


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("CREATE INDEX a ON inbox (tenant_id)", "require-concurrent-index-creation"),
        ("ALTER TABLE inbox ADD COLUMN a int NOT NULL", "adding-required-field"),
        ("ALTER TABLE inbox ALTER COLUMN trace SET NOT NULL", "adding-not-nullable-field"),
        ("ALTER TABLE inbox ALTER COLUMN claims TYPE bigint", "changing-column-type"),
        ("ALTER TABLE inbox DROP COLUMN trace", "ban-drop-column"),
        ("ALTER TABLE inbox RENAME COLUMN trace TO way", "renaming-column"),
        ("ALTER TABLE inbox ADD CONSTRAINT a CHECK (claims >= 0)", "constraint-missing-not-valid"),
        (
            "CREATE INDEX CONCURRENTLY a ON inbox (tenant_id)",
            "ban-concurrent-index-creation-in-transaction",
        ),
    ],
)
def test_the_lint_bites(statement: str, rule: str) -> None:
    assert rule in found_in([statement])
