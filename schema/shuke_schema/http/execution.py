"""Runs a checked operation in its unit of work, against the clock; errors get their code."""

import asyncio
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import strawberry
from graphql import DocumentNode, GraphQLError
from strawberry.execution.is_awaitable import optimized_is_awaitable
from strawberry.extensions import SchemaExtension

from shuke_core.access.errors import TokenInvalid
from shuke_core.kit.errors import ShukeError
from shuke_core.kit.masking import without_numbers
from shuke_schema.context import Context
from shuke_schema.http.door import graphql_schema
from shuke_schema.http.errors import DeadlineExceeded, VariablesInvalid
from shuke_schema.http.faults import logged
from shuke_schema.projection.executor import ProjectionExecutor

_DOCUMENT = "shuke.document"


def operation_extensions(document: DocumentNode) -> dict[str, Any]:
    """What a schema is given beside a text whose document has been parsed and checked."""
    return {_DOCUMENT: document}


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


class Deadline:
    """Around the unit of work of an operation: past its time that is rolled back, DeadlineExceeded."""

    __slots__ = ("_clock", "_seconds")

    def __init__(self, seconds: float) -> None:
        self._seconds, self._clock = seconds, asyncio.timeout(seconds)

    async def __aenter__(self) -> None:
        await self._clock.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:  # it raises when its own time is over, and nothing else
            await self._clock.__aexit__(kind, failure, trace)
        except TimeoutError:
            raise DeadlineExceeded(seconds=f"{self._seconds:g}") from None


async def run(
    schema: strawberry.Schema,
    document: DocumentNode,
    variables: dict[str, Any],
    context: Context,
    operation: str | None,
    *,
    may_introspect: bool,
    errors_shown: int,
) -> dict[str, Any]:
    """Data and errors of a checked operation, as they are answered; raises VariablesInvalid, and
    TokenInvalid where a field found that nobody has the token.

    graphql-core is asked directly: of what Strawberry does around it nothing is left to do, and it
    took as long as the execution itself.
    """
    executor = ProjectionExecutor.build(
        graphql_schema(schema),
        document,
        context_value=context,
        raw_variable_values=variables,
        operation_name=operation,
        max_coercion_errors=errors_shown,
        is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]
        hide_suggestions=not may_introspect,
    )
    if isinstance(executor, list):
        raise VariablesInvalid.of(executor)
    assert isinstance(executor, ProjectionExecutor)  # noqa: S101
    result = await executor.answered()
    answer: dict[str, Any] = {}
    if result.errors:
        for error in result.errors:
            if isinstance(error.original_error, TokenInvalid):
                raise error.original_error
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
        formatted["message"] = without_numbers(formatted["message"])
    else:
        code, formatted["message"] = logged(cause)
    formatted["extensions"] = {**formatted.get("extensions", {}), "code": code}
    return formatted
