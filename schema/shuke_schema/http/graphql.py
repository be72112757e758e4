"""GraphQL over HTTP: one operation, one unit of work, errors with a code or masked with an id."""

from typing import Any
from uuid import UUID

import orjson
import strawberry
from graphql import GraphQLError
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from strawberry.http.ides import get_graphql_ide_html

from shuke_core.kit.errors import ShukeError
from shuke_core.kit.transactions import unit_of_work
from shuke_core.members.services import member_of_token
from shuke_core.tenants.queries import TenantCard, find_tenant
from shuke_schema.context import Context
from shuke_schema.http.answers import JsonAnswer, read_body, status_of
from shuke_schema.http.faults import logged


class RequestMalformed(ShukeError):
    code = "REQUEST_MALFORMED"
    sentence = "{problem}"


def _asked(body: bytes) -> tuple[str, dict[str, Any] | None, str | None]:
    """Document, variables and operation name of a JSON body; raises RequestMalformed."""
    try:
        asked = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise RequestMalformed(problem="The body is not JSON.") from None
    if not isinstance(asked, dict) or not isinstance(asked.get("query"), str):
        raise RequestMalformed(problem='The body needs a "query" with the document.')
    variables, operation = asked.get("variables"), asked.get("operationName")
    if variables is not None and not isinstance(variables, dict):
        raise RequestMalformed(problem='"variables" must be an object.')
    if operation is not None and not isinstance(operation, str):
        raise RequestMalformed(problem='"operationName" must be text.')
    return asked["query"], variables, operation


def _bearer(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


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


def refused(error: ShukeError, status: int) -> JsonAnswer:
    """The answer to a request that never became an operation, in GraphQL's own form."""
    return JsonAnswer(
        {"errors": [{"message": str(error), "extensions": {"code": error.code}}]}, status
    )


async def _execute(
    schema: strawberry.Schema, tenant: TenantCard, token: str | None, body: bytes
) -> dict[str, Any]:
    query, variables, operation = _asked(body)
    async with unit_of_work(tenant.id):
        member_id: UUID | None = await member_of_token(token) if token else None
        result = await schema.execute(
            query, variables, Context(tenant, member_id), operation_name=operation
        )
    answer: dict[str, Any] = {}
    if result.errors:
        answer["errors"] = [shown_error(error) for error in result.errors]
    if result.data is not None or not result.errors:
        answer["data"] = result.data
    return answer


def graphql_endpoint(schema: strawberry.Schema) -> Any:
    """The endpoint of one audience: POST answers, GET in a browser shows GraphiQL."""
    page = get_graphql_ide_html(graphql_ide="graphiql")

    async def endpoint(request: Request) -> Response:
        try:
            tenant = await find_tenant(request.path_params["tenant"])
            if request.method == "GET":
                return HTMLResponse(page)
            body = await read_body(request)
            return JsonAnswer(await _execute(schema, tenant, _bearer(request), body))
        except ShukeError as error:
            return refused(error, status_of(error))

    return endpoint
