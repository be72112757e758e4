"""Finding one member among 50,000, and reading a long life: plans as the app role, pinned.

What the product really sends is run under EXPLAIN ANALYZE. A look-up is a walk or two down an index; a
page of a timeline reads a page of each of its sources, however much there is.
"""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import orjson
import pytest
import pytest_asyncio
from tests.support.reading import columns_of, told_staff
from tests.support.shop import Shop

from shuke_core.assignments.services import Chosen, assign_members
from shuke_core.audit.queries import Search, acts_before
from shuke_core.database.config import credentials
from shuke_core.kit import clock
from shuke_core.kit.engine import UnitConnection
from shuke_core.kit.ids import new_id
from shuke_core.kit.pagination import MOST_ROWS
from shuke_core.kit.transactions import unit_of_work
from shuke_core.members.doubles import note_who_is_alike
from shuke_core.members.queries import id_of_phone, member_of_card
from shuke_core.members.timeline import MomentKind, timeline_of

pytestmark = pytest.mark.slow

ROWS = 50_000
PHONE = "13800138000"
_TABLES = (
    "member", "member_identity", "orders", "ledger_account", "ledger_entry", "interaction",
    "assignment", "member_note", "audit_entry", "merge_candidate", "member_merge", "campaign",
    "campaign_participation",
)  # fmt: skip
_NOT_TOLD = {"member_identity", "merge_candidate", "member_merge"}
_MEMBERS = f"""
INSERT INTO member (tenant_id, id, card_no, state, joined_at, version)
SELECT $1::uuid, md5('m' || $1::uuid::text || n)::uuid, substr(md5($1::uuid::text || n), 1, 16),
       'active', now(), 1 FROM generate_series(1, {ROWS}) n;
INSERT INTO member_identity (tenant_id, id, member_id, kind, issuer, digest, sealed, state, created_at)
SELECT $1::uuid, md5('y' || $1::uuid::text || n)::uuid, md5('m' || $1::uuid::text || n)::uuid,
       'phone', '', sha256(n::text::bytea), 'x', 'active', now() FROM generate_series(1, {ROWS}) n
"""
# One member has half of everything, and others the rest.
_OWNER = "CASE WHEN n % 2 = 0 THEN $2::uuid ELSE md5('m' || $1::uuid::text || n)::uuid END"
_AT = "now() - make_interval(secs => n)"
_LIVES = f"""
INSERT INTO ledger_account (tenant_id, id, member_id, asset, available, debt)
SELECT $1::uuid, md5('m' || $1::uuid::text || n)::uuid, md5('m' || $1::uuid::text || n)::uuid,
       'points', 0, 0 FROM generate_series(1, {ROWS}) n;
INSERT INTO ledger_entry (tenant_id, id, account_id, kind, amount, debt_change, cause_type, cause_id,
                          happened_at, recorded_at)
SELECT $1::uuid, md5('e' || $1::uuid::text || n)::uuid,
       CASE WHEN n % 2 = 0 THEN (SELECT id FROM ledger_account WHERE member_id = $2::uuid)
            ELSE md5('m' || $1::uuid::text || n)::uuid END,
       'earn', 1, 0, 'gift', md5('e' || n)::uuid, {_AT}, now() FROM generate_series(1, {ROWS}) n;
INSERT INTO orders (tenant_id, id, source, store_id, external_no, business_day, member_id, state,
                    total_fen, paid_fen, refunded_fen, currency, placed_at, completed_at, received_at,
                    recorded_at, version)
SELECT $1::uuid, md5('o' || $1::uuid::text || n)::uuid, 'x',
       (SELECT id FROM store WHERE tenant_id = $1::uuid LIMIT 1), n::text, '2026-01-02', {_OWNER},
       'completed', n, n, 0, 'CNY', {_AT}, {_AT}, now(), now(), 1 FROM generate_series(1, {ROWS}) n;
INSERT INTO interaction (tenant_id, id, member_id, kind, channel, scene, subject, recorded_at)
SELECT $1::uuid, md5('i' || $1::uuid::text || n)::uuid, {_OWNER}, 'inquiry', 'mini_program', '', '',
       {_AT} FROM generate_series(1, {ROWS}) n;
INSERT INTO campaign (tenant_id, id, code, name_zh, name_en, goal, state, version, starts_at, ends_at,
                      channels, reward_points, per_member, joined, spent_points, rejected_because,
                      created_at, changed_at)
SELECT $1::uuid, md5('p' || $1::uuid::text || n)::uuid, n::text, 'x', 'x', '', 'approved', 1, {_AT},
       now() + interval '1 day', '[]', 0, 1, 0, 0, '', {_AT}, {_AT} FROM generate_series(1, {ROWS}) n;
INSERT INTO campaign_participation (tenant_id, id, campaign_id, member_id, kind, times, points,
                                    first_at, last_at)
SELECT $1::uuid, md5('q' || $1::uuid::text || n)::uuid, md5('p' || $1::uuid::text || n)::uuid, {_OWNER},
       'joined', 1, 0, {_AT}, {_AT} FROM generate_series(1, {ROWS}) n;
INSERT INTO assignment (tenant_id, id, member_id, way, reason, actor_name, assigned_at)
SELECT $1::uuid, md5('a' || $1::uuid::text || n)::uuid, {_OWNER}, 'by_hand', '', 'x', {_AT}
  FROM generate_series(1, {ROWS}) n;
INSERT INTO member_note (tenant_id, id, member_id, sealed, actor_name, written_at)
SELECT $1::uuid, md5('n' || $1::uuid::text || n)::uuid, {_OWNER}, 'x', 'x', {_AT}
  FROM generate_series(1, {ROWS}) n;
INSERT INTO audit_entry (tenant_id, id, actor_kind, actor_name, source, act, subject, member_id,
                         reason, recorded_at)
SELECT $1::uuid, md5('u' || $1::uuid::text || n)::uuid, 'staff', 'x', '', 'x', 'x', {_OWNER}, '', {_AT}
  FROM generate_series(1, {ROWS}) n
"""


# Half of the pairs are settled; of those found last the most.
_DOUBLES = f"""
INSERT INTO merge_candidate (tenant_id, id, member_id, older_id, reason, state, found_at, closed_by_id)
SELECT $1::uuid, md5('c' || $1::uuid::text || n)::uuid, md5('m' || $1::uuid::text || n)::uuid, $2::uuid,
       'phone', CASE WHEN n <= {ROWS} / 2 THEN 'closed' ELSE 'open' END, {_AT},
       CASE WHEN n <= {ROWS} / 2 THEN $2::uuid END FROM generate_series(1, {ROWS}) n;
INSERT INTO member_merge (tenant_id, id, survivor_id, absorbed_id, state, reason, changed, kept,
                          merged_at, undo_until)
SELECT $1::uuid, md5('g' || $1::uuid::text || n)::uuid, $2::uuid, md5('m' || $1::uuid::text || n)::uuid,
       'done', '', '[]', 'x', {_AT}, now() FROM generate_series(1, {ROWS}) n
"""


async def _fill(shop: Shop, statements: str, *given: object) -> None:
    assert shop.runtime is not None
    owner = await asyncpg.connect(**credentials(shop.runtime.places.owner()))
    try:
        async with owner.transaction():
            await owner.execute(f"SET LOCAL shuke.tenant_id = '{shop.tenant_id}'")
            for statement in statements.split(";"):
                used = 2 if "$2" in statement else 1
                await owner.execute(statement, *(shop.tenant_id, *given)[:used])
            await owner.execute(f"ANALYZE {', '.join(_TABLES)}")
    finally:
        await owner.close()


@pytest_asyncio.fixture
async def many(shop: Shop) -> AsyncIterator[Shop]:
    """A shop with 50,000 members and one that has a phone."""
    await shop.sold(shop.ticket(phone=PHONE))
    await _fill(shop, _MEMBERS)
    yield shop


@pytest.fixture
def scans(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Every scan in what is read: its kind, table, what it seeks by, how many rows it went through."""
    found: list[dict[str, Any]] = []
    fetch, alone = UnitConnection.fetch, UnitConnection.read

    def note(plan: dict[str, Any]) -> None:
        if "Relation Name" in plan:
            read = (plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)) * plan[
                "Actual Loops"
            ]
            kind, by = plan["Node Type"], plan.get("Index Cond", "")
            found.append(
                {"kind": kind, "table": plan["Relation Name"], "by": by, "rows": round(read)}
            )
        for child in plan.get("Plans", []):
            note(child)

    async def explained(self: UnitConnection, sql: str, *values: object) -> list[dict[str, Any]]:
        if sql.lstrip().upper().startswith("SELECT"):
            rows = await fetch(self, f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *values)
            note(orjson.loads(rows[0]["QUERY PLAN"])[0]["Plan"])
        if "INSERT INTO merge_candidate" in sql:  # found and written in one statement
            rows = await fetch(self, f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *values)
            note(orjson.loads(rows[0]["QUERY PLAN"])[0]["Plan"])
            return []
        return await fetch(self, sql, *values)

    async def value(self: UnitConnection, sql: str, *values: object) -> Any:
        rows = await explained(self, sql, *values)
        return next(iter(rows[0].values())) if rows else None

    async def read(self: UnitConnection, sql: str, *values: object) -> Any:
        await explained(self, sql, *values)
        return await alone(self, sql, *values)

    monkeypatch.setattr(UnitConnection, "read", read)
    monkeypatch.setattr(UnitConnection, "fetch", explained)
    monkeypatch.setattr(UnitConnection, "fetch_value", value)
    return found


def _of_members(scans: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [scan for scan in scans if scan["table"] in _TABLES]


async def test_a_phone_is_one_walk_down_one_index_and_a_card_two(
    many: Shop, scans: list[dict[str, Any]]
) -> None:
    async with unit_of_work(many.tenant_id):
        member = await id_of_phone(PHONE)
        assert member is not None
    (found,) = _of_members(scans)
    assert found["kind"] in ("Index Scan", "Index Only Scan")
    assert (found["table"], found["rows"]) == ("member_identity", 1)
    assert "digest" in found["by"]
    (row,) = await many.rows("SELECT card_no FROM member WHERE tenant_id = $1 AND id = $2", member)
    scans.clear()
    async with unit_of_work(many.tenant_id):
        told = await columns_of(member_of_card(row["card_no"]), "id")
    assert told == {"id": str(member)}
    named, now = _of_members(scans)  # who has the card, and who they are now
    for found, by in ((named, "card_no"), (now, "id")):
        assert found["kind"] == "Index Scan"
        assert (found["table"], found["rows"]) == ("member", 1)
        assert by in found["by"]


async def test_a_page_of_a_long_life_reads_a_page_of_each_source(
    many: Shop, scans: list[dict[str, Any]]
) -> None:
    member = await many.member(PHONE)
    await _fill(many, _LIVES, member)
    for before in (None, (clock.now(), new_id())):
        scans.clear()
        async with unit_of_work(many.tenant_id):
            moments = await timeline_of(member, set(MomentKind), before, 21)
        assert len(moments) == 21
        assert len({moment.kind for moment in moments}) == len(MomentKind)
        read = _of_members(scans)
        assert {scan["table"] for scan in read} == set(_TABLES) - _NOT_TOLD
        assert [scan for scan in read if scan["rows"] > MOST_ROWS + 1] == []
        assert {scan["kind"] for scan in read} <= {"Index Scan", "Index Only Scan"}


async def test_a_page_of_a_merged_life_reads_a_page_of_each_who_was_merged(
    many: Shop, scans: list[dict[str, Any]]
) -> None:
    member, other = await many.member(PHONE), await many.member("13900139000")
    await many.rows(
        "UPDATE member SET state = 'merged', merged_into_id = $3 WHERE tenant_id = $1 AND id = $2",
        *(member, other),
    )
    await _fill(many, _LIVES, member)
    kinds = {MomentKind.POINTS, MomentKind.STAFF_ACT}
    for before in (None, (clock.now(), new_id())):
        scans.clear()
        async with unit_of_work(many.tenant_id):
            moments = await timeline_of(other, kinds, before, 21)
        assert len(moments) == 21
        assert {moment.kind for moment in moments} == kinds
        read = _of_members(scans)
        assert {scan["table"] for scan in read} == {
            *("member", "ledger_account", "ledger_entry", "audit_entry")
        }
        assert [scan for scan in read if scan["rows"] > 2 * (MOST_ROWS + 1)] == []
        assert {scan["kind"] for scan in read} <= {"Index Scan", "Index Only Scan"}
        scans.clear()
        async with unit_of_work(many.tenant_id):
            assert len(await acts_before(Search(member_id=other), before, 21)) == 21
        read = _of_members(scans)
        assert [scan for scan in read if scan["rows"] > 2 * (MOST_ROWS + 1)] == []
        assert {scan["kind"] for scan in read} <= {"Index Scan", "Index Only Scan"}


async def test_a_page_of_doubles_reads_a_page_and_its_members(
    many: Shop, scans: list[dict[str, Any]]
) -> None:
    await _fill(many, _DOUBLES, await many.member(PHONE))
    for listed, members, table in (
        ("mergeCandidates", "member { id } older { id }", "merge_candidate"),
        ("merges", "member { id }", "member_merge"),
    ):
        scans.clear()
        async with unit_of_work(many.tenant_id):
            page = await told_staff(
                f"{{ {listed}(first: 20) {{ edges {{ node {{ {members} }} }} }} }}"
            )
        assert len(page[listed]["edges"]) == 20
        read = _of_members(scans)
        assert [scan for scan in read if not scan["kind"].startswith("Index")] == []
        assert {scan["table"] for scan in read} == {table, "member"}
        assert max(scan["rows"] for scan in read) <= 21


async def test_who_is_alike_is_one_walk_down_one_index(
    many: Shop, scans: list[dict[str, Any]]
) -> None:
    member = await many.member(PHONE)
    await many.rows(
        "UPDATE member SET name = '王', birthday = '1990-05-01' WHERE tenant_id = $1 AND id = $2",
        member,
    )
    await many.rows(
        "UPDATE member SET name = '王', birthday = date '1950-01-01' + (abs(hashtext(card_no)) % 20000) "
        "WHERE tenant_id = $1 AND id <> $2",
        member,
    )
    await _fill(many, "SELECT 1 WHERE $1::uuid IS NOT NULL")
    async with unit_of_work(many.tenant_id):
        await note_who_is_alike(member)
    read = [scan for scan in scans if scan["table"] == "member"]
    assert {scan["kind"] for scan in read} <= {"Index Scan", "Index Only Scan"}
    assert sum(scan["rows"] for scan in read) <= 50


async def test_members_who_are_given_away_are_found_by_their_ids(
    many: Shop, scans: list[dict[str, Any]]
) -> None:
    member, other = await many.member(PHONE), await many.member("13900139000")
    scans.clear()
    async with unit_of_work(many.tenant_id):
        assert await assign_members(Chosen(ids=[member, other]), None) == 0
    read = [scan for scan in scans if scan["table"] == "member"]
    assert read != []
    assert [scan for scan in read if not scan["kind"].startswith("Index")] == []
    assert sum(scan["rows"] for scan in read) <= 4
