"""Lists of what is to be done, waits or stands: they cost what they show, not what there has been.

A tenant with 50,000 interactions, tasks and alerts, nearly all of them long over. What the API
really sends is run under EXPLAIN ANALYZE as the app role, and no scan may read more than a few pages.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import asyncpg
import httpx
import orjson
import pytest
import pytest_asyncio
from tests.schema.staff.staff import data
from tests.support.follow_up import PHONE, somebody
from tests.support.scratch import undisturbed
from tests.support.shop import Shop, open_shop

from shuke_core.database.config import credentials
from shuke_core.embedded import EmbeddedServers
from shuke_core.kit.engine import UnitConnection
from shuke_core.kit.transactions import read_value, unit_of_work
from shuke_core.runtime import Runtime
from shuke_schema.asgi import create_app

pytestmark = pytest.mark.slow

ROWS = 50_000
OPEN_EVERY = 500  # the others are over
MOST_READ = 400  # rows of one scan: the hundred that are open, and those of a page around them
IMPORTANT = ("task", "interaction", "interaction_follow_up", "alert")

_FILL = f"""
INSERT INTO interaction (tenant_id, id, member_id, kind, channel, scene, subject, recorded_at)
SELECT $1::uuid, md5('i' || $1::uuid::text || n)::uuid, $2::uuid, 'inquiry', 'mini_program', '', '',
       now() - make_interval(secs => n) FROM generate_series(1, {ROWS}) n;
INSERT INTO interaction_follow_up (tenant_id, id, interaction_id, member_id, state, asked_at, ended_at)
SELECT $1::uuid, md5('f' || $1::uuid::text || n)::uuid, md5('i' || $1::uuid::text || n)::uuid, $2::uuid,
       CASE WHEN n % {OPEN_EVERY} = 0 THEN 'open' ELSE 'answered' END,
       now() - make_interval(secs => n), CASE WHEN n % {OPEN_EVERY} = 0 THEN NULL ELSE now() END
  FROM generate_series(1, {ROWS}) n;
INSERT INTO task (tenant_id, id, member_id, staff_id, role, source, interaction_id, state, version,
                  due_at, created_at, ended_at)
SELECT $1::uuid, md5('t' || $1::uuid::text || n)::uuid, $2::uuid,
       CASE WHEN n % 3 = 0 THEN $3::uuid END, 'clerk',
       'interaction', md5('i' || $1::uuid::text || n)::uuid,
       CASE WHEN n % {OPEN_EVERY} = 0 THEN 'open' ELSE 'done' END, 1,
       now() - make_interval(secs => n), now() - make_interval(secs => n + 60),
       CASE WHEN n % {OPEN_EVERY} = 0 THEN NULL ELSE now() END FROM generate_series(1, {ROWS}) n;
INSERT INTO alert (tenant_id, id, kind, severity, key, subject, role, times, raised_at,
                   last_raised_at, resolved_at)
SELECT $1::uuid, md5('a' || $1::uuid::text || n)::uuid, 'inquiry.overdue', 'critical',
       'k' || n, 'task', 'clerk', 1, now() - make_interval(secs => n), now(),
       CASE WHEN n % {OPEN_EVERY} = 0 THEN NULL ELSE now() END FROM generate_series(1, {ROWS}) n
"""


@asynccontextmanager
async def _busy_shop(runtime: Runtime, servers: EmbeddedServers) -> AsyncIterator[Shop]:
    """A shop with a long history of questions, in a database of its own: plans follow the statistics of
    all who are in one, and other tests leave many questions open."""
    async with undisturbed(runtime, servers) as alone:
        shop = await open_shop(alone, points_per_yuan=Decimal(1), expires_after_days=365)
        await _fill(shop, alone)
        yield shop


async def _fill(shop: Shop, runtime: Runtime) -> None:
    clerk, member = await somebody(shop, "ann", "clerk"), await shop.member(PHONE)
    owner = await asyncpg.connect(**credentials(runtime.places.owner()))
    try:
        async with owner.transaction():
            await owner.execute(f"SET LOCAL shuke.tenant_id = '{shop.tenant_id}'")
            for statement in _FILL.split(";"):
                given = [shop.tenant_id, member, clerk.staff_id]
                used = 3 if "$3" in statement else 2 if "$2" in statement else 1
                await owner.execute(statement, *given[:used])
            await owner.execute(f"ANALYZE {', '.join(IMPORTANT)}")
    finally:
        await owner.close()


def _scans(plan: dict[str, Any]) -> list[tuple[str, int]]:
    """(table, rows read) of each scan of a plan."""
    found = []
    if plan.get("Relation Name") in IMPORTANT:
        each = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
        found.append((plan["Relation Name"], round(each * plan["Actual Loops"])))
    for child in plan.get("Plans", []):
        found += _scans(child)
    return found


@pytest_asyncio.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """Speaks HTTP with the app."""
    transport = httpx.ASGITransport(create_app())
    async with httpx.AsyncClient(transport=transport, base_url="http://shuke") as client:
        yield client


@pytest.fixture
def scans(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """What the statements of reads have gone through."""
    found: list[tuple[str, int]] = []
    read = UnitConnection.read

    async def explained(self: UnitConnection, sql: str, *values: object) -> Any:
        rows = await self.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *values)
        found.extend(_scans(orjson.loads(rows[0]["QUERY PLAN"])[0]["Plan"]))
        return await read(self, sql, *values)

    monkeypatch.setattr(UnitConnection, "read", explained)
    return found


LISTS = {
    "all tasks": ("operator", "tasks(first: 20, after: $after)", "id"),
    "own tasks": ("clerk", "tasks(mine: true, first: 20, after: $after)", "id"),
    "own tasks and the role's": ("clerk", "tasks(first: 20, after: $after)", "id"),
    "tasks of a role": ("operator", 'tasks(role: "clerk", first: 20, after: $after)', "id"),
    "tasks by state": ("operator", "tasks(state: DONE, first: 20, after: $after)", "id"),
    "interactions": (
        *("clerk", "interactions(first: 20, after: $after)"),
        "id followUp { state } task { id } member { id }",
    ),
    "interactions that wait": (
        *("clerk", "interactions(waiting: true, first: 20, after: $after)"),
        "id task { id } member { id }",
    ),
    "alerts": ("clerk", "alerts(first: 20, after: $after)", "id"),
    "everybody's alerts": ("operator", "alerts(first: 20, after: $after)", "id"),
}


async def test_no_list_goes_through_its_history(
    runtime: Runtime,
    servers: EmbeddedServers,
    client: httpx.AsyncClient,
    scans: list[tuple[str, int]],
) -> None:
    async with _busy_shop(runtime, servers) as busy:
        heavy: dict[str, list[tuple[str, int]]] = {}
        for name, (role, field, selected) in LISTS.items():
            document = (
                f"query ($after: String) {{ found: {field} "
                f"{{ edges {{ node {{ {selected} }} }} pageInfo {{ endCursor hasNextPage }} }} }}"
            )
            after = None
            for _ in range(2):
                scans.clear()
                found = (await data(client, busy, document, role, after=after))["found"]
                assert scans, name
                if worst := [scan for scan in scans if scan[1] > MOST_READ]:
                    heavy.setdefault(name, []).extend(worst)
                after = found["pageInfo"]["endCursor"]
        assert heavy == {}
        scans.clear()
        async with unit_of_work(busy.tenant_id):  # what does go through all of it is seen
            await read_value("SELECT count(*) FROM task WHERE tenant_id = $1 AND version > 0")
        assert max(rows for _, rows in scans) >= ROWS
