"""Reads what a GraphQL request asks: body or query string, in bounds, with the right types."""

from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import Request

from shuke_schema.http.answers import BodyTooLarge, read_body
from shuke_schema.http.errors import (
    BatchRefused,
    JsonTooDeep,
    JsonTooLarge,
    MethodRefused,
    RequestMalformed,
)
from shuke_schema.http.limits import Limits
from shuke_schema.http.negotiation import check_content_type

_NEEDED = 'A request needs a "query" with the document, or the "documentId" of a trusted one.'


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. It has a document's text in `query`, or else the id of a trusted one."""

    query: str | None
    document_id: str | None
    variables: dict[str, Any]
    operation: str | None
    extensions: dict[str, Any]


def bearer_of(request: Request) -> str | None:
    """The token that came with it, if there is one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


async def read_request(request: Request, limits: Limits, *, get_allowed: bool) -> Asked:
    """What is asked; raises the refusal of the first bound that it passes."""
    if request.method == "GET":
        if not get_allowed:
            raise MethodRefused(what="An operation", method=request.method)
        return _asked(_from_address(request, limits))
    if request.method != "POST":
        raise MethodRefused(what="An operation", method=request.method)
    check_content_type(request.headers.get("content-type"))
    return _asked(_json(await read_body(request, limits.body_bytes), limits))


def _from_address(request: Request, limits: Limits) -> dict[str, Any]:
    if len(request.scope["query_string"]) > limits.body_bytes:
        raise BodyTooLarge(most=limits.body_bytes)
    given: dict[str, Any] = dict(request.query_params)
    for name in ("variables", "extensions"):
        if given.get(name):
            given[name] = _json(given[name].encode(), limits)
        else:
            given.pop(name, None)
    if not given.get("operationName"):
        given.pop("operationName", None)
    return given


def _json(text: bytes, limits: Limits) -> Any:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as fault:
        if str(fault).startswith("depth limit exceeded"):
            raise JsonTooDeep(most=limits.json_depth) from None
        raise RequestMalformed(problem="This is not JSON in UTF-8.") from None
    check_size(value, limits)
    if b"\\u0000" in text:
        refuse_nul(value)
    return value


def refuse_nul(value: Any) -> None:
    """Raises RequestMalformed for text with U+0000, which PostgreSQL can't hold. Bounded before."""
    waiting = [value]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, dict):
            waiting += [*inner, *inner.values()]
        elif isinstance(inner, list):
            waiting += inner
        elif isinstance(inner, str) and "\0" in inner:
            raise RequestMalformed(problem="Text can't have the character U+0000.")


def check_size(value: Any, limits: Limits) -> None:
    """Raises JsonTooDeep or JsonTooLarge; goes down level by level."""
    level, values = [value] if isinstance(value, (dict, list)) else [], 0
    for _ in range(limits.json_depth):
        if not level:
            return
        values += sum(map(len, level))
        if values > limits.json_values:
            raise JsonTooLarge(most=limits.json_values)
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (dict, list))
        ]
    if level:
        raise JsonTooDeep(most=limits.json_depth)


def _asked(given: Any) -> Asked:
    if isinstance(given, list):
        raise BatchRefused()
    if not isinstance(given, dict):
        raise RequestMalformed(problem=_NEEDED)
    operation = given.get("operationName")
    if operation is not None and not isinstance(operation, str):
        raise RequestMalformed(problem='"operationName" must be text.')
    for name in ("variables", "extensions"):
        if given.get(name) is not None and not isinstance(given[name], dict):
            raise RequestMalformed(problem=f'"{name}" must be an object.')
    extensions = given.get("extensions") or {}
    query, document_id = given.get("query"), _document_id(given, extensions)
    if not isinstance(query, str) and (query is not None or document_id is None):
        raise RequestMalformed(problem=_NEEDED)
    return Asked(query, document_id, given.get("variables") or {}, operation, extensions)


def _document_id(given: dict[str, Any], extensions: dict[str, Any]) -> str | None:
    """GraphQL over HTTP's `documentId`, or what clients of Apollo's kind send for it."""
    document_id = given.get("documentId")
    persisted = extensions.get("persistedQuery")
    if document_id is None and isinstance(persisted, dict):
        document_id = persisted.get("sha256Hash")
    if document_id is not None and not isinstance(document_id, str):
        raise RequestMalformed(problem='"documentId" must be text.')
    return document_id
