"""The door for files that were exported: a link is good once, whoever asks with it.

GET /t/{tenant}/exports/{token}   200 the file · 404 unknown, used or expired, all alike
"""

from collections.abc import AsyncIterator
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from shuke_core.exports.services import take_link
from shuke_core.files.services import FileCard, read_chunk
from shuke_core.kit.errors import ShukeError
from shuke_core.kit.transactions import unit_of_work
from shuke_core.tenants.queries import find_tenant
from shuke_schema.http.answers import refusal
from shuke_schema.http.errors import MethodRefused


async def fetch_export(request: Request) -> Response:
    """Uses the link up and sends the file. The use is committed before the first byte: whoever
    breaks off asks for another link."""
    try:
        if request.method != "GET":  # Starlette lets HEAD in with GET; it must not use a link up
            raise MethodRefused(what="A file", method=request.method)
        tenant = await find_tenant(request.path_params["tenant"])
        source = request.client.host if request.client else "local"
        async with unit_of_work(tenant.id):
            card = await take_link(
                request.path_params["token"], source, request.headers.get("user-agent", "")
            )
    except ShukeError as error:
        return refusal(error)
    return StreamingResponse(
        _chunks(tenant.id, card),
        media_type=card.content_type,
        headers={
            "content-length": str(card.size),
            "content-disposition": f'attachment; filename="{card.name}"',
        },
    )


async def _chunks(tenant_id: UUID, card: FileCard) -> AsyncIterator[bytes]:
    """A unit a chunk: who reads slowly holds no connection. A file that is revoked meanwhile ends
    in the middle, which its length shows."""
    for number in range(card.chunks):
        async with unit_of_work(tenant_id):
            data = await read_chunk(card.id, number)
        yield data
