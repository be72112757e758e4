"""PNG, rewritten from the chunks that draw it (ISO/IEC 15948): head, palette, colours, data.

Left out are texts, times, EXIF but for the orientation, colour profiles, the further pictures of a
moving one, and what stands after its end or behind the pixels in their stream: editors have left there
what was cut away.
"""

import zlib
from collections.abc import Callable, Iterator

from shuke_core.files.drawn import Drawn, check_size
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
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of one pixel, by the kind of colour
# First column and row, and steps, of the seven passes of an interlaced one.
_PASSES = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
_TAKEN, _GIVEN = 16 << 10, 1 << 20  # bytes in and out of the stream at a time


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
            pixels.append(body)
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
    width, height = int.from_bytes(head[:4], "big"), int.from_bytes(head[4:8], "big")
    check_size(width, height)
    stream = b"".join(pixels)
    end = _end_of_pixels(stream, _bytes_of_pixels(width, height, head))
    if end < len(stream):
        pixels = [stream[:end]]
    if orientation != UPRIGHT:
        kept[b"eXIf"] = _chunk(b"eXIf", only_orientation(orientation))
    drawing = (_chunk(b"IDAT", body) for body in pixels)
    parts = (BEGINS, _chunk(b"IHDR", head), *kept.values(), *drawing, _chunk(b"IEND", b""))
    return Drawn(width, height, b"".join(parts))


def _bytes_of_pixels(width: int, height: int, head: bytes) -> int:
    """How many bytes the pixels are, with the byte before each row that says how it is filtered."""
    bits = head[8] * _SAMPLES[head[9]]
    total = 0
    for left, top, right, down in _PASSES if head[12] else ((0, 0, 1, 1),):
        columns = (width - left + right - 1) // right
        rows = (height - top + down - 1) // down
        if columns > 0:
            total += max(0, rows) * (1 + (columns * bits + 7) // 8)
    return total


def _end_of_pixels(stream: bytes, expected: int) -> int:
    """Where the stream of the pixels ends. Raises PictureDamaged unless they are as many as expected.

    They are counted and let go: a stream that grows without end is left at one step past them.
    """
    inflating, length, end = zlib.decompressobj(), 0, 0
    try:
        while end < len(stream) and not inflating.eof:
            piece = stream[end : end + _TAKEN]
            end += len(piece)
            while piece and not inflating.eof and length <= expected:
                length += len(inflating.decompress(piece, _GIVEN))
                piece = inflating.unconsumed_tail
            if length > expected:
                raise PictureDamaged(why="more is in it than it draws")
        while not inflating.eof and (more := inflating.decompress(b"", _GIVEN)):
            length += len(more)
    except zlib.error:
        raise PictureDamaged(why="its pixels can't be read") from None
    if length > expected:
        raise PictureDamaged(why="more is in it than it draws")
    if length < expected or not inflating.eof:
        raise PictureDamaged(why="it ends in the middle")
    return end - len(inflating.unused_data)


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
