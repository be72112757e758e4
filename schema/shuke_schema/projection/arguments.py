"""The arguments of one field: where their values come from, and in which form SQL takes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any
from uuid import UUID

from graphql import GraphQLField, GraphQLID, VariableNode, get_named_type
from graphql.execution.collect_fields import FieldDetails, FieldDetailsList
from graphql.execution.values import VariableValues, get_argument_values

from shuke_core.kit.pagination import checked_page_size, from_cursor
from shuke_core.projection.declare import Field, Kind

SIZE = "first"  # the argument that says how many rows
NOBODY = UUID(int=0)  # no row has this id; what is no id at all is answered as an unknown one


@dataclass(frozen=True, slots=True)
class Site:
    """One field with arguments in one document. `names` leads from GraphQL's to Python's.

    `ids` are the arguments that hold an id. `fixed` has the values when no variable is involved
    and no cursor, which only its tenant can read.
    """

    field: GraphQLField
    details: FieldDetails
    how: Field
    names: Mapping[str, str]
    ids: frozenset[str]
    fixed: Mapping[str, Any] | None = None

    def values(self, variables: VariableValues, key: bytes) -> Mapping[str, Any]:
        """The values by their Python names; raises what makes them unfit."""
        if self.fixed is not None:
            return self.fixed
        given = get_argument_values(
            self.field, self.details.node, variables, self.details.fragment_variable_values
        )
        named = {self.names.get(name, name): value for name, value in given.items()}
        for name in self.ids:
            if isinstance(named.get(name), str):
                named[name] = _id(named[name])
        return for_sql(named, self.how, key)

    def is_fixed(self) -> bool:
        """Whether the document alone says what they are."""
        named = {each.name.value for each in self.details.node.arguments or ()}
        return "after" not in named and not any(
            _has_variable(each.value) for each in self.details.node.arguments or ()
        )


def site_of(field: GraphQLField, details: FieldDetails, how: Field, convert: Any) -> Site:
    """The site of a field; `convert` is the schema's converter of names."""
    arguments = field.extensions["strawberry-definition"].arguments
    names = {convert.from_argument(each): each.python_name for each in arguments}
    ids = {
        names.get(name, name)
        for name, argument in field.args.items()
        if get_named_type(argument.type) is GraphQLID
    }
    return Site(field, details, how, names, frozenset(ids))


def for_sql(given: Mapping[str, Any], how: Field, key: bytes) -> dict[str, Any]:
    """Arguments as SQL takes them: enums by value, page sizes checked, cursors as their keys."""
    values = {
        name: value.value if isinstance(value, Enum) else value for name, value in given.items()
    }
    if how.kind in (Kind.MANY, Kind.PAGE) and values.get("first") is not None:
        checked_page_size(values["first"], how.limit)
    if how.kind is Kind.PAGE:
        after = values.pop("after", None)
        if after:
            values["after"] = after
            values["after_at"], values["after_id"] = from_cursor(key, how.listed, after)
    return values


def says_size(details: FieldDetailsList) -> bool:
    """Whether the document itself says how many rows a field has, by a number or by saying none."""
    return not any(
        argument.name.value == SIZE and _has_variable(argument.value)
        for argument in details[0].node.arguments or ()
    )


def shape_of(value: Any) -> Any:
    """What of a value may change the text of a statement: whether it is null or empty, which
    boolean or enum it is, the keys of an input object. Everything else is a parameter."""
    if value is None or isinstance(value, bool | Enum):
        return value
    if isinstance(value, str):
        return str if value else ""
    if isinstance(value, Mapping):
        return tuple((name, shape_of(each)) for name, each in value.items())
    return ...


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return NOBODY


def _has_variable(node: Any) -> bool:
    if isinstance(node, VariableNode):
        return True
    below = getattr(node, "values", ()) or [each.value for each in getattr(node, "fields", ())]
    return any(map(_has_variable, below))
