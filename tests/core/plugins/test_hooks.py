"""Hooks reach the plugins that are on; one that fails is named, counted, and harms nobody."""

import asyncio
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.support.shop import Shop

from shuke_core.events.outbox import announce
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch, unit_of_work
from shuke_core.members.events import MemberJoined
from shuke_core.plugin_host import (
    Plugin,
    disable_plugin,
    enable_plugin,
    install,
    uninstall,
)
from shuke_core.plugins import hooks
from shuke_core.plugins.hooks import call_hook, hookimpl
from shuke_core.plugins.queries import plugin_faults
from shuke_core.plugins.services import keep_settings
from shuke_core.tenants.services import add_store

Install = Callable[..., str]


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs a plugin of one hook for the length of the test; returns its key."""
    keys: list[str] = []

    def put(key: str, refuse: Callable[..., Any]) -> str:
        module = types.ModuleType(key)
        module.shuke_refuse_sales = hookimpl(refuse)  # type: ignore[attr-defined]
        install(Plugin(key, {"zh": key, "en": key}, "1", ">=0", hooks=module))
        keys.append(key)
        return key

    yield put
    for key in keys:
        uninstall(key)


async def _ask(shop: Shop) -> list[tuple[str, Any]]:
    async with unit_of_work(shop.tenant_id):
        return await call_hook("shuke_refuse_sales", dict, sales=[])


async def _on(shop: Shop, *keys: str) -> None:
    async with unit_of_work(shop.tenant_id):
        for key in keys:
            await enable_plugin(key)


async def test_only_plugins_that_are_on_are_asked_in_the_order_of_their_keys(
    shop: Shop, other_shop: Shop, installed: Install
) -> None:
    async def answer(sales: Any) -> dict[int, str]:
        return {0: "NO"}

    for key in ("zeta", "alpha", "middle"):
        installed(key, answer)
    await _on(shop, "zeta", "alpha")
    assert [key for key, _ in await _ask(shop)] == ["alpha", "zeta"]
    assert await _ask(other_shop) == []
    async with unit_of_work(shop.tenant_id):
        await disable_plugin("alpha")
    assert [key for key, _ in await _ask(shop)] == ["zeta"]


async def test_one_that_raises_is_left_out_and_counted(shop: Shop, installed: Install) -> None:
    async def raises(sales: Any) -> None:
        raise RuntimeError("broken")

    async def answers(sales: Any) -> dict[int, str]:
        return {}

    installed("bad", raises)
    installed("good", answers)
    await _on(shop, "bad", "good")
    assert await _ask(shop) == [("good", {})]
    await _ask(shop)
    async with unit_of_work(shop.tenant_id):
        (fault,) = await plugin_faults()
    assert (fault.key, fault.place, fault.times) == ("bad", "shuke_refuse_sales", 2)
    assert fault.reason == "RuntimeError: broken"


async def test_one_that_hangs_is_cut_at_its_deadline(
    shop: Shop, installed: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "DEADLINE_SECONDS", 0.05)

    async def hangs(sales: Any) -> None:
        await asyncio.sleep(60)

    async def hangs_in_the_database(sales: Any) -> None:
        await fetch("SELECT pg_sleep(60) WHERE $1::uuid IS NOT NULL")

    installed("hangs", hangs)
    installed("sleeps", hangs_in_the_database)
    await _on(shop, "hangs", "sleeps")
    async with unit_of_work(shop.tenant_id):
        assert await call_hook("shuke_refuse_sales", dict, sales=[]) == []
        assert await add_store("S8", "after") is True  # the unit of work is as good as before
    async with unit_of_work(shop.tenant_id):
        assert {fault.key for fault in await plugin_faults()} == {"hangs", "sleeps"}
    assert len(await shop.rows("SELECT id FROM store WHERE tenant_id = $1 AND code = 'S8'")) == 1


async def test_what_a_failing_one_wrote_and_announced_is_undone(
    shop: Shop, installed: Install
) -> None:
    async def writes_and_fails(sales: Any) -> None:
        await add_store("S9", "half done")
        announce(MemberJoined(new_id()))
        raise RuntimeError("after writing")

    async def breaks_a_statement(sales: Any) -> None:
        await fetch("SELECT 1 / 0 WHERE $1::uuid IS NOT NULL")

    installed("writes", writes_and_fails)
    installed("zero", breaks_a_statement)
    await _on(shop, "writes", "zero")
    async with unit_of_work(shop.tenant_id):
        announce(MemberJoined(new_id()))
        await call_hook("shuke_refuse_sales", dict, sales=[])
    stores = await shop.rows("SELECT code FROM store WHERE tenant_id = $1 ORDER BY code")
    events = await shop.rows("SELECT id FROM event WHERE tenant_id = $1 AND type = 'member.joined'")
    assert [row["code"] for row in stores] == ["S1", "S2"]
    assert len(events) == 1


async def test_a_ticket_goes_in_although_a_plugin_fails(shop: Shop, installed: Install) -> None:
    async def raises(sales: Any) -> None:
        raise RuntimeError("broken")

    installed("bad", raises)
    await _on(shop, "bad")
    await shop.sold(shop.ticket(phone="13800138000"))
    rows = await shop.rows("SELECT available FROM ledger_account WHERE tenant_id = $1")
    assert rows == [{"available": 12}]


async def test_settings_that_no_longer_fit_are_the_plugins_failure(
    shop: Shop, installed: Install
) -> None:
    async def answers(sales: Any) -> dict[int, str]:
        return {}

    installed("good", answers)
    installed("old", answers)
    await _on(shop, "good", "old")
    async with unit_of_work(shop.tenant_id):
        await keep_settings("old", {"of_an_older_version": 1})
    assert await _ask(shop) == [("good", {})]
    async with unit_of_work(shop.tenant_id):
        assert [(fault.key, fault.times) for fault in await plugin_faults()] == [("old", 1)]


async def test_one_that_is_late_again_and_again_never_leaves_the_savepoint_open(
    shop: Shop, installed: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "DEADLINE_SECONDS", 0.01)

    async def just_late(sales: Any) -> None:
        await asyncio.sleep(0.0099)

    installed("late", just_late)
    await _on(shop, "late")
    async with unit_of_work(shop.tenant_id):
        for _ in range(50):
            await call_hook("shuke_refuse_sales", dict, sales=[])
        assert await add_store("S8", "after") is True
