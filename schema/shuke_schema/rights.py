"""What the API says of each field: for whom, by which permission, how closely it is kept.

A root field says `asks(audience, permission)`, an edge may say `needs(permission)`, a type says
`@shows(class)` for its leaves and a leaf `shown_as(class)` where it differs. A schema with a field
that says nothing is not composed. Whose rows are answered is part of each read.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import strawberry
from graphql import (
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
)
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types import ExecutionContext
from strawberry.types.field import StrawberryField

from shuke_core.access.permissions import Permission, declared_permissions
from shuke_core.access.rights import EVERY_CLASS, FieldClass, Rights
from shuke_core.projection.registry import Registry
from shuke_schema.parts import Audience

Shown = TypeVar("Shown", bound=type)

# What nobody is given by a role: it comes with being there.
ANYBODY = Permission("anybody", {"zh": "任何访客", "en": "Any visitor"})
ONESELF = Permission("oneself", {"zh": "登录的会员本人", "en": "The member who is logged in"})
ANY_STAFF = Permission("staff", {"zh": "任何员工", "en": "Anybody of the staff"})
SIGNED_IN = Permission(
    "signed_in", {"zh": "任何登录的员工,含待启用二次验证者", "en": "Staff, also before they enrol"}
)
COMES_ALONG = (ANYBODY, ONESELF, ANY_STAFF, SIGNED_IN)

VISITOR = Rights.of([ANYBODY.key], [])
MEMBER = Rights.of([ANYBODY.key, ONESELF.key], EVERY_CLASS)
ENROLLING = Rights.of([ANYBODY.key, SIGNED_IN.key], [])
NOBODY = Rights()
_OF_ALL_STAFF = frozenset({ANYBODY.key, ANY_STAFF.key, SIGNED_IN.key})

_ASKS, _NEEDS, _SHOWN_AS, _SHOWS = "shuke.asks", "shuke.needs", "shuke.shown_as", "__shuke_shows__"
_MASKED, _REVEALS = "shuke.masked", "shuke.reveals"


class Undeclared(Exception):
    """Fields that do not say who may have them; the start stops with all of them named."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What a field wants of who asks for it: a permission, a class of fields, either or neither.

    One that is `masked` is answered to whoever lacks its class as well, in its masked form.
    `arguments` have the classes that are wanted of who gives them: a value of a field can be found
    out by asking who has it.
    """

    permission: str | None = None
    field_class: FieldClass | None = None
    masked: bool = False
    arguments: Mapping[str, FieldClass] = field(default_factory=dict)


Demands = Mapping[tuple[str, str], Demand]  # by the names of type and field


class ServedSchema(strawberry.Schema):
    """A schema that knows what each of its fields demands, and which of them SQL answers."""

    demands: Demands
    registry: Registry = Registry(())

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Nothing: the door logs what nobody expected, under the id that the client is told."""


def of_staff(of_role: Rights) -> Rights:
    """The rights of somebody of the staff: those of the role, and that of being staff."""
    return replace(of_role, permissions=of_role.permissions | _OF_ALL_STAFF)


def asks(
    audience: Audience, permission: Permission, reveals: Mapping[str, FieldClass] | None = None
) -> dict[str, Any]:
    """Metadata of a root field: the audience that it is for, and what it asks of a caller.

    `reveals` names the arguments (as GraphQL does) by which rows are found, filtered or sorted by a
    field that is kept more closely than by anybody who may see the row: with the class of it.
    """
    return {_ASKS: (audience, permission), _REVEALS: reveals or {}}


def needs(permission: Permission) -> dict[str, Any]:
    """Metadata of an edge that staff need a permission of its own for; members see their own."""
    return {_NEEDS: permission}


def shown_as(field_class: FieldClass, *, masked: bool = False) -> dict[str, Any]:
    """Metadata of a leaf that is kept otherwise than the rest of its type. One that is `masked` has
    a projection that says what is shown to who lacks the class."""
    return {_SHOWN_AS: field_class, _MASKED: masked}


def shows(field_class: FieldClass) -> Callable[[Shown], Shown]:
    """Says of a type, or of fields that join one, how closely its leaves are kept."""

    def say(shown: Shown) -> Shown:
        setattr(shown, _SHOWS, field_class)
        return shown

    return say


def demands_of(schema: GraphQLSchema, audience: Audience) -> Demands:
    """What each field of the schema demands in this audience; raises Undeclared."""
    known = declared_permissions() | {each.key: each for each in COMES_ALONG}
    roots = {kind.name for kind in (schema.query_type, schema.mutation_type) if kind}
    if schema.subscription_type:
        roots.add(schema.subscription_type.name)
    demands: dict[tuple[str, str], Demand] = {}
    problems: list[str] = []
    for kind in schema.type_map.values():
        if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            continue
        if kind.name.startswith("__"):
            continue
        for name, shown in kind.fields.items():
            said = shown.extensions[GraphQLCoreConverter.DEFINITION_BACKREF]
            try:
                demand = (
                    _of_root(said, audience)
                    if kind.name in roots
                    else _of_field(said, is_leaf_type(get_named_type(shown.type)), audience)
                )
                if demand.permission is not None and demand.permission not in known:
                    raise Undeclared(f"asks for {demand.permission!r}, which nobody declares")
                if unknown := demand.arguments.keys() - shown.args.keys():
                    raise Undeclared(f"has no arguments {sorted(unknown)}")
                demands[kind.name, name] = demand
            except Undeclared as problem:
                problems.append(f"{kind.name}.{name} {problem}")
    problems += _interfaces_that_hide(schema, demands)
    if problems:
        raise Undeclared("; ".join(problems))
    return demands


def _interfaces_that_hide(schema: GraphQLSchema, demands: Demands) -> list[str]:
    """Fields of interfaces that demand other than the types behind them: a way around these."""
    return [
        f"{kind.name}.{name} demands other than {behind.name}.{name}"
        for kind in schema.type_map.values()
        if isinstance(kind, GraphQLInterfaceType)
        for behind in schema.get_possible_types(kind)
        for name in kind.fields
        if demands.get((kind.name, name)) != demands.get((behind.name, name))
    ]


def _of_root(said: StrawberryField, audience: Audience) -> Demand:
    if _ASKS not in said.metadata:
        raise Undeclared("is a root field without asks(audience, permission)")
    meant_for, permission = said.metadata[_ASKS]
    if meant_for is not audience:
        raise Undeclared(f"is meant for the audience {meant_for.value}")
    return Demand(permission.key, arguments=said.metadata[_REVEALS])


def _of_field(said: StrawberryField, is_leaf: bool, audience: Audience) -> Demand:
    needed: Permission | None = said.metadata.get(_NEEDS)
    field_class = said.metadata.get(_SHOWN_AS) or getattr(said.origin, _SHOWS, None)
    if is_leaf and field_class is None:
        raise Undeclared("says nothing of its class: @shows on its type, or shown_as")
    if audience is Audience.MEMBER:  # all that hangs on a member's root field is their own
        return Demand()
    return Demand(
        needed.key if needed else None,
        field_class if is_leaf else None,
        masked=said.metadata.get(_MASKED, False),
    )
