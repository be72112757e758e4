"""Staff switch and configure plugins; what goes wrong in one is shown to them."""

from typing import Any

import httpx
import pytest
from tests.schema.staff.staff import ask, code_of, data
from tests.support.shop import Shop

from shuke_core.kit.transactions import unit_of_work
from shuke_core.plugins.services import keep_settings, note_fault
from shuke_schema import shelf

LIST = """
{ plugins { key label labelZh version isOn settings settingsSchema permissions
            faults { place times reason } } }
"""
SWITCH = """
mutation ($key: String!) {
  %sPlugin(key: $key) { plugin { key isOn } errors { code path } }
}
"""
CONFIGURE = """
mutation ($key: String!, $settings: JSON!) {
  configurePlugin(key: $key, settings: $settings) {
    plugin { settings } errors { code path message }
  }
}
"""


@pytest.fixture(autouse=True)
def switches_show_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the product within a second."""
    monkeypatch.setattr(shelf, "_SWITCH_SECONDS", 0.0)


async def _retail(client: httpx.AsyncClient, shop: Shop) -> Any:
    plugins = (await data(client, shop, LIST))["plugins"]
    return next(plugin for plugin in plugins if plugin["key"] == "retail")


async def test_a_plugin_is_listed_with_what_can_be_set(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    retail = await _retail(client, shop)
    assert (retail["label"], retail["labelZh"], retail["isOn"]) == ("Retail", "零售", False)
    assert retail["settings"] == {"practice_prefixes": ["TEST", "测试"]}
    assert list(retail["settingsSchema"]["properties"]) == ["practice_prefixes"]
    assert (retail["permissions"], retail["faults"]) == (["retail.purchases.read"], [])


async def test_switched_on_its_field_is_there_and_switched_off_it_is_gone(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    asked = "{ members { edges { node { retail { orders } } } } }"
    assert code_of(await ask(client, shop, asked)) == "DOCUMENT_INVALID"
    for _ in range(2):  # to ask again changes nothing
        done = await data(client, shop, SWITCH % "enable", key="retail")
        assert done["enablePlugin"] == {"plugin": {"key": "retail", "isOn": True}, "errors": []}
    await shop.sold(shop.ticket(phone="13800138000"))
    (edge,) = (await data(client, shop, asked))["members"]["edges"]
    assert edge["node"]["retail"] == {"orders": 1}
    done = await data(client, shop, SWITCH % "disable", key="retail")
    assert done["disablePlugin"]["plugin"] == {"key": "retail", "isOn": False}
    assert code_of(await ask(client, shop, asked)) == "DOCUMENT_INVALID"


async def test_settings_are_checked_and_kept(client: httpx.AsyncClient, shop: Shop) -> None:
    done = await data(client, shop, CONFIGURE, key="retail", settings={"practice_prefixes": ["LX"]})
    assert done["configurePlugin"]["plugin"] == {"settings": {"practice_prefixes": ["LX"]}}
    faulty: list[Any] = [{"practice_prefixes": 7}, {"prefixes": []}, [], "x", None]
    for wrong in faulty:
        done = await ask(client, shop, CONFIGURE, key="retail", settings=wrong)
        if wrong is None:
            assert code_of(done) == "VARIABLES_INVALID"
            continue
        (error,) = done["data"]["configurePlugin"]["errors"]
        assert (error["code"], error["path"]) == ("PLUGIN_SETTINGS_INVALID", ["settings"])
    assert (await _retail(client, shop))["settings"] == {"practice_prefixes": ["LX"]}


async def test_a_plugin_that_is_not_there_is_refused_as_data(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    for document in (SWITCH % "enable", SWITCH % "disable"):
        (payload,) = (await data(client, shop, document, key="retial")).values()
        assert payload == {
            "plugin": None, "errors": [{"code": "PLUGIN_UNKNOWN", "path": ["key"]}]
        }  # fmt: skip


async def test_an_operator_sees_plugins_and_switches_none(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    assert await data(client, shop, "{ plugins { key isOn } }", "operator")
    refused = await ask(client, shop, SWITCH % "enable", "operator", key="retail")
    assert code_of(refused) == "PERMISSION_DENIED"
    assert not (await _retail(client, shop))["isOn"]


async def test_settings_that_no_longer_fit_hide_no_plugin(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    async with unit_of_work(shop.tenant_id):
        await keep_settings("retail", {"of_an_older_version": 1})
    told = await _retail(client, shop)
    assert told["settings"] == {"of_an_older_version": 1}
    (fault,) = told["faults"]
    assert (fault["place"], fault["times"]) == ("settings", 1)
    assert "of_an_older_version: Extra inputs are not permitted" in fault["reason"]


async def test_what_went_wrong_in_a_plugin_is_shown(client: httpx.AsyncClient, shop: Shop) -> None:
    async with unit_of_work(shop.tenant_id):
        for _ in range(2):
            await note_fault("retail", "shuke_refuse_sales", RuntimeError("planted"))
    assert (await _retail(client, shop))["faults"] == [
        {"place": "shuke_refuse_sales", "times": 2, "reason": "RuntimeError: planted"}
    ]
