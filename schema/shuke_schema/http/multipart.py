"""Reads one file of multipart/form-data (RFC 7578) as it comes in; more than the bound is never held."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from shuke_core.files.errors import FileTooLarge
from shuke_schema.http.errors import UploadMalformed

PART: Final = b"file"
_FRAME_BYTES = 64 << 10  # for boundaries, headers, and small fields that some clients send along
_CUT_SHORT = "it ends in the middle"


@dataclass(slots=True)
class _Parts:
    """What the parser tells: headers of a part, its bytes, its end. Only the file's bytes are kept, until
    they are taken."""

    most: int
    size: int = 0
    data: bytearray = field(default_factory=bytearray)
    found: bool = False
    ended: bool = False
    is_file: bool = False
    name: bytes = b""
    value: bytes = b""
    disposition: bytes = b""
    file_name: str = ""

    def begin(self) -> None:
        self.is_file, self.disposition = False, b""

    def add_name(self, data: bytes, start: int, end: int) -> None:
        self.name += data[start:end]

    def add_value(self, data: bytes, start: int, end: int) -> None:
        self.value += data[start:end]

    def end_header(self) -> None:
        if self.name.strip().lower() == b"content-disposition":
            self.disposition = self.value
        self.name = self.value = b""

    def begin_data(self) -> None:
        _, options = parse_options_header(self.disposition)
        self.is_file = options.get(b"name") == PART
        if self.is_file:
            self.file_name = options.get(b"filename", b"").decode("utf-8", "replace")
        if self.is_file and self.found:
            raise UploadMalformed(problem="there are two")
        self.found = self.found or self.is_file

    def add_data(self, data: bytes, start: int, end: int) -> None:
        if self.is_file:
            self.size += end - start
            if self.size > self.most:
                raise FileTooLarge(most=self.most)
            self.data += data[start:end]

    def take(self) -> bytes:
        """What has come of the file since."""
        taken, self.data = bytes(self.data), bytearray()
        return taken

    def end(self) -> None:
        self.ended = True


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of the part `file`, and what it is called."""

    data: bytes
    file_name: str


async def read_file(request: Request, most: int) -> bytes:
    """The bytes of the part `file`. Raises FileTooLarge as soon as it has more than `most`, and
    UploadMalformed."""
    return b"".join([piece.data async for piece in pieces_of_file(request, most)])


async def pieces_of_file(request: Request, most: int) -> AsyncIterator[Piece]:
    """The same piece by piece as they come in. Only after the last one is it known that all is well."""
    parts = _Parts(most)
    parser = MultipartParser(
        _boundary(request),
        {
            "on_part_begin": parts.begin,
            "on_header_field": parts.add_name,
            "on_header_value": parts.add_value,
            "on_header_end": parts.end_header,
            "on_headers_finished": parts.begin_data,
            "on_part_data": parts.add_data,
            "on_end": parts.end,
        },
    )
    said = request.headers.get("content-length", "")
    if said.isdigit() and int(said) > most + _FRAME_BYTES:
        raise FileTooLarge(most=most)
    size = 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > most + _FRAME_BYTES:
                raise FileTooLarge(most=most)
            parser.write(chunk)
            if parts.data:
                yield Piece(parts.take(), parts.file_name)
    except FormParserError:
        raise UploadMalformed(problem="its parts can't be told apart") from None
    except ClientDisconnect:
        raise UploadMalformed(problem=_CUT_SHORT) from None
    if not parts.ended:
        raise UploadMalformed(problem=_CUT_SHORT)
    if not parts.found:
        raise UploadMalformed(problem="there is none")


def _boundary(request: Request) -> bytes:
    kind, options = parse_options_header(request.headers.get("content-type"))
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not 1 <= len(boundary) <= 70:
        raise UploadMalformed(problem="the body is something else, or has no boundary")
    return boundary
