"""Whether a subscription's answers need the database, or only what the event itself tells."""

from typing import Any

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
)
from strawberry.schema.schema_converter import GraphQLCoreConverter

from shuke_schema.http.document import Document


def reads(schema: GraphQLSchema, document: Document, operation: OperationDefinitionNode) -> bool:
    """Whether a field below the root is resolved by a coroutine: only those may ask the database."""
    root = schema.get_root_type(operation.operation)
    waiting: list[tuple[SelectionSetNode, Any, int]] = [(operation.selection_set, root, 0)]
    spread: set[str] = set()
    while waiting:
        selected, parent, depth = waiting.pop()
        for node in selected.selections:
            if isinstance(node, FieldNode):
                field = schema.get_field(parent, node.name.value)
                said = (
                    field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF) if field else None
                )
                if depth and said and said.base_resolver and said.base_resolver.is_async:
                    return True
                if node.selection_set is not None and field is not None:
                    waiting.append((node.selection_set, get_named_type(field.type), depth + 1))
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                inner = schema.get_type(condition.name.value) if condition else parent
                waiting.append((node.selection_set, inner, depth))
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in spread:
                spread.add(node.name.value)
                fragment = document.fragments[node.name.value]
                inner = schema.get_type(fragment.type_condition.name.value)
                waiting.append((fragment.selection_set, inner, depth))
    return False
