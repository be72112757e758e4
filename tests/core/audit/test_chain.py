"""The audit's chain: in the order of commits, whole, and no edit, gap or cut goes unseen."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
from tests.support.scratch import connection_to
from tests.support.shop import Shop, open_shop

from shuke_core.audit import chain
from shuke_core.audit.actors import Actor, act_as
from shuke_core.audit.chain import Verdict, head, seal_entries, verify_chain
from shuke_core.audit.queries import Search, acts_before, opened_changes, opened_entries
from shuke_core.audit.services import record
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import unit_of_work
from shuke_core.members.services import rename_member
from shuke_core.tenants.keyring import AuditKey, audit_key

PHONE = "13800138000"
LINA = Actor("staff", UUID(int=7), "李娜", "192.0.2.7")


async def _act(shop: Shop, *acts: str) -> None:
    for act in acts:
        async with unit_of_work(shop.tenant_id):
            act_as(LINA)
            await record(act, "store:S1", changes={"name": ("一店", "壹店")}, reason="typo")


async def _seal(shop: Shop) -> None:
    for _ in range(2):
        await shop.work("relay", "reactions")


async def _verdict(shop: Shop, *known: tuple[int, str]) -> Verdict:
    async with unit_of_work(shop.tenant_id):
        return await verify_chain(known)


async def _head(shop: Shop) -> tuple[int, str]:
    async with unit_of_work(shop.tenant_id):
        end = await head()
    return end.position, end.mac.hex()


async def test_an_act_is_recorded_with_who_what_and_why(shop: Shop) -> None:
    await _act(shop, "store.renamed")
    await _seal(shop)
    async with unit_of_work(shop.tenant_id):
        (row,) = await acts_before(Search(act="store.renamed"), None, 10)
        assert (await opened_changes([row]))[row.id] == {"name": ["一店", "壹店"]}
    assert (row.actor_kind, row.actor_id, row.actor_name) == ("staff", LINA.id, "李娜")
    assert (row.source, row.subject, row.reason) == ("192.0.2.7", "store:S1", "typo")
    assert row.position is not None


async def test_what_is_rolled_back_leaves_no_entry(shop: Shop) -> None:
    before = (await _verdict(shop)).entries

    async def broken_off() -> None:
        async with unit_of_work(shop.tenant_id):
            await record("store.renamed", "store:S1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await broken_off()
    assert (await _verdict(shop)).entries == before


async def test_entries_are_sealed_once_in_the_order_of_their_commits(shop: Shop) -> None:
    await _act(shop, *[f"act.{n}" for n in range(5)])
    assert (await _verdict(shop)).unsealed >= 5
    await _seal(shop)
    await _seal(shop)
    rows = await shop.rows(
        "SELECT e.act FROM audit_link l JOIN audit_entry e ON e.tenant_id = $1 "
        "AND e.id = l.entry_id WHERE l.tenant_id = $1 AND e.act LIKE 'act.%' ORDER BY l.position"
    )
    assert [row["act"] for row in rows] == [f"act.{n}" for n in range(5)]
    found = await _verdict(shop)
    assert (found.unsealed, found.faults) == (0, ())
    assert found.head.position == found.entries


async def test_many_at_once_make_one_chain(shop: Shop) -> None:
    await asyncio.gather(*(_act(shop, f"act.{n}") for n in range(40)))
    await asyncio.gather(*(shop.work("relay", "reactions") for _ in range(4)))
    await _seal(shop)
    found = await _verdict(shop)
    assert (found.faults, found.unsealed, found.head.position) == ((), 0, found.entries)
    assert found.entries >= 40


async def test_each_tenant_has_a_chain_of_its_own(shop: Shop, other_shop: Shop) -> None:
    await _act(shop, "act.1", "act.2")
    await _act(other_shop, "act.1")
    for each in (shop, other_shop):
        await _seal(each)
    assert (await _head(shop))[1] != (await _head(other_shop))[1]
    assert (await _verdict(other_shop)).faults == ()


async def test_erasing_a_member_makes_changes_unreadable_and_leaves_the_chain_whole(
    shop: Shop,
) -> None:
    member_id = await shop.member(PHONE)
    async with unit_of_work(shop.tenant_id):
        await rename_member(member_id, "王小明")
    await _seal(shop)

    async def told() -> Any:
        async with unit_of_work(shop.tenant_id):
            (row,) = await acts_before(Search(member_id=member_id), None, 10)
            return (await opened_changes([row]))[row.id]

    assert await told() == {"name": [None, "王**"]}  # as everybody may see it
    await shop.rows("DELETE FROM member_key WHERE tenant_id = $1 RETURNING id")
    assert await told() is None
    assert (await _verdict(shop)).faults == ()


async def test_of_who_is_erased_only_the_act_is_kept(shop: Shop) -> None:
    """Under another key it would outlive them."""
    async with unit_of_work(shop.tenant_id):
        changes = {"name": ("王小明", None)}
        await record("made.up", "order:7", member_id=new_id(), reason="王小明", changes=changes)
        (row,) = await acts_before(Search(act="made.up"), None, 10)
        told = (await opened_entries([row]))[row.id]
    assert (row.subject, row.reason, row.changes) == ("order:~", "", None)
    assert (told.subject, told.reason, told.changes, told.is_damaged) == ("order", "", None, False)


async def test_the_app_can_change_no_entry_and_no_link(shop: Shop) -> None:
    await _act(shop, "act.1")
    await _seal(shop)
    for table in ("audit_entry", "audit_link"):
        for statement in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await shop.rows(f"{statement} WHERE tenant_id = $1 RETURNING id")


@asynccontextmanager
async def _as_owner(shop: Shop) -> AsyncIterator[asyncpg.Connection]:
    """The database's owner, whom row security and grants don't stop."""
    assert shop.runtime is not None
    async with connection_to(shop.runtime.places.owner()) as db:
        await db.execute(f"SET shuke.tenant_id = '{shop.tenant_id}'")
        yield db


async def test_an_entry_that_does_not_open_keeps_nobody_from_the_others(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    """Its page is answered, the entry says that it is damaged, and the chain where."""
    await _act(shop, "act.1", "act.2", "act.3")
    await _seal(shop)
    async with _as_owner(shop) as db:
        await db.execute(
            "UPDATE audit_entry SET changes = set_byte(changes, 20, get_byte(changes, 20) # 1) "
            "WHERE act = 'act.2' AND tenant_id = $1",
            shop.tenant_id,
        )
    async with unit_of_work(shop.tenant_id):
        rows = await acts_before(Search(subject="store:S1"), None, 10)
        told = await opened_entries(rows)
    damaged = {row.act: told[row.id].is_damaged for row in rows}
    assert damaged == {"act.1": False, "act.2": True, "act.3": False}
    assert [told[row.id].changes is None for row in rows] == [False, True, False]
    assert [each.getMessage() for each in caplog.records] == ["an audit entry does not open"]
    assert len((await _verdict(shop)).faults) == 1


async def test_a_members_damaged_key_closes_their_entries_alone(shop: Shop) -> None:
    """Theirs say that they are damaged, not that the member is erased; others are read."""
    damaged, other = await shop.member(PHONE), await shop.member("13700137000")
    for each in (damaged, other):
        async with unit_of_work(shop.tenant_id):
            await rename_member(each, "王小明")
    async with _as_owner(shop) as db:
        await db.execute(
            "UPDATE member_key SET wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1) "
            "WHERE tenant_id = $1 AND member_id = $2",
            *(shop.tenant_id, damaged),
        )
    async with unit_of_work(shop.tenant_id):
        of_them = Search(subject=f"member:{damaged}", member_id=damaged)
        await acts_before(
            of_them, None, 10
        )  # found as far as they stand in the clear; nothing is raised
        of_other = Search(subject=f"member:{other}", member_id=other)
        assert await acts_before(of_other, None, 10) != []
        rows = await acts_before(Search(act="member.renamed"), None, 10)
        told = await opened_entries(rows)
    found = {row.member_id: told[row.id] for row in rows}
    assert (found[damaged].changes, found[damaged].is_damaged) == (None, True)
    assert (found[other].changes, found[other].is_damaged) == ({"name": [None, "王**"]}, False)


_TAMPERINGS = {
    "an entry is edited": (
        "UPDATE audit_entry SET reason = 'other' WHERE act = 'act.2'",
        "does not fit its entry",
    ),
    "somebody else is named": (
        "UPDATE audit_entry SET actor_name = '王' WHERE act = 'act.2'",
        "does not fit its entry",
    ),
    "what changed is swapped for another entry's": (
        "UPDATE audit_entry SET changes = (SELECT changes FROM audit_entry WHERE act = 'act.1') "
        "WHERE act = 'act.2'",
        "does not fit its entry",
    ),
    "two entries trade places": (
        "UPDATE audit_link SET mac = '\\x00' WHERE position = 2",
        "does not fit its entry",
    ),
    "a link is taken out": (
        "DELETE FROM audit_link WHERE position = 2",
        "links 2 to 2 are missing",
    ),
    "an entry and its link are taken out and the gap is closed": (
        "DELETE FROM audit_link WHERE position = 2; "
        "UPDATE audit_link SET position = position - 1 WHERE position > 2",
        "does not fit its entry",
    ),
    "the tail is cut": (
        "DELETE FROM audit_link WHERE position > 2; "
        "DELETE FROM audit_entry e WHERE NOT EXISTS (SELECT FROM audit_link l WHERE l.entry_id = e.id)",
        "the log told of 5 links, here are 2",
    ),
    "an entry never gets its link": (
        "DELETE FROM audit_link WHERE position = 5; "
        "UPDATE audit_entry e SET recorded_at = recorded_at - interval '2 minutes' "
        "WHERE NOT EXISTS (SELECT FROM audit_link l WHERE l.entry_id = e.id)",
        "1 entries have no link after a minute",
    ),
}


@pytest_asyncio.fixture
async def chained(runtime: Any) -> Shop:
    """A tenant with five acts, sealed, and nothing else."""
    shop = await open_shop(runtime, points_per_yuan=Decimal(1), expires_after_days=None)
    await _seal(shop)
    return shop


@pytest.mark.parametrize("tampering", _TAMPERINGS)
async def test_even_the_owner_of_the_database_is_seen(tampering: str, chained: Shop) -> None:
    start = (await _head(chained))[0]
    await _act(chained, *[f"act.{n}" for n in range(5 - start)])
    await _seal(chained)
    end = await _head(chained)
    assert end[0] == 5
    assert (await _verdict(chained, end)).faults == ()
    statement, told = _TAMPERINGS[tampering]
    async with _as_owner(chained) as db:
        await db.execute(statement)
    faults = (await _verdict(chained, end)).faults
    assert any(told in fault for fault in faults), faults


async def test_a_chain_made_anew_with_another_key_is_seen(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _act(shop, "act.1", "act.2")
    await _seal(shop)
    end = await _head(shop)
    async with _as_owner(shop) as db:
        await db.execute("DELETE FROM audit_link")
    rows = await shop.rows("SELECT id FROM audit_entry WHERE tenant_id = $1 ORDER BY id")
    real = audit_key(shop.tenant_id)
    monkeypatch.setattr(chain, "audit_key", lambda _: AuditKey(real.id, b"x" * 32))
    async with unit_of_work(shop.tenant_id):
        await seal_entries([row["id"] for row in rows])
    monkeypatch.undo()
    assert any("does not fit" in fault for fault in (await _verdict(shop, end)).faults)
