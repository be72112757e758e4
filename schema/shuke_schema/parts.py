"""Parts of the API: what one owner, the core or a plugin, brings to an audience's schema.

A part adds fields to object types that others own, by the type's name; root fields are fields of
`Query` and `Mutation`. Parts never see each other; the composition joins them and
refuses a clash of names with both owners named.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from graphql import GraphQLObjectType, GraphQLSchema, is_non_null_type
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

from shuke_core.access.permissions import CORE
from shuke_core.projection.declare import Projection
from shuke_schema.containment import JOINS, OWNER, contained


class Audience(Enum):
    """Who asks: a member in the mini-program, or staff."""

    MEMBER = "member"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Part:
    """`adds` maps the name of a type to classes whose fields join it.

    The classes are made with `@strawberry.type`; a resolver takes its parent as
    `strawberry.Parent[...]`. Their own names do not appear in the API. `projections` say where the
    fields come from; those of a resolver are declared with `python`.
    """

    owner: str
    audience: Audience
    adds: Mapping[str, Sequence[type]] = field(default_factory=dict)
    projections: Sequence[type[Projection]] = ()


class PartRefused(Exception):
    """What a plugin adds could take more than itself down, or is not supported; the start stops."""


class NameClash(Exception):
    """Two owners bring a field of the same name to one type; the start stops."""


def definition_of(fields_class: type) -> StrawberryObjectDefinition:
    """The definition that `@strawberry.type` left on a class; refuses one without it."""
    definition = getattr(fields_class, "__strawberry_definition__", None)
    if not isinstance(definition, StrawberryObjectDefinition):
        raise TypeError(f"{fields_class.__name__} is not a @strawberry.type")
    return definition


def joined_fields(
    definition: StrawberryObjectDefinition, own: Sequence[StrawberryField], parts: Sequence[Part]
) -> list[StrawberryField]:
    """The type's own fields and those that parts add, in the order of their owners.

    What a plugin resolves is contained, on its own types as on others'.
    """
    type_name = definition.name
    plugin = _plugin_of(definition, parts)
    owners = {each.python_name: plugin or CORE for each in own}
    fields = [contained(each, plugin, joins=False) for each in own] if plugin else list(own)
    for part in parts:
        for fields_class in part.adds.get(type_name, ()):
            for added in definition_of(fields_class).fields:
                if added.python_name in owners:
                    raise NameClash(
                        f"{type_name}.{added.python_name} is brought by {part.owner!r} "
                        f"and by {owners[added.python_name]!r}"
                    )
                owners[added.python_name] = part.owner
                if part.owner != CORE:
                    added = contained(added, part.owner, joins=part.owner != plugin)
                fields.append(added)
    return fields


def _package(kind: type) -> str:
    return kind.__module__.partition(".")[0]


def _plugin_of(definition: StrawberryObjectDefinition, parts: Sequence[Part]) -> str | None:
    """The plugin whose package the type comes from; None for the core's."""
    package = _package(definition.origin)
    for part in parts:
        if part.owner != CORE and any(
            _package(kind) == package for kinds in part.adds.values() for kind in kinds
        ):
            return part.owner
    return None


def unknown_types(parts: Sequence[Part], known: frozenset[str]) -> list[tuple[str, str]]:
    """(owner, type name) of everything that a part wants to add to and nobody has."""
    return [(part.owner, name) for part in parts for name in part.adds if name not in known]


def packages_of(parts: Sequence[Part]) -> dict[str, str]:
    """The plugins' keys by the package that they are written in: whose a declaration is."""
    return {
        _package(kind): part.owner
        for part in parts
        if part.owner != CORE
        for kind in (*part.projections, *(each for kinds in part.adds.values() for each in kinds))
    }


def refuse_subscriptions(parts: Sequence[Part]) -> None:
    """Raises PartRefused for a plugin that wants to tell something live: nothing carries it yet."""
    for part in parts:
        if part.owner != CORE and "Subscription" in part.adds:
            raise PartRefused(f"{part.owner!r} adds to Subscription, which plugins can't")


def refuse_non_null(schema: GraphQLSchema) -> None:
    """Raises PartRefused naming fields of plugins that would take another owner's object with them:
    what may fail must be allowed to be null."""
    problems = [
        f"{kind.name}.{name} of {said.metadata[OWNER]!r} is {field.type}: it joins a type that is "
        "not the plugin's, so it must be nullable"
        for kind in schema.type_map.values()
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__")
        for name, field in kind.fields.items()
        if (said := field.extensions["strawberry-definition"]).metadata.get(JOINS)
        and is_non_null_type(field.type)
    ]
    if problems:
        raise PartRefused("; ".join(problems))
