"""Operations that need no look-up of their token first: the one field that they ask finds the
member by the token itself, in its own statement.

Such a field says so, `metadata=finds_caller()`. It holds for a query of just this field, with
nothing below that a resolver answers: anybody else must know who asks.
"""

from graphql import FieldNode, GraphQLSchema, OperationDefinitionNode, OperationType
from strawberry.schema.schema_converter import GraphQLCoreConverter

from shuke_core.projection.declare import Kind
from shuke_core.projection.registry import Registry
from shuke_schema.http.demands import selected_fields
from shuke_schema.http.document import Document

_KEY = "shuke.finds_caller"


def finds_caller() -> dict[str, bool]:
    """Metadata of a root field whose read finds the member by `context.bearer`, and which raises
    TokenInvalid where there is none."""
    return {_KEY: True}


def is_lean(
    schema: GraphQLSchema,
    registry: Registry,
    document: Document,
    operation: OperationDefinitionNode,
) -> bool:
    """Whether the operation of a valid document is one of these."""
    asked = operation.selection_set.selections
    if operation.operation is not OperationType.QUERY:
        return False
    if len(asked) != 1 or not isinstance(asked[0], FieldNode) or asked[0].directives:
        return False
    root = schema.query_type
    if root is None or asked[0].name.value not in root.fields:  # __typename
        return False
    said = root.fields[asked[0].name.value].extensions[GraphQLCoreConverter.DEFINITION_BACKREF]
    if _KEY not in said.metadata:
        return False
    return not any(
        _is_resolved(schema, registry, parent, node.name.value)
        for parent, node in selected_fields(schema, document, operation)
        if parent != root.name
    )


def _is_resolved(schema: GraphQLSchema, registry: Registry, parent: str, name: str) -> bool:
    declared = registry.fields.get(parent)
    if declared is None or name.startswith("__"):  # edges and pages, which SQL builds
        return False
    shown = schema.type_map[parent].fields[name]  # type: ignore[attr-defined]
    said = shown.extensions[GraphQLCoreConverter.DEFINITION_BACKREF]
    found = declared.get(said.python_name)
    return found is None or found.kind is Kind.PYTHON
