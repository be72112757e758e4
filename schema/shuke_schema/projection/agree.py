"""Compares the GraphQL types of a composed schema with the projections that answer them.

The start stops on any difference and lists them all: a field that nobody answers, another type, an
argument that changes nothing.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_list_type,
    is_non_null_type,
)
from strawberry.types.field import StrawberryField

from shuke_core.projection.declare import ID, Field, Kind, Long, Projection, python
from shuke_core.projection.registry import Registry
from shuke_schema.projection.fields import PROJECTED
from shuke_schema.rights import Demand, Demands

_SCALARS: Mapping[Any, str] = {
    ID: "ID",
    Long: "Long",
    bool: "Boolean",
    int: "Int",
    str: "String",
    Decimal: "Decimal",
    datetime: "DateTime",
    date: "Date",
}


class ProjectionsDisagree(Exception):
    """Types and projections say different things; the text lists all of them. The start stops."""


def refuse_disagreement(schema: GraphQLSchema, registry: Registry, demands: Demands) -> None:
    """Raises ProjectionsDisagree unless the types and their projections say the same."""
    if wrong := disagreements(schema, registry, demands):
        raise ProjectionsDisagree("\n".join(wrong))


def declare_resolved(schema: GraphQLSchema, registry: Registry) -> None:
    """A field that has a resolver and no declaration is one that needs its parent's id."""
    for name, fields in registry.fields.items():
        kind = schema.type_map.get(name)
        if isinstance(kind, GraphQLObjectType):
            for shown in kind.fields.values():
                key = _definition(shown).python_name
                if key not in fields and _resolves(shown):
                    fields[key] = python("id") if registry.tables[name] else python()


def disagreements(
    schema: GraphQLSchema, registry: Registry, demands: Demands | None = None
) -> list[str]:
    """Where they differ. What is declared and not shown to this audience is none."""
    found: list[str] = []
    for name, fields in registry.fields.items():
        kind = schema.type_map.get(name)
        if isinstance(kind, GraphQLObjectType):
            for public, shown in kind.fields.items():
                key = _definition(shown).python_name
                what = [*_of_field(shown, fields.get(key))]
                what += _of_class((demands or {}).get((name, public)), fields.get(key))
                found += [f"{name}.{key}: {each}" for each in what]
    return found


def _definition(shown: GraphQLField) -> StrawberryField:
    definition: StrawberryField = shown.extensions["strawberry-definition"]
    return definition


def _resolves(shown: GraphQLField) -> bool:
    definition = _definition(shown)
    return definition.base_resolver is not None and PROJECTED not in definition.metadata


def _of_field(shown: GraphQLField, how: Field | None) -> Iterator[str]:
    if how is None:
        yield "no projection says where it comes from"
        return
    definition = _definition(shown)
    resolves = _resolves(shown)
    if (how.kind is Kind.PYTHON) != resolves:
        yield "has a resolver and is answered by SQL" if resolves else "lacks its resolver"
    if how.kind is Kind.PYTHON:
        return
    if is_non_null_type(shown.type) and how.nullable:
        yield f"may be null, the schema says {shown.type}"
    inner = shown.type.of_type if is_non_null_type(shown.type) else shown.type
    if is_list_type(inner) != (how.kind is Kind.MANY):
        yield f"is declared as {how.kind.value}, the schema says {shown.type}"
    yield from _of_type(get_named_type(shown.type), how)
    takes = {argument.python_name for argument in definition.arguments}
    if extra := takes - how.arguments:
        yield f"its arguments {sorted(extra)} change nothing"
    if missing := how.arguments - takes - {"first", "after"}:
        yield f"the schema lacks its arguments {sorted(missing)}"


def _of_class(demand: Demand | None, how: Field | None) -> Iterator[str]:
    """The class that the door asks for must be the one that the projection keeps it by."""
    if demand is None or demand.field_class is None or how is None:
        return
    if how.kind is Kind.VALUE and how.see is not demand.field_class:
        yield f"is {how.see.value}, the schema says {demand.field_class.value}"
    if how.kind is Kind.VALUE and (how.mask is not None) != demand.masked:
        yield "has a mask of which the schema says nothing" if how.mask else "lacks its mask"


def _of_type(shown: Any, how: Field) -> Iterator[str]:
    expected = _name(how)
    if shown.name != expected:
        yield f"is declared as {expected}, the schema says {shown.name}"
    elif isinstance(shown, GraphQLEnumType):
        stored = {
            name: getattr(value.value, "value", value.value) for name, value in shown.values.items()
        }
        if stored != {each.name: each.value for each in how.type}:
            yield f"the values of {expected} are not those of the schema"


def _name(how: Field) -> str:
    if isinstance(how.type, type) and issubclass(how.type, Projection):
        return how.type.__name__ + ("Connection" if how.kind is Kind.PAGE else "")
    if isinstance(how.type, type) and issubclass(how.type, Enum):
        return how.type.__name__
    return _SCALARS.get(how.type, repr(how.type))
