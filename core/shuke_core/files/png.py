"""PNG, rewritten from the chunks that draw it (ISO/IEC 15948): head, palette, colours, data.

Left out are texts, times, EXIF but for the orientation, colour profiles, the further pictures of a
moving one, and what stands after its end: editors have left there what was cut away.
"""

import zlib
from collections.abc import Callable, Iterator

from shuke_core.files.drawn import Drawn
from shuke_core.files.errors import PictureDamaged
from shuke_core.files.exif import UPRIGHT, only_orientation, orientation_of

BEGINS = b"\x89PNG\r\n\x1a\n"
CONTENT_TYPE = "image/png"
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
# What is kept besides, once and before the pixels: how many bytes it may have.
_ONCE: dict[bytes, Callable[[int], bool]] = {
    b"gAMA": lambda size: size == 4,
    b"sRGB": lambda size: size == 1,
    b"cHRM": lambda size: size == 32,
    b"PLTE": lambda size: 0 < size <= 768 and not size % 3,
    b"tRNS": lambda size: 0 < size <= 256,
}
_FRAME = 12  # bytes of length, kind and checksum


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and body of each, up to the end; checksums are held."""
    at = len(BEGINS)
    while True:
        length = int.from_bytes(data[at : at + 4], "big")
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        checksum = data[at + 8 + length : at + _FRAME + length]
        if len(body) != length or len(checksum) != 4:
            raise PictureDamaged(why="it ends in the middle")
        if zlib.crc32(kind + body).to_bytes(4, "big") != checksum:
            raise PictureDamaged(why="a checksum is wrong")
        yield kind, body
        if kind == b"IEND":
            return
        at += _FRAME + length


def _chunk(kind: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")


def drawn(data: bytes) -> Drawn:
    """The picture alone. Raises PictureDamaged."""
    chunks = _chunks(data)
    kind, head = next(chunks)
    if kind != b"IHDR" or not _is_head(head):
        raise PictureDamaged(why="its head is not what it says")
    kept, pixels = dict[bytes, bytes](), list[bytes]()
    orientation = UPRIGHT
    for kind, body in chunks:
        if kind == b"IDAT":
            pixels.append(_chunk(kind, body))
        elif kind == b"IEND":
            if body:
                raise PictureDamaged(why="its end is not what it says")
        elif kind in _ONCE:
            if kind in kept or pixels or not _ONCE[kind](len(body)):
                raise PictureDamaged(why="a chunk is not what it says")
            kept[kind] = _chunk(kind, body)
        elif kind == b"eXIf":
            orientation = orientation_of(body)
        elif not kind[0] & 0x20:  # in capitals: it can't be drawn without
            raise PictureDamaged(why="a chunk is of no known kind")
    if not pixels:
        raise PictureDamaged(why="nothing is drawn in it")
    if orientation != UPRIGHT:
        pixels.insert(0, _chunk(b"eXIf", only_orientation(orientation)))
    parts = (BEGINS, _chunk(b"IHDR", head), *kept.values(), *pixels, _chunk(b"IEND", b""))
    return Drawn(int.from_bytes(head[:4], "big"), int.from_bytes(head[4:8], "big"), b"".join(parts))


def _is_head(head: bytes) -> bool:
    if len(head) != 13:
        return False
    depth, colour, compression, filtering, interlace = head[8:]
    return (
        depth in _DEPTHS.get(colour, ())
        and not compression
        and not filtering
        and interlace in (0, 1)
    )
