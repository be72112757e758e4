"""Parts of the API: what one owner, the core or a plugin, brings to an audience's schema.

A part adds fields to object types that others own, by the type's name; root fields are fields of
`Query`. Parts never see each other; the composition joins them and refuses a clash of names with
both owners named.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

CORE = "core"


class Audience(Enum):
    """Who asks: a member in the mini-program, or staff."""

    MEMBER = "member"


@dataclass(frozen=True, slots=True)
class Part:
    """`adds` maps the name of a type to classes whose fields join it.

    The classes are made with `@strawberry.type`; a resolver takes its parent as
    `strawberry.Parent[...]`. Their own names do not appear in the API.
    """

    owner: str
    audience: Audience
    adds: Mapping[str, Sequence[type]] = field(default_factory=dict)


class NameClash(Exception):
    """Two owners bring a field of the same name to one type; the start stops."""


def definition_of(fields_class: type) -> StrawberryObjectDefinition:
    """The definition that `@strawberry.type` left on a class; refuses one without it."""
    definition = getattr(fields_class, "__strawberry_definition__", None)
    if not isinstance(definition, StrawberryObjectDefinition):
        raise TypeError(f"{fields_class.__name__} is not a @strawberry.type")
    return definition


def joined_fields(
    type_name: str, own: Sequence[StrawberryField], parts: Sequence[Part]
) -> list[StrawberryField]:
    """The type's own fields and those that parts add, in the order of their owners."""
    owners = {each.python_name: CORE for each in own}
    fields = list(own)
    for part in parts:
        for fields_class in part.adds.get(type_name, ()):
            for added in definition_of(fields_class).fields:
                if added.python_name in owners:
                    raise NameClash(
                        f"{type_name}.{added.python_name} is brought by {part.owner!r} "
                        f"and by {owners[added.python_name]!r}"
                    )
                owners[added.python_name] = part.owner
                fields.append(added)
    return fields


def unknown_types(parts: Sequence[Part], known: frozenset[str]) -> list[tuple[str, str]]:
    """(owner, type name) of everything that a part wants to add to and nobody has."""
    return [(part.owner, name) for part in parts for name in part.adds if name not in known]
