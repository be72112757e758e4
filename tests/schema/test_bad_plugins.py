"""A wilfully bad plugin: what raises, hangs, breaks SQL or floods harms nobody but itself."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from time import monotonic
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import strawberry
from tests.support.shop import Shop

from shuke_core.access.rights import FieldClass
from shuke_core.events.outbox import announce
from shuke_core.events.reactions import Event, Reaction
from shuke_core.integrations.ticket_facts import CleanSale
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch, savepoint, unit_of_work
from shuke_core.members import queries
from shuke_core.members.events import MemberJoined
from shuke_core.orders.events import OrderCompleted
from shuke_core.plugin_host import Plugin, enable_plugin, install, uninstall
from shuke_core.plugins.hooks import hookimpl
from shuke_core.plugins.queries import plugin_faults
from shuke_core.plugins.services import note_fault
from shuke_core.projection.declare import Projection, sql
from shuke_schema import containment
from shuke_schema.asgi import create_app
from shuke_schema.members.parent import MemberParent
from shuke_schema.parts import Audience, Part
from shuke_schema.rights import shows

PHONE = "13800138000"


@shows(FieldClass.PUBLIC)
@strawberry.type
class Nest:
    @strawberry.field
    def egg(self) -> str | None:
        raise RuntimeError("rotten")


@shows(FieldClass.PUBLIC)
@strawberry.type
class BadFields:
    @strawberry.field
    async def raises(self, parent: MemberParent) -> str | None:
        raise RuntimeError(f"no answer\x00 for {parent.id is None}, call 13900139000")

    @strawberry.field
    async def hangs(self, parent: MemberParent) -> str | None:
        await asyncio.sleep(60)
        return None

    @strawberry.field
    async def breaks(self, parent: MemberParent) -> str | None:
        await fetch("UPDATE member SET name = 'bad' WHERE tenant_id = $1")
        await fetch("SELECT 1 / 0 WHERE $1::uuid IS NOT NULL")
        return None

    @strawberry.field
    def nest(self, parent: MemberParent) -> Nest | None:
        return Nest()

    @strawberry.field
    async def good(self, parent: MemberParent) -> int | None:
        rows = await fetch("SELECT count(*) AS n FROM member WHERE tenant_id = $1")
        return int(rows[0]["n"])

    @strawberry.field
    async def no_number(self, parent: MemberParent) -> int | None:
        return "no number"  # type: ignore[return-value]

    ratio: int | None
    slow: str | None
    fine: str | None


class BadAnswers(Projection, joins=queries.Member):
    ratio: int | None = sql("1 / (length(this.card_no) - length(this.card_no))")
    slow: str | None = sql("(select pg_sleep(30)::text)")
    fine: str | None = sql("upper('fine')")


@shows(FieldClass.PUBLIC)
@strawberry.type
class BadOrderFields:
    @strawberry.field
    async def waits(self) -> str | None:
        await asyncio.sleep(60)
        return None

    @strawberry.field
    async def throws(self) -> str | None:
        raise RuntimeError("each time")


part = Part(
    "bad",
    Audience.MEMBER,
    {"Member": (BadFields,), "Order": (BadOrderFields,)},
    (BadAnswers,),
)


async def _flood(events: Sequence[Event]) -> None:
    """Announces a thousand facts for each, and then fails."""
    for _ in events:
        for _ in range(1000):
            announce(MemberJoined(new_id()))
    raise RuntimeError("and fails")


@hookimpl
async def shuke_refuse_sales(sales: Sequence[CleanSale]) -> Mapping[int, str]:
    """Vetoes sales that nobody asked it about, by the hundred thousand."""
    return dict.fromkeys(range(100, 100_000), "FLOOD")


@pytest.fixture
def bad(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The plugin, installed; its fields get a fifth of a second."""
    monkeypatch.setattr(containment, "FIELD_SECONDS", 0.2)
    flood = Reaction("bad.flood", frozenset({OrderCompleted.type}), _flood, plugin="bad")
    install(
        Plugin(
            "bad",
            {"zh": "坏", "en": "Bad"},
            "1.0",
            ">=0.1,<0.2",
            hooks=SimpleNamespace(shuke_refuse_sales=shuke_refuse_sales),
            reactions=(flood,),
            graphql="tests.schema.test_bad_plugins:part",
        )
    )
    yield
    uninstall("bad")


async def _asked(shop: Shop, selection: str) -> dict[str, Any]:
    transport = httpx.ASGITransport(create_app(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://shuke") as client:
        answer = await client.post(
            f"/t/{shop.slug}/member/graphql",
            json={"query": f"{{ me {{ {selection} }} }}"},
            headers=await shop.login(PHONE),
        )
    body: dict[str, Any] = answer.json()
    return body


async def _on(shop: Shop) -> None:
    async with unit_of_work(shop.tenant_id):
        await enable_plugin("bad")


async def _faults(shop: Shop) -> dict[str, int]:
    async with unit_of_work(shop.tenant_id):
        return {fault.place: fault.times for fault in await plugin_faults()}


async def test_fields_that_fail_are_null_named_and_counted_and_the_rest_is_answered(
    bad: None, shop: Shop
) -> None:
    await _on(shop)
    await shop.sold(shop.ticket(phone=PHONE, name="王"))
    page = "name points { balance } orders { edges { node { total { fen } } } }"
    body = await _asked(shop, f"raises breaks good nest {{ egg }} hangs {page}")
    me = body["data"]["me"]
    assert me is not None, body
    assert (me["raises"], me["hangs"], me["breaks"], me["nest"]) == (
        None,
        None,
        None,
        {"egg": None},
    )
    assert (me["name"], me["good"], me["points"]) == ("王", 1, {"balance": 12})
    assert me["orders"]["edges"] == [{"node": {"total": {"fen": 1250}}}]
    told = {tuple(error["path"]): error["extensions"]["code"] for error in body["errors"]}
    assert told == dict.fromkeys(
        [("me", "raises"), ("me", "hangs"), ("me", "breaks"), ("me", "nest", "egg")],
        "PLUGIN_FAILED",
    )
    assert all("rotten" not in error["message"] for error in body["errors"])
    faults = await _faults(shop)
    assert faults.pop("shuke_refuse_sales") == 1
    assert faults == dict.fromkeys(
        ["Member.raises", "Member.hangs", "Member.breaks", "Nest.egg"], 1
    )
    assert await shop.rows("SELECT name FROM member WHERE tenant_id = $1") == [{"name": "王"}]


async def test_what_is_kept_of_a_failure_names_nobody_and_can_be_kept(
    bad: None, shop: Shop
) -> None:
    await _on(shop)
    body = await _asked(shop, "name raises")
    assert body["data"]["me"]["raises"] is None
    async with unit_of_work(shop.tenant_id):
        (fault,) = await plugin_faults()
    assert fault.reason == "RuntimeError: no answer for False, call (phone)"


async def test_a_wrong_answer_is_the_plugins_failure(bad: None, shop: Shop) -> None:
    await _on(shop)
    body = await _asked(shop, "noNumber points { balance }")
    assert body["data"]["me"] == {"noNumber": None, "points": {"balance": 0}}
    (error,) = body["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["me", "noNumber"], "PLUGIN_FAILED")
    assert await _faults(shop) == {"Member.noNumber": 1}


@pytest.mark.parametrize(
    ("field", "reason"),
    [("ratio", "DivisionByZeroError: division by zero"), ("slow", "TimeoutError: not done in")],
)
async def test_sql_that_fails_is_left_out_named_and_counted(
    bad: None, shop: Shop, field: str, reason: str
) -> None:
    await _on(shop)
    await shop.sold(shop.ticket(phone=PHONE, name="王"))
    body = await _asked(shop, f"{field} name points {{ balance }} other: fine")
    assert body["data"]["me"] == {
        field: None,
        "name": "王",
        "points": {"balance": 12},
        "other": None,
    }
    told = {tuple(error["path"]): error["extensions"]["code"] for error in body["errors"]}
    assert told == dict.fromkeys([("me", field), ("me", "other")], "PLUGIN_FAILED")
    async with unit_of_work(shop.tenant_id):
        (fault,) = [each for each in await plugin_faults() if each.place.startswith("Member")]
    assert (fault.key, fault.place, fault.times) == (
        "bad",
        f"Member.{min('fine', field)}, Member.{max('fine', field)}",
        1,
    )
    assert fault.reason.startswith(reason)
    assert (await _asked(shop, "fine"))["data"]["me"] == {"fine": "FINE"}


async def test_of_two_plugins_with_sql_the_one_that_fails_is_left_out(
    bad: None, shop: Shop
) -> None:
    await _on(shop)
    async with unit_of_work(shop.tenant_id):
        await enable_plugin("retail")
    body = await _asked(shop, "ratio retail { orders }")
    assert body["data"]["me"] == {"ratio": None, "retail": {"orders": 0}}
    assert [error["path"] for error in body["errors"]] == [["me", "ratio"]]
    assert await _faults(shop) == {"Member.ratio": 1}


async def test_on_a_list_one_that_hangs_is_waited_for_once_and_one_that_raises_told_once(
    bad: None, shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    await _on(shop)
    await shop.sold(*(shop.ticket(phone=PHONE) for _ in range(20)))
    caplog.clear()
    began = monotonic()
    body = await _asked(shop, "orders(first: 20) { edges { node { throws } } }")
    assert len(body["errors"]) == 20
    assert [each.place for each in caplog.records if hasattr(each, "place")] == ["Order.throws"]
    body = await _asked(shop, "orders(first: 20) { edges { node { waits } } }")
    assert body["data"]["me"]["orders"]["edges"] == [{"node": {"waits": None}}] * 20
    assert monotonic() - began < 3  # twenty times a fifth of a second would be more
    faults = await _faults(shop)
    assert (faults["Order.throws"], faults["Order.waits"]) == (20, 20)


async def test_two_documents_that_fail_in_another_order_wait_for_nobody(
    bad: None, shop: Shop
) -> None:
    await _on(shop)
    await shop.login(PHONE)
    asked = [_asked(shop, "noNumber breaks"), _asked(shop, "breaks noNumber")] * 1
    asked += [
        _asked(shop, each) for each in ["noNumber raises breaks", "breaks raises noNumber"] * 4
    ]
    assert all(body["data"]["me"] for body in await asyncio.gather(*asked))
    assert await _faults(shop) == {"Member.noNumber": 10, "Member.breaks": 10, "Member.raises": 8}


async def test_the_shared_rows_are_locked_at_the_end_only(bad: None, shop: Shop) -> None:
    async with unit_of_work(shop.tenant_id):
        await note_fault("bad", "first", RuntimeError("held"))
        assert await plugin_faults() == []
        with suppress(RuntimeError):
            async with savepoint():
                await note_fault("bad", "second", RuntimeError("in a part that is undone"))
                raise RuntimeError("undone")
    assert await _faults(shop) == {"first": 1, "second": 1}


async def test_a_flood_of_events_and_vetoes_keeps_no_ticket_out_and_no_points_back(
    bad: None, shop: Shop
) -> None:
    await _on(shop)
    await shop.sold(shop.ticket(phone=PHONE), shop.ticket(phone=PHONE))
    body = await _asked(shop, "points { balance }")
    assert body["data"]["me"] == {"points": {"balance": 24}}
    floods = "SELECT count(*) AS n FROM event WHERE tenant_id = $1 AND type = 'member.joined'"
    assert await shop.rows(floods) == [{"n": 1}]
    parked = "SELECT DISTINCT reaction FROM parked_event WHERE tenant_id = $1"
    assert await shop.rows(parked) == [{"reaction": "bad.flood"}]


async def test_where_it_is_off_there_is_no_trace_of_it(
    bad: None, shop: Shop, other_shop: Shop
) -> None:
    await _on(shop)
    await other_shop.sold(other_shop.ticket(phone=PHONE))
    body = await _asked(other_shop, "raises")
    assert body["errors"][0]["extensions"]["code"] == "DOCUMENT_INVALID"
    assert await _faults(other_shop) == {}
    assert await other_shop.rows("SELECT id FROM parked_event WHERE tenant_id = $1") == []
