"""One schema a set of plugins: what is off does not exist, a clash stops the start by both names."""

import asyncio
import threading
from collections.abc import Sequence

import httpx
import pytest
import strawberry
from graphql import parse, validate
from tests.support.shop import Shop

from shuke_core.kit.transactions import unit_of_work
from shuke_core.plugin_host import disable_plugin, enable_plugin
from shuke_core.runtime import Runtime
from shuke_schema import shelf
from shuke_schema.composition import compose_member, member_shelf
from shuke_schema.http.door import graphql_schema
from shuke_schema.members.parent import MemberParent
from shuke_schema.parts import Audience, NameClash, Part
from shuke_schema.shelf import Shelf

PHONE = "13800138000"
ASKED = "{ me { retail { orders spentFen channels { source orders } } } }"


@strawberry.type
class Stamps:
    @strawberry.field
    def stamps(self, parent: MemberParent) -> int:
        return 7


@strawberry.type
class MorePoints:
    @strawberry.field
    def points(self, parent: MemberParent) -> int:
        return 7


def _part(owner: str, fields: type, type_name: str = "Member") -> Part:
    return Part(owner, Audience.MEMBER, {type_name: (fields,)})


def _valid(schema: strawberry.Schema, document: str) -> bool:
    return not validate(graphql_schema(schema), parse(document))


def test_a_part_adds_its_fields_to_a_type_of_the_core() -> None:
    composed = compose_member([_part("sample", Stamps)])
    assert _valid(composed, "{ me { stamps } }")
    assert not _valid(compose_member([]), "{ me { stamps } }")


@pytest.mark.parametrize(
    ("parts", "owners"),
    [
        ([_part("sample", MorePoints)], ("'sample'", "'core'")),
        ([_part("one", Stamps), _part("two", Stamps)], ("'two'", "'one'")),
    ],
)
def test_a_clash_of_names_stops_the_start_with_both_owners_named(
    parts: list[Part], owners: tuple[str, str]
) -> None:
    with pytest.raises(NameClash) as clash:
        compose_member(parts)
    assert all(owner in str(clash.value) for owner in owners)


def test_a_part_for_a_type_that_nobody_has_stops_the_start() -> None:
    with pytest.raises(NameClash, match="'sample' adds to 'Membr', which nobody has"):
        compose_member([_part("sample", Stamps, "Membr")])


async def _post(client: httpx.AsyncClient, shop: Shop, document: str = ASKED) -> httpx.Response:
    return await client.post(
        f"/t/{shop.slug}/member/graphql",
        json={"query": document},
        headers=await shop.login(PHONE),
    )


async def test_a_plugins_field_is_there_where_it_is_on_and_nowhere_else(
    client: httpx.AsyncClient, shop: Shop, other_shop: Shop
) -> None:
    async with unit_of_work(shop.tenant_id):
        await enable_plugin("retail")
    for each in (shop, other_shop):
        await each.sold(each.ticket(phone=PHONE, total="12.50"))
    answer = (await _post(client, shop)).json()
    assert answer["data"]["me"]["retail"] == {
        "orders": 1,
        "spentFen": 1250,
        "channels": [{"source": "till", "orders": 1}],
    }
    refused = (await _post(client, other_shop)).json()
    assert refused["errors"][0]["extensions"]["code"] == "DOCUMENT_INVALID"
    types = "{ __schema { types { name } } }"
    told = {each.slug: (await _post(client, each, types)).text for each in (shop, other_shop)}
    assert "RetailMember" in told[shop.slug]
    assert "Retail" not in told[other_shop.slug]


async def test_switched_off_the_field_is_gone_within_a_second(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "_SWITCH_SECONDS", 0.0)
    async with unit_of_work(shop.tenant_id):
        await enable_plugin("retail")
    assert "errors" not in (await _post(client, shop)).json()
    async with unit_of_work(shop.tenant_id):
        await disable_plugin("retail")
    assert "errors" in (await _post(client, shop)).json()


async def test_a_set_is_composed_once_and_nobody_waits_for_anothers(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    composed: list[list[str]] = []
    slow = threading.Event()

    def compose(parts: Sequence[Part]) -> strawberry.Schema:
        composed.append([part.owner for part in parts])
        if composed[1:] and parts:
            slow.wait(5)
        return compose_member([])

    made = Shelf(Audience.MEMBER, compose)
    waiting = [asyncio.create_task(made.of_plugins(frozenset({"retail"}))) for _ in range(5)]
    await asyncio.sleep(0.05)
    await asyncio.wait_for(made.of_plugins(frozenset()), 5)
    assert not any(task.done() for task in waiting)
    slow.set()
    schemas = await asyncio.gather(*waiting)
    assert len({id(schema) for schema in schemas}) == 1
    assert composed == [["retail"], ["retail"], []]


async def test_the_shelf_is_bounded(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "MOST_SCHEMAS", 1)
    made = member_shelf()
    first = await made.of_plugins(frozenset())
    await made.of_plugins(frozenset({"retail"}))
    assert await made.of_plugins(frozenset()) is not first
