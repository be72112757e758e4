"""How the service answers: JSON, and refusals as `{"error": {"code", "message"}}`."""

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from shuke_core.integrations.errors import IntegrationUnknown
from shuke_core.integrations.signatures import SignatureRefused
from shuke_core.kit.errors import ShukeError
from shuke_core.members.errors import TokenInvalid
from shuke_core.tenants.errors import TenantUnknown

MOST_BODY_BYTES = 1 << 20


class BodyTooLarge(ShukeError):
    code = "BODY_TOO_LARGE"
    sentence = "A body has at most {most} bytes; send smaller batches."


_STATUS: dict[type[Exception], int] = {
    TenantUnknown: 404,
    IntegrationUnknown: 404,
    TokenInvalid: 401,
    SignatureRefused: 401,
    BodyTooLarge: 413,
}


def status_of(error: Exception) -> int:
    """The HTTP status of an expected failure; 400 unless it says otherwise here."""
    return _STATUS.get(type(error), 400)


class JsonAnswer(Response):
    """A JSON answer, encoded by orjson."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content)


def refusal(error: ShukeError | SignatureRefused) -> JsonAnswer:
    """The answer to an expected failure."""
    return JsonAnswer({"error": {"code": error.code, "message": str(error)}}, status_of(error))


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
