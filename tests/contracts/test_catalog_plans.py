"""Browsing 100,000 items in 1,500 categories, and copying them into lines: plans as the app role, pinned.

What the product really sends is run under EXPLAIN ANALYZE: a page walks down an index once for each
state and category of the subtree, a page's length at most, however many items there are.
"""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest
import pytest_asyncio
from tests.core.catalog.shelf import act
from tests.core.orders.till import Till
from tests.support.reading import page_of, told_staff
from tests.support.shop import Shop
from tests.support.statements import as_any_read

from shuke_core.catalog.services import take_items
from shuke_core.catalog.told import ToldItem
from shuke_core.catalog.tree import move_category
from shuke_core.database.config import credentials
from shuke_core.kit.engine import UnitConnection
from shuke_core.kit.pagination import MOST_ROWS
from shuke_core.kit.transactions import unit_of_work
from shuke_core.orders.services import NewLine

pytestmark = pytest.mark.slow

ROOTS, BELOW, ITEMS = 30, 50, 100_000
TABLES = {"item", "category"}
_ROOT, _LEAF = (
    "md5('r' || $1::uuid::text || {n})",
    "md5('l' || $1::uuid::text || {n})",
)
_FILL = f"""
INSERT INTO category (tenant_id, id, parent_id, name, place, path, depth, created_at, changed_at)
SELECT $1::uuid, {_ROOT.format(n="n")}::uuid, NULL, 'r' || n, n, {_ROOT.format(n="n")}, 1, now(),
       now() FROM generate_series(1, {ROOTS}) n;
INSERT INTO category (tenant_id, id, parent_id, name, place, path, depth, created_at, changed_at)
SELECT $1::uuid, {_LEAF.format(n="n")}::uuid, {_ROOT.format(n=f"(n % {ROOTS} + 1)")}::uuid, 'l' || n,
       n, {_ROOT.format(n=f"(n % {ROOTS} + 1)")} || {_LEAF.format(n="n")}, 2, now(), now()
  FROM generate_series(1, {ROOTS * BELOW}) n;
INSERT INTO item (tenant_id, id, code, name, category_id, price_fen, currency, state, version,
                  created_at, changed_at)
SELECT $1::uuid, md5('i' || $1::uuid::text || n)::uuid, 'C' || n, 'X' || n,
       {_LEAF.format(n=f"(n % {ROOTS * BELOW} + 1)")}::uuid, n, 'CNY',
       CASE WHEN n % 10 = 0 THEN 'off_sale' ELSE 'on_sale' END, 1,
       now() - make_interval(secs => n), now() FROM generate_series(1, {ITEMS}) n
"""


@pytest_asyncio.fixture
async def many(shop: Shop) -> AsyncIterator[Shop]:
    """A shop with a hundred thousand items."""
    assert shop.runtime is not None
    owner = await asyncpg.connect(**credentials(shop.runtime.places.owner()))
    try:
        async with owner.transaction():
            await owner.execute(f"SET LOCAL shuke.tenant_id = '{shop.tenant_id}'")
            for statement in _FILL.split(";"):
                await owner.execute(statement, shop.tenant_id)
            await owner.execute("ANALYZE item, category")
        yield shop
    finally:
        await owner.close()


@pytest.fixture
def scans(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Every scan in what is sent: its kind, table, what it seeks by, how many rows it went through."""
    found: list[dict[str, Any]] = []
    fetch, alone = UnitConnection.fetch, UnitConnection.read

    def note(plan: dict[str, Any]) -> None:
        if plan.get("Relation Name") in TABLES and plan["Node Type"] != "ModifyTable":
            each = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
            found.append(
                {
                    "kind": plan["Node Type"],
                    "table": plan["Relation Name"],
                    "by": plan.get("Index Cond") or plan.get("Recheck Cond", ""),
                    "each": each,
                    "rows": round(each * plan["Actual Loops"]),
                }
            )
        for child in plan.get("Plans", []):
            note(child)

    async def explained(self: UnitConnection, sql: str, *values: object) -> list[dict[str, Any]]:
        plain = sql.lstrip().upper()
        if plain.startswith("SELECT") and "FOR NO KEY UPDATE" not in plain:
            rows = await fetch(self, f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *values)
            note(orjson.loads(rows[0]["QUERY PLAN"])[0]["Plan"])
        elif plain.startswith(("WITH", "UPDATE CATEGORY")) or "FOR NO KEY UPDATE" in plain:
            # These write: they are planned here, and done once.
            rows = await fetch(self, f"EXPLAIN (FORMAT JSON) {sql}", *values)
            plan = orjson.loads(rows[0]["QUERY PLAN"])[0]["Plan"]
            waiting = [plan]
            while waiting:
                node = waiting.pop()
                waiting += node.get("Plans", [])
                node |= {"Actual Rows": 0, "Actual Loops": 0}
            note(plan)
        return await fetch(self, sql, *values)

    async def value(self: UnitConnection, sql: str, *values: object) -> Any:
        rows = await explained(self, sql, *values)
        return next(iter(rows[0].values())) if rows else None

    async def read(self: UnitConnection, sql: str, *values: object) -> Any:
        await explained(self, sql, *values)
        return await alone(self, sql, *values)

    monkeypatch.setattr(UnitConnection, "read", read)
    monkeypatch.setattr(UnitConnection, "read_apart", as_any_read)
    monkeypatch.setattr(UnitConnection, "fetch", explained)
    monkeypatch.setattr(UnitConnection, "fetch_value", value)
    return found


ITEMS_PAGE = """
query ($category: ID, $first: Int! = 20, $after: String) {
  items(categoryId: $category, first: $first, after: $after) {
    edges { node { code category { fullName } } } pageInfo { endCursor hasNextPage }
  }
}
"""
_INDEXED = {"Index Scan", "Index Only Scan"}


async def _category(shop: Shop, name: str) -> UUID:
    rows = await shop.rows("SELECT id FROM category WHERE tenant_id = $1 AND name = $2", name)
    found: UUID = rows[0]["id"]
    return found


async def test_a_page_reads_a_page_of_each_state_and_category(
    many: Shop, scans: list[dict[str, Any]]
) -> None:
    root, leaf = await _category(many, "r7"), await _category(many, "l7")
    for category, categories in ((None, 1), (leaf, 1), (root, 1 + BELOW)):
        after = None
        for _ in range(2):
            scans.clear()
            asked = {"category": str(category) if category else None, "after": after}
            async with unit_of_work(many.tenant_id):
                page = (await page_of(None, ITEMS_PAGE, **asked))["items"]
            assert len(page["edges"]) == 20
            after = page["pageInfo"]["endCursor"]
            items = [scan for scan in scans if scan["table"] == "item"]
            assert {scan["kind"] for scan in items} <= _INDEXED
            assert max(scan["each"] for scan in items) <= MOST_ROWS + 1
            # Those that are looked at to find the page, and the page itself by its keys.
            assert sum(scan["rows"] for scan in items) <= (categories + 1) * (MOST_ROWS + 1)


async def test_staff_see_all_states_by_the_same_walks(
    many: Shop, scans: list[dict[str, Any]]
) -> None:
    async with unit_of_work(many.tenant_id):
        page = await told_staff("{ items { edges { node { code state } } } }")
    assert len(page["items"]["edges"]) == 20
    items = [scan for scan in scans if scan["table"] == "item"]
    assert {scan["kind"] for scan in items} <= _INDEXED
    assert sum(scan["rows"] for scan in items) <= 5 * (MOST_ROWS + 1)


@pytest.mark.parametrize("by", ["search", "codeBegins"])
async def test_what_begins_with_a_text_is_a_walk_down_an_index_however_many_begin_so(
    by: str, many: Shop, scans: list[dict[str, Any]]
) -> None:
    """A hundred thousand items, all of which begin alike: page after page of some, of all, of none."""
    found = f"""
    query ($text: String!, $after: String) {{
      items({by}: $text, states: [ON_SALE, OFF_SALE], first: 20, after: $after) {{
        edges {{ node {{ code }} }} pageInfo {{ endCursor }}
      }}
    }}
    """
    for text, size in (
        ("c9" if by == "codeBegins" else "x9", 20),
        ("c" if by != "search" else "x", 20),
        ("zz", 0),
    ):
        after = None
        for _ in range(3 if size else 1):
            scans.clear()
            async with unit_of_work(many.tenant_id):
                page = (await told_staff(found, text=text, after=after))["items"]
            assert len(page["edges"]) == size
            after = page["pageInfo"]["endCursor"]
            items = [scan for scan in scans if scan["table"] == "item"]
            assert {scan["kind"] for scan in items} <= _INDEXED
            assert all("_key" in scan["by"] or "id = " in scan["by"] for scan in items)
            # A page of each state, the rows themselves by their keys, and where the cursor stands.
            assert sum(scan["rows"] for scan in items) <= 4 * (MOST_ROWS + 1)


async def test_lines_are_copied_and_batches_taken_in_along_indexes(
    many: Shop, scans: list[dict[str, Any]]
) -> None:
    till = await Till.at(many)
    lines = tuple(NewLine(f"C{n}", "x", Decimal(1), 100) for n in range(1, 60))
    scans.clear()
    assert await till.sells(till.sale(lines=lines, total_fen=5_900)) == [True]
    assert {scan["table"] for scan in scans} == TABLES
    assert {scan["kind"] for scan in scans} <= _INDEXED
    scans.clear()
    told = [ToldItem(f"C{n}", price_fen=7) for n in range(1, 60)]
    await act(many, lambda: take_items(told, "erp"))
    assert {scan["kind"] for scan in scans if scan["table"] == "item"} <= _INDEXED
    assert [scan for scan in scans if scan["table"] == "item"]


async def test_a_subtree_is_found_by_the_range_of_its_paths(
    many: Shop, scans: list[dict[str, Any]]
) -> None:
    root, other = await _category(many, "r7"), await _category(many, "r8")
    scans.clear()
    await act(many, lambda: move_category(root, other))
    (moved,) = [scan for scan in scans if "path" in scan["by"]]
    assert moved["kind"] in ("Index Scan", "Bitmap Heap Scan")  # as much of it as statistics say
    assert moved["table"] == "category"
    rows = await many.rows(
        "SELECT count(*) AS n FROM category WHERE tenant_id = $1 AND depth = 3", *()
    )
    assert rows == [{"n": BELOW}]
