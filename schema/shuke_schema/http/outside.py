"""Root fields that ask an outside system first: log-in with WeChat, say.

No unit of work is open while somebody else's server is waited for: it would hold a connection, and
locks. Such a field says `metadata=outside_first(ask)`. It stands alone in its operation, and the door
asks once it knows that the operation is valid and the caller may send it; only then does the unit
begin in which the field is resolved, with what was told as `told_to(info)`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import strawberry
from graphql import FieldNode, GraphQLSchema, OperationDefinitionNode, get_argument_values
from graphql.execution.values import get_variable_values
from strawberry.types import get_object_definition

from shuke_core.kit.errors import ShukeError
from shuke_core.tenants.queries import TenantCard
from shuke_schema.context import Told
from shuke_schema.http.document import Document
from shuke_schema.http.errors import OutsideFieldNotAlone, VariablesInvalid

# Given the tenant and the field's arguments, by their names in GraphQL. Opens its own units.
Ask = Callable[[TenantCard, Mapping[str, Any]], Awaitable[Any]]

_KEY = "shuke.outside"


def outside_first(ask: Ask) -> dict[str, Ask]:
    """Metadata of a root field that is resolved with what `ask` has answered; a ShukeError that it
    raises is raised again by `told_to`."""
    return {_KEY: ask}


@lru_cache(maxsize=256)
def _outside_fields(schema: strawberry.Schema) -> Mapping[str, Ask]:
    found: dict[str, Ask] = {}
    kind = schema.mutation
    for field in schema.get_fields(get_object_definition(kind, strict=True)) if kind else ():
        if _KEY in field.metadata:
            found[schema.config.name_converter.get_graphql_name(field)] = field.metadata[_KEY]
    return found


@dataclass(frozen=True, slots=True)
class Outside:
    """The one field of an operation, which asks outside first."""

    ask: Ask
    node: FieldNode
    operation: OperationDefinitionNode

    async def told(
        self, schema: GraphQLSchema, tenant: TenantCard, variables: Mapping[str, Any]
    ) -> Told:
        """What the outside says to the arguments; raises VariablesInvalid. Nothing may be open."""
        found = get_variable_values(
            schema, self.operation.variable_definitions or (), dict(variables)
        )
        if isinstance(found, list):
            raise VariablesInvalid.of(found)
        root = schema.get_root_type(self.operation.operation)
        assert root is not None  # noqa: S101 (the document is valid)
        values = get_argument_values(root.fields[self.node.name.value], self.node, found)
        try:
            return Told(await self.ask(tenant, values))
        except ShukeError as refused:
            return Told(refusal=refused)


def outside_of(
    schema: strawberry.Schema, document: Document, operation: OperationDefinitionNode
) -> Outside | None:
    """The field of the operation that asks outside first; raises OutsideFieldNotAlone."""
    known = _outside_fields(schema)
    asked = [name for name in document.root_fields(operation) if name in known]
    if not asked:
        return None
    only, *others = operation.selection_set.selections
    if others or not isinstance(only, FieldNode) or only.directives:
        raise OutsideFieldNotAlone(field=asked[0])
    return Outside(known[only.name.value], only, operation)
