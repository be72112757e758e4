"""One schema a set of plugins: what is off does not exist, a clash stops the start by both names."""

import asyncio
import threading
from collections.abc import Sequence

import httpx
import pytest
import strawberry
from graphql import parse, validate
from tests.support.shop import Shop

from shuke_core.access.rights import FieldClass
from shuke_core.kit.transactions import unit_of_work
from shuke_core.members import queries
from shuke_core.plugin_host import disable_plugin, enable_plugin
from shuke_core.projection.declare import Projection, python, sql
from shuke_core.runtime import Runtime
from shuke_schema import shelf
from shuke_schema.composition import compose, shelf_of
from shuke_schema.http.door import graphql_schema
from shuke_schema.members.parent import MemberParent
from shuke_schema.parts import Audience, NameClash, Part, PartRefused
from shuke_schema.projection.agree import ProjectionsDisagree
from shuke_schema.rights import ServedSchema, shows
from shuke_schema.shelf import Shelf

PHONE = "13800138000"
ASKED = "{ me { retail { orders spentFen channels { source orders } } } }"


@shows(FieldClass.PUBLIC)
@strawberry.type
class Stamps:
    @strawberry.field
    def stamps(self, parent: MemberParent) -> int | None:
        return 7


@shows(FieldClass.PUBLIC)
@strawberry.type
class Bare:
    bare: int | None


@shows(FieldClass.PUBLIC)
@strawberry.type
class Solid:
    answered: int

    @strawberry.field
    async def solid(self, parent: MemberParent) -> int:
        raise RuntimeError


class SolidAnswers(Projection, joins=queries.Member):
    answered: int = sql("1")


@strawberry.type
class Told:
    told: int | None


class DeclaredStamps(Projection, joins=queries.Member):
    stamps: int | None = python("id")


@shows(FieldClass.PUBLIC)
@strawberry.type
class MorePoints:
    @strawberry.field
    def points(self, parent: MemberParent) -> int:
        return 7


def _part(
    owner: str,
    fields: type,
    type_name: str = "Member",
    projections: Sequence[type[Projection]] = (),
) -> Part:
    return Part(owner, Audience.MEMBER, {type_name: (fields,)}, projections)


def _valid(schema: strawberry.Schema, document: str) -> bool:
    return not validate(graphql_schema(schema), parse(document))


def test_a_part_adds_its_fields_to_a_type_of_the_core() -> None:
    for projections in ([DeclaredStamps], []):  # a resolver may go without
        part = _part("sample", Stamps, projections=projections)
        assert _valid(compose(Audience.MEMBER, [part]), "{ me { stamps } }")
    assert not _valid(compose(Audience.MEMBER, []), "{ me { stamps } }")


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
        compose(Audience.MEMBER, parts)
    assert all(owner in str(clash.value) for owner in owners)


def test_a_field_that_no_projection_declares_stops_the_start() -> None:
    with pytest.raises(ProjectionsDisagree) as wrong:
        compose(Audience.MEMBER, [_part("sample", Bare)])
    assert str(wrong.value) == "Member.bare: no projection says where it comes from"


def test_a_part_for_a_type_that_nobody_has_stops_the_start() -> None:
    with pytest.raises(NameClash, match="'sample' adds to 'Membr', which nobody has"):
        compose(Audience.MEMBER, [_part("sample", Stamps, "Membr")])


def test_a_plugins_field_on_anothers_type_must_be_nullable() -> None:
    with pytest.raises(PartRefused) as refused:
        compose(Audience.MEMBER, [_part("sample", Solid, projections=[SolidAnswers])])
    must = "it joins a type that is not the plugin's, so it must be nullable"
    assert str(refused.value) == (
        f"Member.answered of 'sample' is Int!: {must}; Member.solid of 'sample' is Int!: {must}"
    )


def test_a_plugin_that_would_tell_something_live_stops_the_start() -> None:
    with pytest.raises(PartRefused, match="'sample' adds to Subscription, which plugins can't"):
        compose(Audience.MEMBER, [_part("sample", Told, "Subscription")])


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

    def composing(parts: Sequence[Part]) -> ServedSchema:
        composed.append([part.owner for part in parts])
        if composed[1:] and parts:
            slow.wait(5)
        return compose(Audience.MEMBER, [])

    made = Shelf(Audience.MEMBER, composing)
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
    made = shelf_of(Audience.MEMBER)
    first = await made.of_plugins(frozenset())
    await made.of_plugins(frozenset({"retail"}))
    assert await made.of_plugins(frozenset()) is not first
