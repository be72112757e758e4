"""What a subscription must pass before it runs: the same guards as a request over HTTP, in order."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import strawberry
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    NullValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
)

from shuke_core.access.rights import Rights, Within
from shuke_schema.context import Context
from shuke_schema.http.document import Document
from shuke_schema.http.door import Door, documents_of, graphql_schema
from shuke_schema.http.errors import MethodRefused
from shuke_schema.http.guarded import guarded_once
from shuke_schema.http.rates import Caller, Rates
from shuke_schema.http.request import check_size, refuse_nul
from shuke_schema.live.errors import AfterIsLiteral
from shuke_schema.live.protocol import Message
from shuke_schema.live.reads import reads
from shuke_schema.live.updates import AFTER, Source, sources_of
from shuke_schema.rights import ServedSchema


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A subscription that may run. `variables` are those that equal subscribers share."""

    schema: strawberry.Schema
    text: str
    document: DocumentNode
    operation: str | None
    variables: dict[str, Any]
    source: Source
    reads: bool  # whether its answers need the database
    after: str | None
    check_rights: Callable[[Rights], Within | None]  # raises PermissionDenied


async def admitted(
    door: Door, rates: Rates, caller: Caller, schema: ServedSchema, asked: Message,
    context: Context, *, is_new: bool = True,
) -> Subscribed:  # fmt: skip
    """What is subscribed to; raises DocumentInvalid or the refusal of the first guard that it meets.

    One that only moves, since the caller's rights have changed, is not counted again.
    """
    limits = door.limits
    documents = documents_of(schema, limits)
    check_size(asked.variables, limits)
    refuse_nul(asked.variables)
    text, known = door.trusted.text_of(asked)
    document = documents.read(text)
    operation = document.operation(asked.operation)
    if operation.operation is not OperationType.SUBSCRIPTION:
        raise MethodRefused(what=f"A {operation.operation.value}", method="WebSocket")
    cost = documents.cost(document, operation, asked.variables)
    guessable = guarded_once(schema, document, operation)
    if is_new:
        await rates.take(caller, cost, limits)
        await rates.take_guarded(caller, guessable)
    curious = door.may_introspect(context)
    documents.check(text, document, may_introspect=curious, trusted=known)
    documents.check_rights(document, operation, context.rights)
    documents.check_variables(operation, asked.variables, may_introspect=curious)
    root = _root_field(document, operation.selection_set)
    variables, after = _without_after(root, operation, asked.variables)
    return Subscribed(
        schema=schema,
        text=text,
        document=document.node,
        operation=asked.operation,
        variables=variables,
        source=sources_of(schema)[root.name.value],
        reads=reads(graphql_schema(schema), document, operation),
        after=after,
        check_rights=partial(documents.check_rights, document, operation),
    )


def _root_field(document: Document, selected: SelectionSetNode) -> FieldNode:
    """The one root field: a valid subscription has no more, fragments spread."""
    while True:
        node = selected.selections[0]
        if isinstance(node, FieldNode):
            return node
        inner: Any = node
        if not hasattr(node, "selection_set"):
            fragment: FragmentDefinitionNode = document.fragments[inner.name.value]
            inner = fragment
        selected = inner.selection_set


def _without_after(
    root: FieldNode, operation: OperationDefinitionNode, variables: dict[str, Any]
) -> tuple[dict[str, Any], str | None]:
    """The variables without the one that says where to resume, and what it says.

    That belongs to the socket. It keeps a place among the variables, which may not be null.
    """
    for argument in root.arguments or ():
        if argument.name.value != AFTER or isinstance(argument.value, NullValueNode):
            continue
        if not isinstance(argument.value, VariableNode):
            raise AfterIsLiteral()
        name = argument.value.name.value
        return {**variables, name: ""}, variables.get(name) or None
    return variables, None
