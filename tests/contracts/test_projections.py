"""Declarations, types and database say the same; each kind of difference, planted, is found."""

from datetime import datetime

import pytest
import strawberry
from tests.support.reading import whole_schema
from tests.support.scratch import connection_to

from shuke_core.access.rights import FieldClass
from shuke_core.members import queries
from shuke_core.places import Places
from shuke_core.projection.check import differences
from shuke_core.projection.declare import (
    ID,
    Long,
    Page,
    Projection,
    column,
    inline,
    many,
    one,
    pages,
    python,
    sql,
)
from shuke_core.projection.registry import ProjectionClash, Registry
from shuke_core.runtime import Runtime
from shuke_schema.http.door import graphql_schema
from shuke_schema.pagination import Connection
from shuke_schema.projection.agree import disagreements
from shuke_schema.projection.fields import projected


async def test_the_database_has_what_the_declarations_say(runtime: Runtime, places: Places) -> None:
    async with connection_to(places.app_dsn) as connection:
        assert await differences(connection, whole_schema().plans.registry) == []


class Store(Projection, table="store"):
    """A store that is nobody's."""

    id: ID
    title: str
    code: int


class Wrong(Projection, table="orders"):
    """Wrong in every way."""

    total: int = column("total_fen")
    member: ID = column("member_id")
    note: str = sql("this.nothing")
    hidden: str | None = column("external_no", see=FieldClass.CONTACT, mask="left(this.no, 3)")
    store: Store | None = one("this.code = parent.external_no", "this.state = 'active'")
    stores: list[Store] = many("this.tenant = parent.id", order="this.id")
    picture: str = python("picture_key")


async def test_what_the_database_does_not_have_is_found(runtime: Runtime, places: Places) -> None:
    async with connection_to(places.app_dsn) as connection:
        found = await differences(connection, Registry([Wrong]))
    assert found == [
        "Wrong.total: declared int, the database gives int8",
        "Wrong.member: declared non-null, member_id may be null",
        "Wrong.note: column this.nothing does not exist",
        "Wrong.hidden: column this.no does not exist",
        "Wrong.stores: column this.tenant does not exist",
        'Wrong.picture: column "picture_key" does not exist',
        "Store.title: column this.title does not exist",
        "Store.title: declared non-null, title may be null",
        "Store.code: declared int, the database gives varchar",
    ]


class Order(Projection, table="orders"):
    """An order found by what other orders have as well."""

    store: Store | None = one("this.state = 'active'")
    beside: Store = inline("this.name = parent.external_no")


async def test_a_condition_that_may_find_two_rows_is_found(
    runtime: Runtime, places: Places
) -> None:
    async with connection_to(places.app_dsn) as connection:
        found = await differences(connection, Registry([Order]))
    assert found[:2] == [
        "Order.store: its condition names no unique key of store",
        "Order.beside: its condition names no unique key of store",
    ]


def test_an_order_that_leaves_ties_is_refused() -> None:
    with pytest.raises(ValueError, match=r"must end with this\.id"):
        many("this.a = parent.b", order="this.placed_at desc")


# Types and declarations


class Shown(Projection, table="orders"):
    """What the type below says otherwise."""

    id: ID
    no: str | None
    total: Long
    paid_at: datetime
    lines: list[Store] = many("this.id = parent.id", "this.code = :code", order="this.id")
    resolved: str = python("id")
    pages: Page[Store] = pages("this.a = :b", newest="created_at")


def _disagreements() -> list[str]:
    @strawberry.type(name="Store")
    class StoreType:
        id: strawberry.ID

    @strawberry.type(name="Shown")
    class ShownType:
        id: strawberry.ID
        no: str
        total: int
        paid_at: list[datetime]
        resolved: str
        unknown: str

        @projected
        def lines(self, first: int = 1, sku: str = "") -> list[StoreType]:
            raise NotImplementedError

        @projected
        def pages(self, b: int, first: int = 1) -> Connection[StoreType]:
            raise NotImplementedError

    @strawberry.type
    class Query:
        shown: ShownType

    schema = graphql_schema(strawberry.Schema(Query))
    return disagreements(schema, Registry([Shown]))


def test_every_difference_between_types_and_declarations_is_listed() -> None:
    assert _disagreements() == [
        "Shown.no: may be null, the schema says String!",
        "Shown.total: is declared as Long, the schema says Int",
        "Shown.paid_at: is declared as value, the schema says [DateTime!]!",
        "Shown.resolved: lacks its resolver",
        "Shown.unknown: no projection says where it comes from",
        "Shown.lines: its arguments ['sku'] change nothing",
        "Shown.lines: the schema lacks its arguments ['code']",
    ]


# Composition


class Member(Projection, table="member"):
    """Another's member."""

    id: ID


class Joining(Projection, joins=Shown):
    """Joins a field that is there."""

    no: str


def test_two_declarations_of_one_thing_stop_the_start_with_both_named() -> None:
    real = whole_schema().plans.registry
    assert real.tables["Member"] == "member"
    with pytest.raises(ProjectionClash) as clash:
        Registry([queries.Member, Member])
    assert str(clash.value) == f"Member is declared by shuke_core.members.queries and by {__name__}"
    with pytest.raises(ProjectionClash) as clash:
        Registry([Shown, Joining])
    assert str(clash.value) == f"Shown.no is declared by {__name__} and by {__name__}"
