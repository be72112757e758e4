"""The one door for what is sent as a file, and the one where pictures are seen.

POST /t/{tenant}/member/files   201 kept · 400 · 401 · 403 · 404 · 413 · 415 · 429
POST /t/{tenant}/staff/files    the same, for who may edit members
GET  /t/{tenant}/files/{token}  200 the picture · 404 unknown or expired, all alike
"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from shuke_core.files.links import linked_picture
from shuke_core.files.pictures import MOST_BYTES, Picture, read_picture
from shuke_core.files.uploads import Upload
from shuke_core.kit import clock
from shuke_core.kit.errors import ShukeError
from shuke_core.kit.transactions import unit_of_work
from shuke_core.tenants.queries import find_tenant
from shuke_schema.context import Context
from shuke_schema.http.answers import JsonAnswer, refusal
from shuke_schema.http.door import Door
from shuke_schema.http.execution import Deadline
from shuke_schema.http.limits import Limits
from shuke_schema.http.multipart import read_file
from shuke_schema.http.rates import Rates
from shuke_schema.http.sending import Endpoint, Sending, caller_of, sending_endpoint

PICTURE_COST = 10  # in units of cost
SENDING_SECONDS = 60.0
# A picture that somebody opens by itself runs nothing, whatever a browser takes it for.
_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"

# Pictures are read beside the loop, two at a time however many come in.
_READING = ThreadPoolExecutor(2, "pictures")


@dataclass(frozen=True, slots=True)
class Uploads:
    """What a door does with files: `check` raises before anything of one is read, unless whoever asks
    may send it; `keep` keeps it for them. Both inside a unit of work."""

    check: Callable[[Context], Awaitable[None]]
    keep: Callable[[Context, Picture], Awaitable[Upload]]


def upload_endpoint(door: Door, uploads: Uploads, rates: Rates) -> Endpoint:
    """The endpoint of one audience at `/t/{tenant}/.../files`."""

    async def receive(sending: Sending) -> Response:
        async with sending.within(SENDING_SECONDS):
            data = await read_file(sending.request, MOST_BYTES)
        loop = asyncio.get_running_loop()
        picture = await loop.run_in_executor(_READING, read_picture, data)
        async with sending.unit() as context:
            upload = await uploads.keep(context, picture)
        told = {
            "id": str(upload.id),
            "content_type": picture.content_type,
            "size": len(picture.data),
            "width": picture.width,
            "height": picture.height,
            "expires_at": upload.expires_at,
        }
        return JsonAnswer({"file": told}, 201)

    return sending_endpoint(door, uploads.check, rates, receive)


def picture_endpoint(limits: Limits, rates: Rates) -> Endpoint:
    """The endpoint of links to pictures; whoever has one may look."""

    async def endpoint(request: Request) -> Response:
        try:
            tenant = await find_tenant(request.path_params["tenant"])
            await rates.take(caller_of(tenant, None, request), PICTURE_COST, limits)
            async with Deadline(limits.deadline_seconds), unit_of_work(tenant.id):
                picture = await linked_picture(request.path_params["token"])
        except ShukeError as error:
            return refusal(error)
        seconds = int((picture.expires_at - clock.now()).total_seconds())
        return Response(
            picture.data if request.method == "GET" else b"",
            headers={
                "content-type": picture.content_type,
                "content-length": str(len(picture.data)),
                "content-disposition": "inline",
                "cache-control": f"private, max-age={max(0, seconds)}, immutable",
                "content-security-policy": _POLICY,
            },
        )

    return endpoint
