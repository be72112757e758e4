"""What a released schema has promised: nothing of it goes without having been deprecated before.

Compares two SDL texts. Codes of expected failures are values of enums, so they are promised too.
"""

import re
from collections.abc import Iterator

from graphql import (
    BreakingChange,
    BreakingChangeType,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    find_breaking_changes,
    get_named_type,
)

_FIELD = re.compile(r"(?:Field|Argument) (\w+)\.(\w+)(?:\((\w+):\))? was removed\.")
_VALUE = re.compile(r"Enum value (\w+)\.(\w+) was removed\.")
_TYPE = re.compile(r"(\w+) was removed\.")
_UNUSED = "Standard scalar "  # one that nothing refers to any more is no loss of its own


def broken_promises(released: str, current: str) -> list[str]:
    """What clients of the released schema would miss, but for what it called deprecated."""
    before, now = build_schema(released), build_schema(current)
    return [
        change.description
        for change in find_breaking_changes(before, now)
        if not change.description.startswith(_UNUSED) and not _was_deprecated(change, before)
    ]


def _was_deprecated(change: BreakingChange, before: GraphQLSchema) -> bool:
    match change.type:
        case BreakingChangeType.FIELD_REMOVED | BreakingChangeType.ARG_REMOVED:
            found = _FIELD.fullmatch(change.description)
            field = _fields_of(before, found[1]).get(found[2]) if found else None
            if field is None or found is None:
                return False
            if found[3] and field.args[found[3]].deprecation_reason is not None:
                return True
            return field.deprecation_reason is not None
        case BreakingChangeType.VALUE_REMOVED_FROM_ENUM:
            found = _VALUE.fullmatch(change.description)
            kind = before.get_type(found[1]) if found else None
            return (
                found is not None
                and isinstance(kind, GraphQLEnumType)
                and kind.values[found[2]].deprecation_reason is not None
            )
        case BreakingChangeType.TYPE_REMOVED:
            found = _TYPE.fullmatch(change.description)
            uses = list(_uses_of(before, found[1])) if found else []
            return bool(uses) and all(field.deprecation_reason is not None for field in uses)
    return False


def _fields_of(schema: GraphQLSchema, name: str) -> dict[str, GraphQLField]:
    kind = schema.get_type(name)
    return kind.fields if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) else {}


def _uses_of(schema: GraphQLSchema, name: str) -> Iterator[GraphQLField]:
    """The fields of other types that lead to the type."""
    for kind in schema.type_map.values():
        if kind.name.startswith("__") or kind.name == name:
            continue
        for field in _fields_of(schema, kind.name).values():
            if get_named_type(field.type).name == name:
                yield field
