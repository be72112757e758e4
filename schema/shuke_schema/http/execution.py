"""Runs a checked operation in its unit of work, against the clock; errors get their code."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import strawberry
from graphql import DocumentNode, GraphQLError
from strawberry.extensions import SchemaExtension

from shuke_core.kit.errors import ShukeError
from shuke_core.kit.transactions import unit_of_work
from shuke_core.tenants.queries import TenantCard
from shuke_schema.context import Context
from shuke_schema.http.errors import DeadlineExceeded
from shuke_schema.http.faults import logged

_DOCUMENT = "shuke.document"


class Checked(SchemaExtension):
    """Hands the document that the door has parsed and checked to Strawberry, which then does
    neither again. Belongs among the extensions of every schema that is served."""

    def on_parse(self) -> Iterator[None]:
        asked = self.execution_context.operation_extensions or {}
        self.execution_context.graphql_document = asked.get(_DOCUMENT)
        yield

    def on_validate(self) -> Iterator[None]:
        if _DOCUMENT in (self.execution_context.operation_extensions or {}):
            self.execution_context.pre_execution_errors = []
        yield


@asynccontextmanager
async def unit_in_time(tenant: TenantCard, seconds: float) -> AsyncIterator[None]:
    """The unit of work of an operation. Past its time it is rolled back: DeadlineExceeded."""
    try:
        async with asyncio.timeout(seconds) as clock, unit_of_work(tenant.id):
            yield
    except TimeoutError:
        if clock.expired():
            raise DeadlineExceeded(seconds=f"{seconds:g}") from None
        raise


async def run(
    schema: strawberry.Schema,
    text: str,
    document: DocumentNode,
    variables: dict[str, Any],
    context: Context,
    operation: str | None,
) -> dict[str, Any]:
    """Data and errors of an operation, as they are answered."""
    result = await schema.execute(
        text,
        variables,
        context,
        operation_name=operation,
        operation_extensions={_DOCUMENT: document},
    )
    answer: dict[str, Any] = {}
    if result.errors:
        answer["errors"] = [shown_error(error) for error in result.errors]
    answer["data"] = result.data
    return answer


def shown_error(error: GraphQLError) -> dict[str, Any]:
    """The error as the client sees it: expected failures and faults of the document in words and
    with a code; anything else masked, with the id under which the log has it."""
    formatted: dict[str, Any] = dict(error.formatted)
    cause = error.original_error
    if isinstance(cause, ShukeError):
        code = cause.code
    elif cause is None or isinstance(cause, GraphQLError):
        code = "DOCUMENT_INVALID"
    else:
        code, formatted["message"] = logged(cause)
    formatted["extensions"] = {**formatted.get("extensions", {}), "code": code}
    return formatted
