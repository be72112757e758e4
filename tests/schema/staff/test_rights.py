"""Who may ask what: generated from the schema, each root field and edge for each role."""

from typing import Any

import httpx
import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLObjectType,
    TypeInfo,
    TypeInfoVisitor,
    Undefined,
    Visitor,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    parse,
    visit,
)
from tests.schema.staff.staff import ask, code_of, data
from tests.support.shop import Shop

from shuke_core.access.rights import FieldClass, Rights, Scope
from shuke_core.kit.transactions import unit_of_work
from shuke_core.plugin_host import discover, enable_plugin
from shuke_core.staff.role_services import Grant, Wanted, create_role
from shuke_core.staff.roles import READY_MADE as ROLES
from shuke_core.staff.roles import Role, ready_made_role
from shuke_schema.composition import shelf_of
from shuke_schema.http.door import graphql_schema
from shuke_schema.parts import Audience
from shuke_schema.rights import VISITOR, of_staff

pytestmark = pytest.mark.slow

discover()
SHELF = shelf_of(Audience.STAFF)
SCHEMA = graphql_schema(SHELF._compose(SHELF.parts))
_VALUES = {
    "Boolean": "true",
    "Date": '"2027-01-01"',
    "DateTime": '"2027-01-01T00:00:00Z"',
    "ID": '"x"',
    "Int": "1",
    "JSON": "{}",
    "Long": "1",
    "String": '"x"',
}


def _value(kind: GraphQLInputType) -> str:
    inner = get_named_type(kind)
    if is_list_type(get_nullable_type(kind)):
        return "[]"
    if isinstance(inner, GraphQLInputObjectType):
        needed = [f"{k}: {_value(f.type)}" for k, f in inner.fields.items() if is_required(f)]
        return f"{{ {', '.join(needed)} }}"
    if isinstance(inner, GraphQLEnumType):
        return str(next(iter(inner.values)))
    return _VALUES[inner.name]


def is_required(field: GraphQLInputField) -> bool:
    return is_non_null_type(field.type) and field.default_value is Undefined


def _call(name: str, field: GraphQLField, inner: str | None = None) -> str:
    given = [
        f"{arg}: {_value(a.type)}" for arg, a in field.args.items() if is_non_null_type(a.type)
    ]
    selected = "" if is_leaf_type(get_named_type(field.type)) else f"{{ {inner or '__typename'} }}"
    arguments = f"({', '.join(given)})" if given else ""
    return f"{name}{arguments} {selected}"


def _cells() -> list[tuple[str, str]]:
    """A document for each root field, and for each field that can be reached from `member`."""
    documents = [
        (f"{kind.name}.{name}", f"{word} {{ {_call(name, field)} }}")
        for word, kind in (("query", SCHEMA.query_type), ("mutation", SCHEMA.mutation_type))
        if kind is not None
        for name, field in kind.fields.items()
    ]
    seen: set[str] = set()
    waiting: list[tuple[GraphQLObjectType, str]] = []
    for name, field in SCHEMA.query_type.fields.items() if SCHEMA.query_type else ():
        kind = get_named_type(field.type)
        if isinstance(kind, GraphQLObjectType):
            waiting.append((kind, f"query {{ {_call(name, field, '%s')} }}"))
    while waiting:
        kind, around = waiting.pop(0)
        if kind.name in seen:
            continue
        seen.add(kind.name)
        for name, field in kind.fields.items():
            documents.append((f"{kind.name}.{name}", around % _call(name, field)))
            inner = get_named_type(field.type)
            if isinstance(inner, GraphQLObjectType):
                waiting.append((inner, around % _call(name, field, "%s")))
    return documents


CELLS = _cells()


def test_there_are_cells_to_look_at() -> None:
    names = {name for name, _ in CELLS}
    assert {"Query.members", "Member.retail", "Money.fen", "Mutation.enablePlugin"} <= names
    assert len(CELLS) > 100


GUIDE = Role(
    "guide",
    {"zh": "导购", "en": "Guide"},
    {"members.read": Scope.OWN, "orders.read": Scope.OWN, "members.edit": Scope.ALL},
    frozenset({FieldClass.CONTACT}),
)


def _wanted(role: Role) -> Wanted:
    grants = tuple(Grant(key, scope) for key, scope in role.permissions.items())
    return Wanted(role.label["en"], role.label["zh"], grants, tuple(role.classes))


@pytest.mark.parametrize("role", [*ROLES, GUIDE.key, None])
async def test_each_cell_is_answered_just_to_those_who_may(
    role: str | None, guarded_client: httpx.AsyncClient, shop: Shop
) -> None:
    """The declaration says what is wanted on the way to a field; the answer must agree with it."""
    async with unit_of_work(shop.tenant_id):
        await enable_plugin("retail")
        await create_role(None, GUIDE.key, _wanted(GUIDE))
    demands = (await SHELF.of_plugins(frozenset({"retail"}))).demands
    wrong = []
    for name, document in CELLS:
        body = await ask(guarded_client, shop, document, role)
        refused = "errors" in body and code_of(body) in ("PERMISSION_DENIED", "TOKEN_INVALID")
        if refused == _may(role, document, demands):
            wrong.append((name, document, body))
        if name.startswith("Mutation.signOut") and role:
            del shop.headers[role]  # whose token has ended with it
    assert wrong == []


def _may(role: str | None, document: str, demands: Any) -> bool:
    rights = VISITOR
    if role is not None:
        held = GUIDE if role == GUIDE.key else ready_made_role(role)
        rights = of_staff(Rights.of(held.permissions, held.classes))
    info, may = TypeInfo(SCHEMA), True

    class Look(Visitor):
        def enter_field(self, node: Any, *_: Any) -> None:
            nonlocal may
            parent = info.get_parent_type()
            demand = demands.get((parent.name if parent else "", node.name.value))
            if demand is None:
                return
            if demand.permission is not None and demand.permission not in rights.permissions:
                may = False
            seen = (None, *rights.classes)
            if demand.field_class not in seen and not demand.masked:
                may = False
            for argument in node.arguments or ():
                if demand.arguments.get(argument.name.value) not in seen:
                    may = False

    visit(parse(document), TypeInfoVisitor(info, Look()))
    return may


async def test_a_denied_field_refuses_the_document_and_names_what_is_missing(
    guarded_client: httpx.AsyncClient, shop: Shop
) -> None:
    body = await ask(guarded_client, shop, "{ stores { code } plugins { key } }", "clerk")
    assert "data" not in body
    assert code_of(body) == "PERMISSION_DENIED"
    assert body["errors"][0]["message"] == (
        "Query.plugins needs the permission plugins.read, which you do not have."
    )
    body = await ask(
        guarded_client, shop, "{ plugins { key ... on Plugin { settings } } }", "operator"
    )
    assert body["errors"][0]["message"] == (
        "Plugin.settings needs the right to see sensitive data, which you do not have."
    )


async def test_without_a_token_staff_are_told_to_log_in(
    guarded_client: httpx.AsyncClient, shop: Shop
) -> None:
    answer = await guarded_client.post(
        f"/t/{shop.slug}/staff/graphql", json={"query": "{ stores { code } }"}
    )
    assert (answer.status_code, code_of(answer.json())) == (401, "TOKEN_INVALID")


async def test_a_members_token_opens_no_door_of_the_staff_and_the_other_way(
    guarded_client: httpx.AsyncClient, shop: Shop
) -> None:
    member, staff = await shop.login("13800138000"), await shop.staff_login()
    for path, headers in (("staff", member), ("member", staff)):
        answer = await guarded_client.post(
            f"/t/{shop.slug}/{path}/graphql", json={"query": "{ __typename }"}, headers=headers
        )
        assert (answer.status_code, code_of(answer.json())) == (401, "TOKEN_INVALID")


async def test_who_is_asking(guarded_client: httpx.AsyncClient, shop: Shop) -> None:
    asked = "{ viewer { handle name role permissions fieldClasses } }"
    viewer = (await data(guarded_client, shop, asked, "operator"))["viewer"]
    assert (viewer["handle"], viewer["role"]) == ("operator", "operator")
    assert "integrations.repair" in viewer["permissions"]
    assert viewer["fieldClasses"] == ["MONEY", "PUBLIC"]
