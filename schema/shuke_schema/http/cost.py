"""What an operation costs: one for each object, times the sizes of the pages that it lies on.

A list counts as many elements as the page size (`first`) says, given on its field or on the field
above, as with connections; `list_size` of the limits without one. Leaves are free. The price is
worked out once for a document; variables that set a page size are filled in for each request.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_composite_type,
    is_list_type,
    is_wrapping_type,
)

from shuke_schema.http.document import Document
from shuke_schema.http.limits import Limits

PAGE_SIZE = "first"


@dataclass(frozen=True, slots=True)
class _Page:
    """A page size: known, or that of a variable."""

    size: int
    variable: str | None = None

    def of(self, variables: Mapping[str, Any]) -> int:
        given = variables.get(self.variable, self.size) if self.variable else self.size
        if isinstance(given, float) and math.isfinite(given):
            given = int(given)  # GraphQL takes 100.0 for an Int
        return max(0, given) if isinstance(given, int) else self.size


@dataclass(frozen=True, slots=True)
class Price:
    """A sum: what is known, and what depends on page sizes that variables set."""

    known: int = 0
    paged: tuple[tuple[_Page, "Price"], ...] = ()

    def __add__(self, other: "Price") -> "Price":
        return Price(self.known + other.known, self.paged + other.paged)

    def times(self, page: _Page) -> "Price":
        """The price of as many as the page holds."""
        if not self.known and not self.paged:
            return self
        if page.variable is None and not self.paged:
            return Price(self.known * page.size)
        return Price(0, ((page, self),))

    def of(self, variables: Mapping[str, Any]) -> int:
        """The cost with these variables; never below one."""
        return max(1, self._of(variables))

    def _of(self, variables: Mapping[str, Any]) -> int:
        return self.known + sum(
            page.of(variables) * inner._of(variables) for page, inner in self.paged
        )


@dataclass(slots=True)
class _Found:
    """The price of a selection set: `fixed`, and the lists in it that the page above multiplies."""

    fixed: Price
    listed: Price


class _Pricing:
    def __init__(
        self,
        schema: GraphQLSchema,
        document: Document,
        operation: OperationDefinitionNode,
        limits: Limits,
    ) -> None:
        self._schema, self._document, self._limits = schema, document, limits
        self._defaults = {
            variable.variable.name.value: variable.default_value
            for variable in operation.variable_definitions or ()
        }
        self._spread: dict[str, _Found] = {}

    def selected(self, node: SelectionSetNode, parent: Any) -> _Found:
        total = _Found(Price(), Price())
        for selection in node.selections:
            if isinstance(selection, FieldNode):
                found = self.of_field(selection, parent)
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                inner = self._schema.get_type(condition.name.value) if condition else parent
                found = self.selected(selection.selection_set, inner)
            elif isinstance(selection, FragmentSpreadNode):
                found = self.spread(selection.name.value)
            total.fixed += found.fixed
            total.listed += found.listed
        return total

    def spread(self, name: str) -> _Found:
        if name not in self._spread:
            node = self._document.fragments.get(name)
            condition = node and self._schema.get_type(node.type_condition.name.value)
            self._spread[name] = (
                self.selected(node.selection_set, condition) if node else _Found(Price(), Price())
            )
        return self._spread[name]

    def of_field(self, node: FieldNode, parent: Any) -> _Found:
        """Nothing for a field that is not there: the validation will say so."""
        field = (
            self._schema.get_field(parent, node.name.value) if is_composite_type(parent) else None
        )
        if field is None or node.selection_set is None or node.name.value.startswith("__"):
            return _Found(Price(), Price())
        page = self.page(node, field)
        inner = self.selected(node.selection_set, get_named_type(field.type))
        default = _Page(self._limits.list_size)
        lists = _lists(field.type)
        one = Price(1) + inner.fixed + inner.listed.times(default if lists else page or default)
        for _ in range(lists - 1):
            one = one.times(default)
        if not lists:
            return _Found(one, Price())
        return _Found(one.times(page), Price()) if page else _Found(Price(), one)

    def page(self, node: FieldNode, field: GraphQLField) -> _Page | None:
        """The page size that the field is given, or has unless one is given."""
        argument = field.args.get(PAGE_SIZE)
        if argument is None:
            return None
        usual = argument.default.value if argument.default else argument.default_value
        if not isinstance(usual, int):
            usual = self._limits.list_size
        for given in node.arguments or ():
            if given.name.value == PAGE_SIZE:
                if isinstance(given.value, IntValueNode):
                    return _Page(_size(given.value))
                if isinstance(given.value, VariableNode):
                    name = given.value.name.value
                    default = self._defaults.get(name)
                    known = _size(default) if isinstance(default, IntValueNode) else usual
                    return _Page(known, name)
        return _Page(usual)


def _size(literal: IntValueNode) -> int:
    return max(0, int(literal.value))


def _lists(kind: GraphQLOutputType) -> int:
    """How many lists a type is wrapped in."""
    lists = 0
    while is_wrapping_type(kind):
        lists += is_list_type(kind)
        kind = kind.of_type
    return lists


def price_of(
    schema: GraphQLSchema, document: Document, operation: OperationDefinitionNode, limits: Limits
) -> Price:
    """The price of an operation; each mutation costs `mutation_cost` on top."""
    root = schema.get_root_type(operation.operation)
    found = _Pricing(schema, document, operation, limits).selected(operation.selection_set, root)
    price = found.fixed + found.listed.times(_Page(limits.list_size))
    if operation.operation is OperationType.MUTATION and isinstance(root, GraphQLObjectType):
        price += Price(limits.mutation_cost * sum(1 for _ in document.root_fields(operation)))
    return price
