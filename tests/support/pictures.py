"""Small pictures with what cameras and editors write beside them, and ways to bend them.

The JPEG and the WebP are real: three by two pixels, taken with the phone on its side, with a camera's
name, a place in Shanghai and a comment. Whatever is personal in them holds the word SECRET.
"""

import base64
import struct
import zlib

SECRET = b"SECRET"
PLACE = struct.pack(">II", 31, 1)  # degrees north, as EXIF has them

JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/4QCsRXhpZgAATU0AKgAAAAgAAwEPAAIAAAAMAAAAMgESAAMAAAABAAYAAIglAAQAAAAB"
    "AAAAPgAAAABDYW5vblNFQ1JFVAAABAABAAIAAAACTgAAAAACAAUAAAADAAAAdAADAAIAAAACRQAAAAAEAAUAAAADAAAAjAAA"
    "AAAAAAAfAAAAAQAAAA4AAAABAAAAAQAAAAIAAAB5AAAAAQAAABwAAAABAAAAAQAAAAT//gAIU0VDUkVU/9sAQwAoHB4jHhko"
    "IyEjLSsoMDxkQTw3Nzx7WF1JZJGAmZaPgIyKoLTmw6Cq2q2KjMj/y9ru9f///5vB////+v/m/f/4/9sAQwErLS08NTx2QUF2"
    "+KWMpfj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4/8AAEQgAAgADAwEiAAIRAQMR"
    "Af/EABUAAQEAAAAAAAAAAAAAAAAAAAAE/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/EABUBAQEAAAAAAAAAAAAAAAAAAAIE/8QA"
    "FBEBAAAAAAAAAAAAAAAAAAAAAP/aAAwDAQACEQMRAD8AmABe/9k="
)
WEBP = base64.b64decode(
    "UklGRgQBAABXRUJQVlA4WAoAAAAMAAAAAgAAAQAAVlA4ICwAAACQAQCdASoDAAIAAUAmJaACdLoAA5gA/vD6K67xaUa/+8Z/"
    "/cZ//cZ/7uAAAEVYSUakAAAATU0AKgAAAAgAAwEPAAIAAAAMAAAAMgESAAMAAAABAAYAAIglAAQAAAABAAAAPgAAAABDYW5v"
    "blNFQ1JFVAAABAABAAIAAAACTgAAAAACAAUAAAADAAAAdAADAAIAAAACRQAAAAAEAAUAAAADAAAAjAAAAAAAAAAfAAAAAQAA"
    "AA4AAAABAAAAAQAAAAIAAAB5AAAAAQAAABwAAAABAAAAAQAAAARYTVAgBgAAAFNFQ1JFVA=="
)
WEBP_LOSSLESS = base64.b64decode("UklGRh4AAABXRUJQVlA4TBEAAAAvAkAAAAdQjyKXp/+BiOh/AAA=")

# As the JPEG has it, with the place: a TIFF header that turns the picture by a quarter.
TIFF = JPEG[JPEG.index(b"MM\0*") :][:164]


def segment(marker: int, body: bytes) -> bytes:
    """A segment of a JPEG."""
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    """A WebP of these chunks."""
    made = b"".join(
        kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
        for kind, body in chunks
    )
    return b"RIFF" + struct.pack("<I", len(made) + 4) + b"WEBP" + made


def png(
    width: int = 3,
    height: int = 2,
    *,
    extra: bytes = b"",
    behind: bytes = b"",
    depth: int = 8,
    pixels: bytes | None = None,
    interlaced: bool = False,
) -> bytes:
    """A red PNG; `extra` are chunks before its pixels, `behind` stands after its end, `pixels` are
    others than red, compressed."""
    head = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, interlaced)
    row = b"\0" + b"\xc8\x1e\x3c" * min(width, 5_000)  # of a huge one there are not all
    rows = pixels if pixels is not None else zlib.compress(row * min(height, 5_000))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + extra
        + chunk(b"IDAT", rows)
        + chunk(b"IEND", b"")
        + behind
    )
