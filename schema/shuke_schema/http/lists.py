"""Lists that staff send to be imported.

POST /t/{tenant}/staff/files?for=import   201 kept · 400 · 401 · 403 · 404 · 413 · 415 · 429

Kept piece by piece, each in a unit of its own: nobody holds a list in memory, and a unit is not open
while a client is slow. What does not come to its end is deleted.
"""

from collections.abc import Callable
from typing import Final
from uuid import UUID

from starlette.responses import Response

from shuke_core.files.errors import ListRefused
from shuke_core.files.lists import LIST_TYPE, MOST_LIST_BYTES, begin_list, finish_list
from shuke_core.files.services import append_to_file, delete_file
from shuke_core.kit.transactions import unit_of_work
from shuke_schema.context import Context
from shuke_schema.http.answers import JsonAnswer
from shuke_schema.http.door import Door
from shuke_schema.http.multipart import pieces_of_file
from shuke_schema.http.rates import Rates
from shuke_schema.http.sending import Endpoint, Sending, sending_endpoint

SENDING_SECONDS: Final = 300.0
_PIECE_BYTES: Final = 1 << 20

Sender = Callable[[Context], UUID]


def list_endpoint(door: Door, sender: Sender, rates: Rates) -> Endpoint:
    """The endpoint; `sender` tells who of the staff sends, and raises for who may not."""

    async def check(context: Context) -> None:
        sender(context)

    async def receive(sending: Sending) -> Response:
        receiving = _Receiving(sending.tenant.id)
        try:
            async with sending.within(SENDING_SECONDS):
                async for piece in pieces_of_file(sending.request, MOST_LIST_BYTES):
                    await receiving.add(piece.data, piece.file_name)
            file_id = await receiving.end()
            async with sending.unit() as context:
                upload = await finish_list(file_id, sender(context))
        except BaseException:
            await receiving.give_up()
            raise
        told = {
            "id": str(upload.id),
            "content_type": LIST_TYPE,
            "size": receiving.size,
            "expires_at": upload.expires_at,
        }
        return JsonAnswer({"file": told}, 201)

    return sending_endpoint(door, check, rates, receive)


class _Receiving:
    """A list that comes in: what is not kept yet, and the file of what is."""

    def __init__(self, tenant_id: UUID) -> None:
        self._tenant_id = tenant_id
        self._waiting = bytearray()
        self._name = ""
        self._file_id: UUID | None = None
        self.size = 0

    async def add(self, data: bytes, name: str) -> None:
        """Some more. Raises ListRefused for bytes that no text has."""
        if b"\0" in data:
            raise ListRefused(why="it is no text; save it as CSV UTF-8, not as a workbook")
        self._name = name
        self._waiting += data
        self.size += len(data)
        if len(self._waiting) >= _PIECE_BYTES:
            await self._keep()

    async def end(self) -> UUID:
        """The file of it all. Raises ListRefused where nothing came."""
        await self._keep()
        if self._file_id is None:
            raise ListRefused(why="it is empty")
        return self._file_id

    async def give_up(self) -> None:
        """Nothing of it stays."""
        if self._file_id is not None:
            async with unit_of_work(self._tenant_id):
                await delete_file(self._file_id)

    async def _keep(self) -> None:
        if not self._waiting:
            return
        data, self._waiting = bytes(self._waiting), bytearray()
        async with unit_of_work(self._tenant_id):
            begun = self._file_id or await begin_list(self._name)
            await append_to_file(begun, data)
        self._file_id = begun
