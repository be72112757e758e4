"""A field that does not say who may have it is not composed; what an operation wants is all found."""

import pytest
import strawberry

from shuke_core.access.errors import PermissionDenied
from shuke_core.access.permissions import MEMBERS_READ, ORDERS_READ, STORES_READ, Permission
from shuke_core.access.rights import FieldClass, Rights
from shuke_schema.composition import compose
from shuke_schema.http.demands import wanted_by
from shuke_schema.http.document import read_document
from shuke_schema.http.door import graphql_schema
from shuke_schema.http.limits import STAFF
from shuke_schema.parts import Audience, Part
from shuke_schema.rights import Undeclared, asks, demands_of, needs, shown_as, shows


@shows(FieldClass.PUBLIC)
@strawberry.type
class Leaf:
    plain: str
    phone: str = strawberry.field(metadata=shown_as(FieldClass.CONTACT))

    @strawberry.field(metadata=needs(ORDERS_READ))
    def again(self) -> "Leaf":
        return self


@strawberry.type
class LeafQuery:
    @strawberry.field(metadata=asks(Audience.STAFF, MEMBERS_READ))
    def leaf(self) -> Leaf | None:
        return Leaf(plain="x", phone="y")

    @strawberry.field(metadata=asks(Audience.STAFF, STORES_READ))
    def other(self) -> Leaf | None:
        return Leaf(plain="x", phone="y")


def _query(**fields: object) -> type:
    return strawberry.type(type("SampleQuery", (), {"__annotations__": {}, **fields}))


def _composed(query: type, audience: Audience = Audience.STAFF) -> object:
    return compose(audience, [Part("sample", audience, {"Query": (query,)})])


@strawberry.type
class Silent:
    said: str


def test_a_field_that_says_who_may_have_it_is_composed() -> None:
    assert _composed(LeafQuery)


def _bare() -> str:
    return "x"


def _silent() -> Silent:
    return Silent(said="x")


@pytest.mark.parametrize(
    ("field", "audience", "problem"),
    [
        (
            strawberry.field(resolver=_bare),
            Audience.STAFF,
            "Query.bare is a root field without asks",
        ),
        (
            strawberry.field(resolver=_bare, metadata=asks(Audience.MEMBER, MEMBERS_READ)),
            Audience.STAFF,
            "Query.bare is meant for the audience member",
        ),
        (
            strawberry.field(
                resolver=_bare, metadata=asks(Audience.STAFF, Permission("sample.no", {}))
            ),
            Audience.STAFF,
            "Query.bare asks for 'sample.no', which nobody declares",
        ),
        (
            strawberry.field(resolver=_silent, metadata=asks(Audience.STAFF, MEMBERS_READ)),
            Audience.STAFF,
            "Silent.said says nothing of its class",
        ),
        (
            strawberry.field(resolver=_silent, metadata=asks(Audience.MEMBER, MEMBERS_READ)),
            Audience.MEMBER,
            "Silent.said says nothing of its class",
        ),
    ],
)
def test_a_field_that_says_nothing_stops_the_start(
    field: object, audience: Audience, problem: str
) -> None:
    with pytest.raises(Undeclared, match=problem) as refused:
        _composed(_query(bare=field), audience)
    assert "sample" in str(refused.value)


def test_an_interface_may_not_demand_less_than_what_stands_behind_it() -> None:
    @shows(FieldClass.PUBLIC)
    @strawberry.interface
    class Named:
        name: str

    @shows(FieldClass.CONTACT)
    @strawberry.type
    class Person(Named):
        name: str

    @strawberry.type
    class Query:
        @strawberry.field(metadata=asks(Audience.STAFF, MEMBERS_READ))
        def named(self) -> Named:
            return Person(name="x")

    schema = graphql_schema(strawberry.Schema(query=Query, types=[Person]))
    with pytest.raises(Undeclared, match=r"Named\.name demands other than Person\.name"):
        demands_of(schema, Audience.STAFF)


_SPREAD = """
query One { leaf { ...F } }
query Two { leaf { plain ... on Leaf { phone } } }
query Three { leaf { plain ... { again { plain } } } other { plain } }
query Four { leaf { plain __typename } __typename }
fragment F on Leaf { plain again { ...G } }
fragment G on Leaf { phone }
"""


@pytest.mark.parametrize(
    ("operation", "permissions", "classes"),
    [
        ("One", {"members.read", "orders.read"}, {FieldClass.PUBLIC, FieldClass.CONTACT}),
        ("Two", {"members.read"}, {FieldClass.PUBLIC, FieldClass.CONTACT}),
        ("Three", {"members.read", "orders.read", "stores.read"}, {FieldClass.PUBLIC}),
        ("Four", {"members.read"}, {FieldClass.PUBLIC}),
    ],
)
def test_what_an_operation_wants_is_found_through_all_fragments(
    operation: str, permissions: set[str], classes: set[FieldClass]
) -> None:
    composed = compose(Audience.STAFF, [Part("sample", Audience.STAFF, {"Query": (LeafQuery,)})])
    document = read_document(_SPREAD, STAFF)
    wanted = wanted_by(
        graphql_schema(composed), composed.demands, document, document.operation(operation)
    )
    assert (set(wanted.permissions), set(wanted.classes)) == (permissions, classes)
    wanted.check(Rights.of(permissions, classes))
    for less in permissions:
        with pytest.raises(PermissionDenied, match=less):
            wanted.check(Rights.of(permissions - {less}, classes))
    for fewer in classes - {FieldClass.PUBLIC}:
        with pytest.raises(PermissionDenied, match=fewer.value):
            wanted.check(Rights.of(permissions, classes - {fewer}))


def test_what_belongs_to_a_member_themself_wants_nothing_more() -> None:
    composed = compose(Audience.MEMBER, [])
    demands = composed.demands
    assert demands["Query", "me"].permission == "anybody"
    assert demands["Member", "orders"].permission is None
    assert demands["Money", "fen"].field_class is None
