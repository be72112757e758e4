"""The probes are seen to turn red: leaks are planted in a scratch database, and each is reported."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.support.catalogue import APPEND_ONLY, NEVER_DELETED
from tests.support.foreign_ids import service_leaks
from tests.support.full_tenants import Scratch
from tests.support.leaks import table_leaks
from tests.support.orm import orm_leaks
from tests.support.scratch import connection_to, own_pool
from tests.support.without_filters import filters_removed, functions_as_they_are

pytestmark = pytest.mark.slow


@asynccontextmanager
async def planted(scratch: Scratch, plant: str, remedy: str) -> AsyncIterator[None]:
    """The leak is there inside, and gone after."""
    assert scratch.places.admin_dsn is not None
    async with connection_to(scratch.places.admin_dsn) as admin:
        await admin.execute(plant)
        try:
            async with own_pool(scratch.places, 4):
                yield
        finally:
            await admin.execute(remedy)


_UNPROTECTED = (
    "ALTER TABLE {0} DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE {0} ENABLE ROW LEVEL SECURITY",
)
_OPEN_POLICY = (
    "CREATE POLICY planted ON {0} USING (true)",
    "DROP POLICY planted ON {0}",
)


@pytest.mark.parametrize(
    ("table", "services"),
    [
        ("member", {"member_of_id", "issue_token"}),
        ("ledger_entry", {"entries"}),
        ("ledger_lot", {"points that expire"}),
        ("quarantined_ticket", {"discard", "replay", "correct"}),
    ],
)
@pytest.mark.parametrize("leak", [_UNPROTECTED, _OPEN_POLICY], ids=["unprotected", "open policy"])
async def test_a_table_without_protection_is_reported(
    scratch: Scratch, leak: tuple[str, str], table: str, services: set[str]
) -> None:
    async with planted(scratch, *(sql.format(table) for sql in leak)):
        with filters_removed():
            through_services = await service_leaks(scratch.pair)
            through_models = await orm_leaks(scratch.pair)
        in_tables = await table_leaks(scratch.pair, scratch.places)
    assert services & {found.subject for found in through_services}
    assert {found.subject for found in through_models} == {table}
    assert {found.subject for found in in_tables} == {table}
    ways = {"select", "insert", "report"}
    if table not in APPEND_ONLY:
        ways |= {"update", "give away"}
        ways |= set() if table in NEVER_DELETED else {"delete"}
    assert ways <= {found.way for found in in_tables}


@pytest.mark.parametrize(
    ("plant", "remedy", "expected"),
    [
        (
            "CREATE VIEW planted AS SELECT * FROM member; GRANT SELECT ON planted TO shuke_app",
            "DROP VIEW planted",
            {("planted", "select"), ("planted", "setting None"), ("planted", "setting ''")},
        ),
        (
            "CREATE POLICY planted ON store FOR INSERT WITH CHECK (true)",
            "DROP POLICY planted ON store",
            {("store", "insert")},
        ),
        (
            "CREATE POLICY planted ON store FOR SELECT "
            "USING (nullif(current_setting('shuke.tenant_id', true), '') IS NULL)",
            "DROP POLICY planted ON store",
            {
                ("store", "select"),
                ("store", "setting None"),
                ("store", "setting ''"),
                ("store", "report"),
            },
        ),
        (
            "GRANT SELECT (payload) ON event TO shuke_dispatch",
            "REVOKE SELECT (payload) ON event FROM shuke_dispatch",
            {("event", "dispatch reads payload")},
        ),
        (
            "GRANT UPDATE ON inbox TO shuke_dispatch",
            "REVOKE UPDATE ON inbox FROM shuke_dispatch",
            {("inbox", "dispatch update")},
        ),
        (
            "GRANT SELECT ON event_default TO shuke_app",
            "REVOKE SELECT ON event_default FROM shuke_app",
            {("event_default", "shuke_app SELECT"), ("event_default", "select")},
        ),
        (
            "REVOKE SELECT (due_at) ON inbox FROM shuke_dispatch",
            "GRANT SELECT (due_at) ON inbox TO shuke_dispatch",
            {("inbox", "dispatch reads due_at")},
        ),
    ],
    ids=[
        "view of a superuser",
        "policy lets in",
        "open without tenant",
        "dispatch sees content",
        "dispatch writes",
        "partition granted",
        "dispatch is blind",
    ],
)
async def test_a_hole_is_reported(
    scratch: Scratch, plant: str, remedy: str, expected: set[tuple[str, str]]
) -> None:
    async with planted(scratch, plant, remedy):
        leaks = await table_leaks(scratch.pair, scratch.places)
    assert {(leak.subject, leak.way) for leak in leaks} == expected


async def test_the_filters_of_the_code_hold_a_hole_in_row_security(scratch: Scratch) -> None:
    """The other way round: with the policy of a table open, what the code asks is still its own."""
    async with (
        connection_to(scratch.places.owner()) as owner,
        functions_as_they_are(owner),
        planted(scratch, *(sql.format("member") for sql in _OPEN_POLICY)),
    ):
        assert await service_leaks(scratch.pair) == []
        assert await orm_leaks(scratch.pair) == []
