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


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. `extensions` are accepted; none has a meaning yet."""

    query: str
    variables: dict[str, Any]
    operation: str | None
    extensions: dict[str, Any]


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
    _check_size(value, limits)
    return value


def _check_size(value: Any, limits: Limits) -> None:
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
    if not isinstance(given, dict) or not isinstance(given.get("query"), str):
        raise RequestMalformed(problem='A request needs a "query" with the document.')
    operation = given.get("operationName")
    if operation is not None and not isinstance(operation, str):
        raise RequestMalformed(problem='"operationName" must be text.')
    for name in ("variables", "extensions"):
        if given.get(name) is not None and not isinstance(given[name], dict):
            raise RequestMalformed(problem=f'"{name}" must be an object.')
    return Asked(
        given["query"], given.get("variables") or {}, operation, given.get("extensions") or {}
    )
