"""What the host refuses, and what switching on and off does."""

import types
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from tests.support.shop import Shop

from shuke_core.access.permissions import Permission
from shuke_core.events.outbox import announce
from shuke_core.events.reactions import Event, Reaction
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import unit_of_work
from shuke_core.members.events import MemberJoined
from shuke_core.plugin_host import (
    Plugin,
    configure_plugin,
    disable_plugin,
    discover,
    enable_plugin,
    install,
    installed_plugins,
    plugin_of,
    uninstall,
)
from shuke_core.plugins.configuration import PluginSettings, settings_of
from shuke_core.plugins.errors import PluginRefused, PluginSettingsInvalid, PluginUnknown
from shuke_core.plugins.hooks import hookimpl
from shuke_core.worker.schedules import Schedule

GOOD = Plugin("sample", {"zh": "样", "en": "Sample"}, "1.0", ">=0.1,<0.2")


class SampleSettings(PluginSettings):
    limit: int = 3


async def _nothing(*_: Any) -> bool:
    return False


def _unknown_hook() -> object:
    async def shuke_no_such_hook() -> None:
        """Nobody calls it."""

    return types.SimpleNamespace(shuke_no_such_hook=hookimpl(shuke_no_such_hook))


@pytest.mark.parametrize(
    ("plugin", "problem"),
    [
        (replace(GOOD, key="Sample!"), "its key must be"),
        (replace(GOOD, hosts=">=9"), "works with Shuke >=9"),
        (replace(GOOD, hosts="nine"), "no range of versions"),
        (replace(GOOD, label={"en": "Sample"}), "zh and en"),
        (replace(GOOD, permissions=(Permission("other.read", {}),)), "must begin with 'sample.'"),
        (replace(GOOD, hooks=_unknown_hook()), "shuke_no_such_hook"),
        (
            replace(GOOD, schedules=(Schedule("sample.x", 1, 0, _nothing),)),
            "say plugin='sample'",
        ),
    ],
)  # fmt: skip
def test_a_plugin_that_is_wrong_stops_the_start_with_key_and_reason(
    plugin: Plugin, problem: str
) -> None:
    before = installed_plugins()
    with pytest.raises(PluginRefused, match=problem) as refused:
        install(plugin)
    assert plugin.key in str(refused.value)
    assert installed_plugins() == before


def test_two_plugins_of_one_key_are_refused() -> None:
    install(GOOD)
    try:
        with pytest.raises(PluginRefused, match="another plugin has its key"):
            install(replace(GOOD, version="2.0"))
    finally:
        uninstall("sample")


def test_the_three_of_this_repository_are_found_by_their_entry_points() -> None:
    assert {"retail", "catering", "education"} <= {plugin.key for plugin in discover()}


async def test_an_unknown_plugin_is_named_with_those_that_are_there(shop: Shop) -> None:
    async with unit_of_work(shop.tenant_id):
        with pytest.raises(PluginUnknown, match="retail"):
            await enable_plugin("sampel")
    with pytest.raises(PluginUnknown):
        plugin_of("sampel")


async def test_settings_are_typed_have_defaults_and_hold_while_the_plugin_is_on(
    shop: Shop,
) -> None:
    install(replace(GOOD, settings=SampleSettings))
    try:
        async with unit_of_work(shop.tenant_id):
            await enable_plugin("sample")
            assert await settings_of("sample") == SampleSettings(limit=3)
            assert await configure_plugin("sample", {"limit": 7}) == {"limit": 7}
            assert await settings_of("sample") == SampleSettings(limit=7)
            for wrong in ({"limit": "many"}, {"limti": 7}):
                with pytest.raises(PluginSettingsInvalid, match="lim"):
                    await configure_plugin("sample", wrong)
            await disable_plugin("sample")
            await enable_plugin("sample")
            assert await settings_of("sample") == SampleSettings(limit=7)
    finally:
        uninstall("sample")


async def test_switching_twice_changes_nothing_the_second_time(shop: Shop) -> None:
    async with unit_of_work(shop.tenant_id):
        assert [await enable_plugin("retail"), await enable_plugin("retail")] == [True, False]
        assert [await disable_plugin("retail"), await disable_plugin("retail")] == [True, False]


async def test_reactions_and_schedules_of_a_plugin_run_only_where_it_is_on(
    shop: Shop, other_shop: Shop
) -> None:
    seen: list[str] = []

    async def react(events: Sequence[Event]) -> None:
        seen.extend(event.entity for event in events)

    install(
        replace(
            GOOD,
            reactions=(
                Reaction("sample.note", frozenset({MemberJoined.type}), react, plugin="sample"),
            ),
            schedules=(Schedule("sample.nightly", 1, 0, _nothing, plugin="sample"),),
        )
    )
    try:
        async with unit_of_work(shop.tenant_id):
            await enable_plugin("sample")
        joined = {each: new_id() for each in (shop.slug, other_shop.slug)}
        for each in (shop, other_shop):
            async with unit_of_work(each.tenant_id):
                announce(MemberJoined(joined[each.slug]))
            await each.work("relay", "reactions")
            await each.work("relay", "reactions")
        assert seen == [f"member:{joined[shop.slug]}"]
        assert await _schedules(shop) == {"sample.nightly": "waiting"}
        assert await _schedules(other_shop) == {}
        async with unit_of_work(shop.tenant_id):
            await disable_plugin("sample")
            announce(MemberJoined(new_id()))
        await shop.work("relay", "reactions")
        await shop.work("relay", "reactions")
        assert len(seen) == 1
        assert await _schedules(shop) == {"sample.nightly": "stopped"}
        async with unit_of_work(shop.tenant_id):
            await enable_plugin("sample")
        await shop.work("reactions")
        assert len(seen) == 2  # it takes up where it stopped
    finally:
        uninstall("sample")


async def _schedules(shop: Shop) -> dict[str, str]:
    rows = await shop.rows(
        "SELECT name, state FROM schedule WHERE tenant_id = $1 AND name LIKE 'sample.%'"
    )
    return {row["name"]: row["state"] for row in rows}
