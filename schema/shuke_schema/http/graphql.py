"""GraphQL over HTTP: the order of the guards, one operation, one unit of work, errors with codes."""

from collections.abc import Awaitable, Callable
from typing import Any

from graphql import OperationDefinitionNode, OperationType
from starlette.requests import Request
from starlette.responses import Response

from shuke_core.kit.errors import ShukeError
from shuke_core.tenants.queries import TenantCard, find_tenant
from shuke_schema.http.answers import GraphQLAnswer, refused
from shuke_schema.http.door import Door, documents_of
from shuke_schema.http.errors import DocumentInvalid, MethodRefused
from shuke_schema.http.execution import run, shown_error, unit_in_time
from shuke_schema.http.graphiql import graphiql
from shuke_schema.http.guarded import guarded_once
from shuke_schema.http.negotiation import JSON, PAGE, media_of
from shuke_schema.http.rates import Caller, Rates
from shuke_schema.http.request import read_request

Endpoint = Callable[[Request], Awaitable[Response]]


def graphql_endpoint(door: Door, rates: Rates) -> Endpoint:
    """The endpoint of one audience at `/t/{tenant}/...`."""

    async def endpoint(request: Request) -> Response:
        media = JSON
        try:
            media = media_of(request.headers.get("accept"), page=_page_asked(request, door))
            tenant = await find_tenant(request.path_params["tenant"])
            if media == PAGE:
                return graphiql(door.examples)
            return GraphQLAnswer(await _answer(door, rates, tenant, request), media)
        except DocumentInvalid as invalid:
            errors = [shown_error(error) for error in invalid.errors]
            return GraphQLAnswer({"errors": errors}, media, 200 if media == JSON else 400)
        except ShukeError as error:
            return refused(error, media)

    return endpoint


async def _answer(door: Door, rates: Rates, tenant: TenantCard, request: Request) -> dict[str, Any]:
    limits, schema = door.limits, await door.schema_of(tenant)
    documents, token = documents_of(schema, limits), _bearer(request)
    caller = Caller(tenant.id, token, request.client.host if request.client else "local")

    asked = await read_request(request, limits, get_allowed=door.open_to_get)
    document = documents.read(asked.query)
    operation = document.operation(asked.operation)
    _check_method(operation, request.method)
    cost = documents.cost(document, operation, asked.variables)
    guessable = guarded_once(schema, document, operation)
    await rates.take(caller, cost, limits)
    await rates.take_guarded(caller, guessable)
    async with unit_in_time(tenant, limits.deadline_seconds):
        context = await door.identify(tenant, token)
        curious = door.may_introspect(context)
        documents.check(asked.query, document, may_introspect=curious)
        documents.check_variables(operation, asked.variables, may_introspect=curious)
        answer = await run(
            schema, asked.query, document.node, asked.variables, context, asked.operation
        )
    answer["extensions"] = {"cost": {"asked": cost, "most": limits.cost}}
    return answer


def _page_asked(request: Request, door: Door) -> bool:
    return door.open_to_get and request.method == "GET" and "query" not in request.query_params


def _bearer(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def _check_method(operation: OperationDefinitionNode, method: str) -> None:
    kind = operation.operation
    if kind is OperationType.SUBSCRIPTION or (kind is OperationType.MUTATION and method != "POST"):
        raise MethodRefused(what=f"A {kind.value}", method=method)
