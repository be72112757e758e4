"""A tenant that is closing: what may still be done, which is to sign in, to look, to export, and what
people may ask for by right.

A mutation that takes data out or away says so itself, `metadata=asks(...) | WHILE_CLOSING`; every
other one is refused, those of plugins too.
"""

from functools import lru_cache
from typing import Any

import strawberry
from graphql import OperationDefinitionNode, OperationType
from strawberry.types import get_object_definition

from shuke_core.tenants.errors import TenantClosing
from shuke_schema.http.document import Document

_KEY = "shuke.while_closing"

# Metadata of a mutation that a tenant has also while it is closing.
WHILE_CLOSING: dict[str, Any] = {_KEY: True}


@lru_cache(maxsize=256)
def left_while_closing(schema: strawberry.Schema) -> frozenset[str]:
    """The mutations of a schema that are left, by name."""
    if schema.mutation is None:
        return frozenset()
    return frozenset(
        schema.config.name_converter.get_graphql_name(field)
        for field in schema.get_fields(get_object_definition(schema.mutation, strict=True))
        if _KEY in field.metadata
    )


def refuse_changes(
    schema: strawberry.Schema, document: Document, operation: OperationDefinitionNode, slug: str
) -> None:
    """Raises TenantClosing for an operation with a mutation that is not left."""
    if operation.operation is OperationType.MUTATION:
        left = left_while_closing(schema)
        if any(name not in left for name in document.root_fields(operation)):
            raise TenantClosing(slug=slug)
