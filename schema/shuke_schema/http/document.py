"""Reads a document: parsed within bounds and measured; the operations and fragments in it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSyntaxError,
    InlineFragmentNode,
    OperationDefinitionNode,
    parse,
)

from shuke_schema.http import errors
from shuke_schema.http.limits import Limits
from shuke_schema.http.measures import check_measures

if TYPE_CHECKING:
    from shuke_schema.http.cost import Price
    from shuke_schema.http.demands import Wanted


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed document that is within the limits; whether it fits the schema is not known yet."""

    node: DocumentNode
    tokens: int
    operations: dict[str | None, OperationDefinitionNode]
    fragments: dict[str, FragmentDefinitionNode]
    introspects: bool
    prices: dict[str | None, "Price"] = field(default_factory=dict)
    wanted: dict[str | None, "Wanted"] = field(default_factory=dict)
    lean: dict[str | None, bool] = field(default_factory=dict)

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """The operation of that name, or the only one; raises OperationUnknown."""
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        if name is None or name not in self.operations:
            names = ", ".join(sorted(known for known in self.operations if known)[:10])
            raise errors.OperationUnknown(operations=names or "it has none with a name")
        return self.operations[name]

    def root_fields(self, operation: OperationDefinitionNode) -> Iterator[str]:
        """The name of each root field that the operation asks, its fragments spread."""
        waiting = [operation.selection_set]
        while waiting:
            for selection in waiting.pop().selections:
                if isinstance(selection, FieldNode):
                    yield selection.name.value
                elif isinstance(selection, InlineFragmentNode):
                    waiting.append(selection.selection_set)
                elif isinstance(selection, FragmentSpreadNode):
                    fragment = self.fragments.get(selection.name.value)
                    waiting += [fragment.selection_set] if fragment else []


def read_document(text: str, limits: Limits) -> Document:
    """The document of the text; raises DocumentInvalid, or the refusal of the limit it passes."""
    node = _parsed(text, limits)
    operations = {
        definition.name.value if definition.name else None: definition
        for definition in node.definitions
        if isinstance(definition, OperationDefinitionNode)
    }
    fragments = {
        definition.name.value: definition
        for definition in node.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
    introspects = check_measures(node, fragments, limits)
    return Document(node, node.token_count or 0, operations, fragments, introspects)


def _parsed(text: str, limits: Limits) -> DocumentNode:
    if len(text) > limits.characters:
        raise errors.DocumentTooLong(most=limits.characters, what="characters")
    try:
        return parse(text, max_lexical_tokens=limits.tokens, max_comments=limits.comments)
    except GraphQLSyntaxError as error:
        if error.message.endswith("tokens. Parsing aborted."):
            raise errors.DocumentTooLong(most=limits.tokens, what="tokens") from None
        if error.message.endswith("comments. Parsing aborted."):
            raise errors.DocumentTooLong(most=limits.comments, what="comments") from None
        if "nested too deeply" in error.message:
            raise errors.DocumentTooDeep(most=limits.depth, what="Fields") from None
        raise errors.DocumentInvalid([error]) from None
