"""Plans of the hot statements, as the app role under row security: an index serves every one.

A tenant with 20,000 members stands between small ones. What the product really sends is caught on
its way to PostgreSQL and explained; reading a large table from end to end fails the test.
"""

import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest
import pytest_asyncio
from tests.contracts.house import ROOT, files
from tests.support.reading import page_of
from tests.support.shop import Shop
from tests.support.statements import as_any_read

from shuke_core.access.rights import EVERY_CLASS, Rights
from shuke_core.audit.actors import Actor, act_as
from shuke_core.database.config import credentials
from shuke_core.exports.asked import Asked
from shuke_core.kit import clock
from shuke_core.kit.engine import UnitConnection
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import dispatch_work, fetch, unit_of_work
from shuke_core.ledger.queries import balance_of, earned_by
from shuke_core.members.searches import note_search
from shuke_core.members.services import Identity, find_members, member_of_token
from shuke_core.staff.services import staff_of_digests
from shuke_core.worker.drains import due_tenants

pytestmark = pytest.mark.slow

MEMBERS = 20_000
LARGE = {
    "member", "member_identity", "member_token", "ledger_account", "ledger_entry", "ledger_lot",
    "orders", "inbox", "staff", "staff_token", "staff_store", "staff_role", "audit_entry",
}  # fmt: skip


async def _columns(owner: asyncpg.Connection, table: str) -> list[str]:
    rows = await owner.fetch(
        "SELECT column_name FROM information_schema.columns WHERE table_name = $1 "
        "ORDER BY ordinal_position",
        table,
    )
    return [row["column_name"] for row in rows]


def _id(table: str, tenant: UUID) -> str:
    """The id of the n-th row, no other tenant's."""
    return f"md5('{table} {tenant} ' || n)::uuid"


async def _insert(owner: asyncpg.Connection, table: str, tenant: UUID, **values: str) -> None:
    """Fills `table` with one row a number n; the values are SQL over n."""
    named = {"id": _id(table, tenant), "tenant_id": f"'{tenant}'", **values}
    columns = [column for column in await _columns(owner, table) if column in named]
    await owner.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) "
        f"SELECT {', '.join(named[column] for column in columns)} "
        f"FROM generate_series(1, {MEMBERS}) n"
    )


async def _fill(owner: asyncpg.Connection, tenant: UUID, store: UUID, till: UUID) -> None:
    await owner.execute(f"SET LOCAL shuke.tenant_id = '{tenant}'")
    member, account = _id("member", tenant), _id("ledger_account", tenant)
    await _insert(owner, "member", tenant, card_no=f"substr(md5('{tenant}' || n), 1, 16)",
                  state="'active'", joined_at="now()")  # fmt: skip
    await _insert(owner, "member_identity", tenant, member_id=member, kind="'phone'", issuer="''",
                  digest="sha256(n::text::bytea)", sealed="'x'", state="'active'",
                  created_at="now()")  # fmt: skip
    await _insert(owner, "member_token", tenant, member_id=member, expires_at="now()",
                  digest="sha256(('t' || n)::bytea)", created_at="now()")  # fmt: skip
    await _insert(owner, "ledger_account", tenant, member_id=member, asset="'points'",
                  available="n", debt="0")  # fmt: skip
    await _insert(owner, "ledger_entry", tenant, account_id=account, kind="'earn'", amount="n",
                  debt_change="0", cause_type="'order'", cause_id=_id("orders", tenant),
                  happened_at="now()", recorded_at="now()")  # fmt: skip
    await _insert(owner, "ledger_lot", tenant, account_id=account, amount="n", remaining="n",
                  entry_id=_id("ledger_entry", tenant), opens_at="now()",
                  expires_at="now() + make_interval(days => n % 300)")  # fmt: skip
    await _insert(owner, "orders", tenant, source="'till'", store_id=f"'{store}'",
                  external_no="n::text", business_day="'2026-01-02'", member_id=member,
                  state="'completed'", total_fen="n", refunded_fen="0", currency="'CNY'",
                  placed_at="now()", received_at="now()", recorded_at="now()",
                  version="1")  # fmt: skip
    await _insert(owner, "inbox", tenant, integration_id=f"'{till}'", message_id="n::text",
                  state="'done'", attempt="1", claims="1", due_at="now()", received_at="now()",
                  accepted="0", known="0", quarantined="0")  # fmt: skip
    staff = _id("staff", tenant)
    await _insert(owner, "staff", tenant, handle="'s' || n", name="'x'", role="'r' || n",
                  state="'active'", joined_at="now()")  # fmt: skip
    await _insert(owner, "staff_token", tenant, staff_id=staff, kind="'session'", source="'x'",
                  digest="sha256(('t' || n)::bytea)", expires_at="now() + interval '1 hour'",
                  created_at="now()", used_at="now()", source_shown="''", agent="''")  # fmt: skip
    await _insert(owner, "staff_store", tenant, staff_id=staff, store_id=f"'{store}'")
    await _insert(owner, "staff_role", tenant, key="'r' || n", label_zh="'x'", label_en="'x'",
                  permissions="'{}'", classes="'[]'", changed_at="now()")  # fmt: skip
    await _insert(owner, "audit_entry", tenant, actor_kind="'staff'", actor_id=staff,
                  actor_name="'x'", source="''", act="'member.sought_by_phone'", subject="'x'",
                  reason="''", recorded_at="now()")  # fmt: skip
    await owner.execute(f"ANALYZE {', '.join(sorted(LARGE))}")


@pytest_asyncio.fixture
async def large(shop: Shop) -> AsyncIterator[Shop]:
    """A shop with twenty thousand of everything."""
    assert shop.runtime is not None
    store = (await shop.rows("SELECT id FROM store WHERE tenant_id = $1 LIMIT 1"))[0]["id"]
    till = (await shop.rows("SELECT id FROM integration WHERE tenant_id = $1"))[0]["id"]
    owner = await asyncpg.connect(**credentials(shop.runtime.places.owner()))
    try:
        async with owner.transaction():
            await _fill(owner, shop.tenant_id, store, till)
        yield shop
    finally:
        await owner.close()


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    found = [plan]
    for child in plan.get("Plans", []):
        found += _nodes(child)
    return found


@pytest.fixture
def read_whole(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """(table, statement) of every large table that a statement would read from end to end."""
    found: list[tuple[str, str]] = []
    fetch, alone = UnitConnection.fetch, UnitConnection.read

    async def explained(self: UnitConnection, sql: str, *values: object) -> list[dict[str, Any]]:
        if sql.lstrip().upper().startswith(("SELECT", "WITH", "UPDATE")):
            rows = await fetch(self, f"EXPLAIN (FORMAT JSON) {sql}", *values)
            for node in _nodes(orjson.loads(rows[0]["QUERY PLAN"])[0]["Plan"]):
                if node["Node Type"] == "Seq Scan" and node["Relation Name"] in LARGE:
                    found.append((node["Relation Name"], sql))
        return await fetch(self, sql, *values)

    async def value(self: UnitConnection, sql: str, *values: object) -> Any:
        (row,) = await explained(self, sql, *values)
        return next(iter(row.values()))

    async def read(self: UnitConnection, sql: str, *values: object) -> Any:
        await explained(self, sql, *values)
        return await alone(self, sql, *values)

    monkeypatch.setattr(UnitConnection, "read", read)
    monkeypatch.setattr(UnitConnection, "read_apart", as_any_read)
    monkeypatch.setattr(UnitConnection, "fetch", explained)
    monkeypatch.setattr(UnitConnection, "fetch_value", value)
    return found


PAGE = """
query ($orders: String, $entries: String) {
  me {
    points {
      balance
      expiringSoon { points }
      entries(after: $entries) { edges { node { points } } pageInfo { endCursor } }
    }
    orders(after: $orders) { edges { node { store { name } } } pageInfo { endCursor } }
    retail { orders channels { source } }
  }
}
"""


async def _hot_reads(shop: Shop) -> list[Callable[[], Awaitable[object]]]:
    rows = await shop.rows("SELECT id FROM member WHERE tenant_id = $1 LIMIT 1")
    member = rows[0]["id"]
    phones = [Identity("phone", "", f"+86138{n:08}") for n in range(50)]
    async with unit_of_work(shop.tenant_id):
        first = await page_of(member, PAGE)
    orders, entries = first["me"]["orders"], first["me"]["points"]["entries"]
    after = {
        "orders": orders["pageInfo"]["endCursor"],
        "entries": entries["pageInfo"]["endCursor"],
    }
    return [
        lambda: page_of(member, PAGE),
        lambda: page_of(member, PAGE, **after),
        lambda: balance_of(member),
        lambda: earned_by("order", [member]),
        lambda: find_members(phones),
    ]


async def test_no_hot_read_goes_through_a_whole_table(
    large: Shop, read_whole: list[tuple[str, str]]
) -> None:
    reads = await _hot_reads(large)
    read_whole.clear()  # of looking for a member to read
    for read in reads:
        async with unit_of_work(large.tenant_id):
            await read()
    async with unit_of_work(large.tenant_id):
        with pytest.raises(Exception, match="unknown"):
            await member_of_token("made-up")
    assert read_whole == []


async def test_who_of_the_staff_asks_is_read_through_no_whole_table(
    large: Shop, read_whole: list[tuple[str, str]]
) -> None:
    """With their role and stores, on each request; and so are their look-ups counted."""
    digests = [hashlib.sha256(f"t{n}".encode()).digest() for n in (7, 8)]
    async with unit_of_work(large.tenant_id):
        cards = await staff_of_digests(digests)
        assert sorted(card.handle for card in cards.values()) == ["s7", "s8"]
        assert all(card.rights.permissions == frozenset() for card in cards.values())
        act_as(Actor("staff", cards[digests[0]].id, "x"))
        await note_search(None)


@pytest.mark.parametrize(
    "filters", [{}, {"store": "S1"}, {"unassigned": True}, {"namePrefix": "王"}]
)
@pytest.mark.parametrize("columns", [["cardNo", "storeName", "advisor"], ["phone"]])
async def test_a_batch_of_an_export_goes_through_no_whole_table(
    columns: list[str], filters: dict[str, Any], large: Shop, read_whole: list[tuple[str, str]]
) -> None:
    asked, rights = Asked.of("members", columns, filters), Rights(classes=EVERY_CLASS)
    async with unit_of_work(large.tenant_id):
        first = await asked.batch(rights, None, None, 100)
        assert len(first.cells) == (0 if {"store", "namePrefix"} & filters.keys() else 100)
        await asked.batch(rights, None, first.last or (clock.now(), new_id()), 100)
    assert read_whole == []


async def test_taking_in_a_ticket_goes_through_no_whole_table(
    large: Shop, read_whole: list[tuple[str, str]]
) -> None:
    sale = large.ticket(phone="13800138000")
    await large.sold(sale)
    await large.sold(large.refund(sale, "2.50"))
    assert read_whole == []


async def test_finding_due_tenants_skips_along_the_index(
    large: Shop, read_whole: list[tuple[str, str]]
) -> None:
    async with dispatch_work():
        await due_tenants("inbox", "q.state = 'pending' AND q.due_at <= now()")
    assert read_whole == []


async def test_the_check_sees_a_whole_table_being_read(
    large: Shop, read_whole: list[tuple[str, str]]
) -> None:
    async with unit_of_work(large.tenant_id) as unit:
        for way in ("indexscan", "indexonlyscan", "bitmapscan"):
            await unit.connection.run(f"SET LOCAL enable_{way} = off")
        await fetch("SELECT id FROM member WHERE tenant_id = $1 AND card_no LIKE '%7%'")
    assert [table for table, _ in read_whole] == ["member"]


def test_no_statement_makes_a_condition_depend_on_its_parameter() -> None:
    """Plans are made once for all values (ADR 0011): `$2 IS NULL OR column = $2` would have them
    look at every row. `kit/conditions` writes only what is asked for."""
    parted = re.compile(r"\$\d+(::\w+(\[\])?)?\s+IS\s+NULL\s+OR", re.IGNORECASE)
    found = [
        path.relative_to(ROOT).as_posix()
        for folder in ("core", "schema", "plugins")
        for path in files(ROOT / folder, ".py", ".sql")
        if parted.search(path.read_text(encoding="utf-8")) and path.name != "conditions.py"
    ]
    assert found == []
    assert parted.search("AND ($3::uuid IS NULL OR q.id > $3)")
