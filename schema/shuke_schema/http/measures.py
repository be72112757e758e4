"""Measures a document against the limits, in time linear to its text.

A fragment is measured once and its numbers are added wherever it is spread, so fragments that
double at each level cost no more than their text. Only what has passed is spread out for real.
"""

from dataclasses import dataclass, field

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    StringValueNode,
)
from graphql.language import ArgumentNode, ConstArgumentNode, ConstDirectiveNode, Node

from shuke_schema.http import errors
from shuke_schema.http.limits import Limits

_ABOUT_SCHEMA = {"__schema", "__type"}
_LONGEST_NUMBER = 20


@dataclass(slots=True)
class _Sums:
    """What a selection set comes to with its fragments spread."""

    width: int = 0  # fields on its own level
    selections: int = 0
    aliases: int = 0
    depth: int = 0
    introspection_depth: int = 0

    def add(self, other: "_Sums") -> None:
        self.width += other.width
        self.selections += other.selections
        self.aliases += other.aliases
        self.depth = max(self.depth, other.depth)
        self.introspection_depth = max(self.introspection_depth, other.introspection_depth)


@dataclass(slots=True)
class _Measuring:
    fragments: dict[str, FragmentDefinitionNode]
    limits: Limits
    introspects: bool = False
    directives: int = 0
    _spread: dict[str, _Sums | None] = field(default_factory=dict)

    def sums(self, selected: SelectionSetNode | None) -> _Sums:
        total = _Sums()
        for selection in selected.selections if selected else ():
            self.own(selection.directives)
            if isinstance(selection, FieldNode):
                self.literals(selection.arguments)
                total.add(self.of_field(selection))
            elif isinstance(selection, FragmentSpreadNode):
                total.selections += 1  # it is work even where the fragment selects nothing
                total.add(self.spread(selection.name.value))
            elif isinstance(selection, InlineFragmentNode):
                total.selections += 1
                total.add(self.sums(selection.selection_set))
        return total

    def of_field(self, node: FieldNode) -> _Sums:
        found = self.sums(node.selection_set)
        found.width = 1
        found.selections += 1
        found.aliases += node.alias is not None
        if node.name.value in _ABOUT_SCHEMA:
            self.introspects = True
            found.introspection_depth, found.depth = found.depth, 0
        found.depth += 1
        return found

    def spread(self, name: str) -> _Sums:
        if name not in self._spread and name in self.fragments:
            self._spread[name] = None  # being measured
            node = self.fragments[name]
            self.own(node.directives)
            self._spread[name] = self.sums(node.selection_set)
        found = self._spread.get(name, _Sums())  # an unknown one is left to the validation
        if found is None:
            raise errors.FragmentsCyclic(name=name)
        return found

    def own(self, directives: tuple[DirectiveNode | ConstDirectiveNode, ...] | None) -> None:
        """Counts directives where they are written; spreading does not multiply their checks."""
        for directive in directives or ():
            self.directives += 1
            self.literals(directive.arguments)

    def literals(self, arguments: tuple[ArgumentNode | ConstArgumentNode, ...] | None) -> None:
        for argument in arguments or ():
            self.literal(argument.value)

    def literal(self, node: Node) -> None:
        level = [node]
        for _ in range(self.limits.literal_depth + 1):
            for outer in level:
                if isinstance(outer, IntValueNode) and len(outer.value) > _LONGEST_NUMBER:
                    # Python refuses to read numbers of thousands of digits, as a fault.
                    raise errors.DocumentInvalid([GraphQLError("A number is too long.", outer)])
                if isinstance(outer, StringValueNode) and "\0" in outer.value:
                    raise errors.DocumentInvalid([GraphQLError("Text can't have U+0000.", outer)])
            level = [
                inner
                for outer in level
                for inner in (
                    *getattr(outer, "values", ()),
                    *(entry.value for entry in getattr(outer, "fields", ())),
                )
            ]
            if not level:
                return
        raise errors.DocumentTooDeep(most=self.limits.literal_depth, what="Values")


def check_measures(
    node: DocumentNode, fragments: dict[str, FragmentDefinitionNode], limits: Limits
) -> bool:
    """Raises the refusal of the first limit that is passed; returns whether it introspects."""
    measuring = _Measuring(fragments, limits)
    operations = _Sums()
    selections, roots = 0, 0
    for definition in node.definitions:
        if isinstance(definition, OperationDefinitionNode):
            measuring.own(definition.directives)
            for variable in definition.variable_definitions or ():
                measuring.own(variable.directives)
                if variable.default_value is not None:
                    measuring.literal(variable.default_value)
            sums = measuring.sums(definition.selection_set)
            operations.add(sums)
            roots = max(roots, sums.width)
        elif isinstance(definition, FragmentDefinitionNode):
            sums = measuring.spread(definition.name.value)
        else:
            continue
        selections += sums.selections  # the validation looks at each definition by itself
    if operations.aliases > limits.aliases:
        raise errors.AliasesTooMany(most=limits.aliases, found=operations.aliases)
    if measuring.directives > limits.directives:
        raise errors.DirectivesTooMany(most=limits.directives, found=measuring.directives)
    if operations.depth > limits.depth:
        raise errors.DocumentTooDeep(most=limits.depth, what="Fields")
    if operations.introspection_depth > limits.introspection_depth:
        raise errors.DocumentTooDeep(most=limits.introspection_depth, what="Introspection")
    if roots > limits.root_fields:
        raise errors.RootFieldsTooMany(most=limits.root_fields, found=roots)
    if selections > limits.selections:
        raise errors.SelectionsTooMany(most=limits.selections)
    if _repeats(node, fragments) > limits.repeats:
        raise errors.RepeatsTooMany(most=limits.repeats)
    return measuring.introspects


def _repeats(node: DocumentNode, fragments: dict[str, FragmentDefinitionNode]) -> int:
    """How many fields stand where one of their name stands already. The validation compares those
    two by two, so their number is bounded. Linear in the selections, which are bounded before."""
    return sum(
        _repeats_in([definition.selection_set], fragments)
        for definition in node.definitions
        if isinstance(definition, (OperationDefinitionNode, FragmentDefinitionNode))
    )


def _repeats_in(
    merged: list[SelectionSetNode], fragments: dict[str, FragmentDefinitionNode]
) -> int:
    named: dict[str, list[FieldNode]] = {}
    waiting = list(merged)
    while waiting:
        for selection in waiting.pop().selections:
            if isinstance(selection, FieldNode):
                name = (selection.alias or selection.name).value
                named.setdefault(name, []).append(selection)
            elif isinstance(selection, InlineFragmentNode):
                waiting.append(selection.selection_set)
            elif isinstance(selection, FragmentSpreadNode) and selection.name.value in fragments:
                waiting.append(fragments[selection.name.value].selection_set)
    repeats = 0
    for nodes in named.values():
        inner = [node.selection_set for node in nodes if node.selection_set]
        repeats += len(nodes) - 1 + (_repeats_in(inner, fragments) if inner else 0)
    return repeats
