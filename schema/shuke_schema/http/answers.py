"""How the service answers: JSON, and refusals as `{"error": {"code", "message"}}`."""

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from shuke_core.access.errors import TokenInvalid
from shuke_core.integrations.errors import IntegrationUnknown
from shuke_core.integrations.signatures import SignatureRefused
from shuke_core.kit.errors import ShukeError
from shuke_core.members.errors import MemberUnknown
from shuke_core.staff.errors import StaffUnknown
from shuke_core.tenants.errors import TenantUnknown
from shuke_schema.http.negotiation import JSON, PAGE

MOST_BODY_BYTES = 1 << 20


class BodyTooLarge(ShukeError):
    code = "BODY_TOO_LARGE"
    sentence = "A body has at most {most} bytes; send smaller batches."


_STATUS: dict[type[Exception], int] = {
    TenantUnknown: 404,
    IntegrationUnknown: 404,
    MemberUnknown: 404,
    StaffUnknown: 404,
    TokenInvalid: 401,
    SignatureRefused: 401,
    BodyTooLarge: 413,
}


def status_of(error: Exception) -> int:
    """The HTTP status of an expected failure; 400 unless it says otherwise, here or itself."""
    return _STATUS.get(type(error)) or int(getattr(error, "status", 400))


class JsonAnswer(Response):
    """A JSON answer, encoded by orjson."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content)


def refusal(error: ShukeError | SignatureRefused, *, status: int | None = None) -> JsonAnswer:
    """The answer to an expected failure, with the status that it has unless another is given."""
    said = {"error": {"code": error.code, "message": str(error)}}
    answer = JsonAnswer(said, status or status_of(error))
    if isinstance(error, ShukeError) and isinstance(wait := error.facts.get("seconds"), int):
        answer.headers["retry-after"] = str(wait)
    return answer


async def read_body(request: Request, most: int = MOST_BODY_BYTES) -> bytes:
    """The whole body; stops reading and raises BodyTooLarge as soon as it passes `most` bytes."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            raise BodyTooLarge(most=most)
        chunks.append(chunk)
    return b"".join(chunks)


class GraphQLAnswer(JsonAnswer):
    """An answer in GraphQL's form, in the media type that was negotiated."""

    def __init__(self, content: Any, media: str, status: int = 200) -> None:
        super().__init__(content, status, headers={"content-type": f"{media}; charset=utf-8"})


def refused(error: ShukeError, media: str) -> GraphQLAnswer:
    """The refusal of an operation in GraphQL's form.

    As application/json a refusal of a well-formed request has status 200: so the specification
    wants it for clients that look at nothing else.
    """
    status = 200 if media == JSON and getattr(error, "of_document", False) else status_of(error)
    shown = {"message": str(error), "extensions": {"code": error.code}}
    answer = GraphQLAnswer({"errors": [shown]}, media if media != PAGE else JSON, status)
    if isinstance(wait := error.facts.get("seconds"), int):
        answer.headers["retry-after"] = str(wait)
    if status == 405:
        answer.headers["allow"] = "POST"
    return answer
