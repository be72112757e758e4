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

_STATUS: dict[type[Exception], int] = {
    TenantUnknown: 404,
    IntegrationUnknown: 404,
    TokenInvalid: 401,
}


class BodyTooLarge(ShukeError):
    code = "BODY_TOO_LARGE"
    sentence = "A body has at most {most} bytes; send smaller batches."


class JsonAnswer(Response):
    """A JSON answer, encoded by orjson."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content)


def refusal(error: ShukeError | SignatureRefused, status: int | None = None) -> JsonAnswer:
    """The answer to an expected failure."""
    if status is None:
        status = _STATUS.get(type(error), 400)
    return JsonAnswer({"error": {"code": error.code, "message": str(error)}}, status)


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
