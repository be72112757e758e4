"""GraphQL over HTTP: the order of the guards, one operation, one unit of work, errors with codes."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from graphql import OperationDefinitionNode, OperationType
from starlette.requests import Request
from starlette.responses import Response

from shuke_core.access.errors import PermissionDenied, TokenInvalid
from shuke_core.access.rights import Within
from shuke_core.access.scopes import narrow_to
from shuke_core.audit.actors import Actor, act_as
from shuke_core.kit.errors import ShukeError
from shuke_core.kit.transactions import unit_of_work
from shuke_core.tenants.queries import TenantCard, find_tenant
from shuke_schema.context import Context
from shuke_schema.http.answers import GraphQLAnswer, refused
from shuke_schema.http.closing import refuse_changes
from shuke_schema.http.document import Document
from shuke_schema.http.door import Door, documents_of, graphql_schema
from shuke_schema.http.errors import DocumentInvalid, MethodRefused, VariablesInvalid
from shuke_schema.http.execution import Deadline, run, shown_error
from shuke_schema.http.graphiql import graphiql
from shuke_schema.http.guarded import guarded_once
from shuke_schema.http.introspection import may_explore
from shuke_schema.http.negotiation import JSON, PAGE, media_of
from shuke_schema.http.outside import outside_of
from shuke_schema.http.rates import Caller, Rates
from shuke_schema.http.request import bearer_of, read_request
from shuke_schema.http.validation import Documents
from shuke_schema.http.watch import note_document

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
    documents, token = documents_of(schema, limits), bearer_of(request)
    caller = Caller(tenant.id, token, request.client.host if request.client else "local")

    get_allowed = request.method == "GET" and await _may_get(door, rates, tenant, caller)
    asked = await read_request(request, limits, get_allowed=get_allowed)
    text, known = door.trusted.text_of(asked)
    document = documents.read(text)
    operation = document.operation(asked.operation)
    _check_method(operation, request.method)
    if tenant.state == "closing":
        refuse_changes(schema, document, operation, tenant.slug)
    cost = documents.cost(document, operation, asked.variables)
    guessable = guarded_once(schema, document, operation)
    outside = outside_of(schema, document, operation)
    await rates.take(caller, cost, limits)
    await rates.take_guarded(caller, guessable)
    told = None
    if outside is not None:
        # Who may not, asks nobody.
        async with Deadline(limits.deadline_seconds), unit_of_work(tenant.id):
            context = await door.identify(tenant, token)
            curious = door.may_introspect(context)
            documents.check(text, document, may_introspect=curious, trusted=known)
            _check_rights(documents, document, operation, context)
        told = await outside.told(graphql_schema(schema), tenant, asked.variables)
    reads = operation.operation is OperationType.QUERY
    async with Deadline(limits.deadline_seconds), unit_of_work(tenant.id, waits=reads):
        if token and door.presume and documents.is_lean(text, document, operation):
            context = door.presume(tenant, token)
        else:
            context = await door.identify(tenant, token)
        act_as(_actor(context, caller.source, request.headers.get("user-agent", "")))
        context = replace(context, told=told) if told is not None else context
        curious = door.may_introspect(context)
        documents.check(text, document, may_introspect=curious, trusted=known)
        within = _check_rights(documents, document, operation, context)
        if within is not None:
            await narrow_to(within)
        note_document(request.scope, text, is_trusted=known)
        try:
            answer = await run(
                schema,
                document.node,
                asked.variables,
                context,
                asked.operation,
                may_introspect=curious,
                errors_shown=limits.errors_shown,
            )
        except VariablesInvalid:
            if context.bearer is not None:  # what is wrong is told to who may ask
                await door.identify(tenant, token)
            raise
    answer["extensions"] = {"cost": {"asked": cost, "most": limits.cost}}
    return answer


async def _may_get(door: Door, rates: Rates, tenant: TenantCard, caller: Caller) -> bool:
    """Whether queries may come by GET: from anybody where the door is open to it, otherwise from
    who may explore the API. A form or an image of a foreign page can send no bearer."""
    if door.open_to_get or caller.token is None:
        return door.open_to_get
    await rates.take(caller, 1, door.limits)
    try:
        async with Deadline(door.limits.deadline_seconds), unit_of_work(tenant.id):
            return may_explore(await door.identify(tenant, caller.token))
    except TokenInvalid:
        return False


def _actor(context: Context, source: str, agent: str) -> Actor:
    if context.staff is None:  # not the system itself, which nobody asks for a second factor
        return Actor("system", None, "member" if context.is_known else "visitor", source, agent)
    return Actor("staff", context.staff.id, context.staff.name, source, agent)


def _check_rights(
    documents: Documents, document: Document, operation: OperationDefinitionNode, context: Context
) -> Within | None:
    try:
        return documents.check_rights(document, operation, context.rights)
    except PermissionDenied:
        if context.is_known:
            raise
        raise TokenInvalid() from None


def _page_asked(request: Request, door: Door) -> bool:
    return door.open_to_get and request.method == "GET" and "query" not in request.query_params


def _check_method(operation: OperationDefinitionNode, method: str) -> None:
    kind = operation.operation
    if kind is OperationType.SUBSCRIPTION or (kind is OperationType.MUTATION and method != "POST"):
        raise MethodRefused(what=f"A {kind.value}", method=method)
