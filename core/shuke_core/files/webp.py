"""WebP, rewritten from the chunks that draw it (RFC 9649): head, alpha and one frame.

Left out are EXIF but for the orientation, XMP, colour profiles, unknown chunks and what stands after
its end. One that moves is refused. The coded data of the frame is kept as it is.
"""

from collections.abc import Iterator

from shuke_core.files.drawn import Drawn
from shuke_core.files.errors import FileTypeRefused, PictureDamaged
from shuke_core.files.exif import UPRIGHT, only_orientation, orientation_of

BEGINS, KIND = b"RIFF", b"WEBP"
CONTENT_TYPE = "image/webp"
_HEAD = 12  # bytes: RIFF, the length, WEBP
_ALPHA, _EXIF = 0x10, 0x08  # of the flags of VP8X
_LOSSY, _LOSSLESS, _EXTENDED = b"VP8 ", b"VP8L", b"VP8X"
_MOVES = (b"ANIM", b"ANMF")


def is_webp(data: bytes) -> bool:
    """Whether it begins as one."""
    return data[:4] == BEGINS and data[8:12] == KIND


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and body of each; each begins at an even place."""
    end = int.from_bytes(data[4:8], "little") + 8
    if end > len(data):
        raise PictureDamaged(why="it ends in the middle")
    at = _HEAD
    while at < end:
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        if at + 8 + length > end:
            raise PictureDamaged(why="it ends in the middle")
        yield data[at : at + 4], data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _chunk(kind: bytes, body: bytes) -> bytes:
    return kind + len(body).to_bytes(4, "little") + body + b"\0" * (len(body) % 2)


def drawn(data: bytes) -> Drawn:
    """The picture alone. Raises PictureDamaged, and FileTypeRefused for one that moves."""
    canvas: tuple[int, int] | None = None
    frame, alpha = b"", b""
    size = (0, 0)
    orientation = UPRIGHT
    for kind, body in _chunks(data):
        if kind in _MOVES:
            raise FileTypeRefused()
        if kind in (_LOSSY, _LOSSLESS):
            if frame:
                raise PictureDamaged(why="it has two frames")
            size = _size(kind, body)
            frame = _chunk(kind, body)
        elif kind == _EXTENDED and len(body) == 10 and canvas is None:
            canvas = (
                int.from_bytes(body[4:7], "little") + 1,
                int.from_bytes(body[7:10], "little") + 1,
            )
        elif kind == b"ALPH" and not alpha and not frame:
            alpha = _chunk(kind, body)
        elif kind == b"EXIF":
            orientation = orientation_of(body.removeprefix(b"Exif\0\0"))
    if not frame:
        raise PictureDamaged(why="nothing is drawn in it")
    if canvas is not None and canvas != size:
        raise PictureDamaged(why="its frame does not fill it")
    return Drawn(
        *size, _written(size, b"" if frame[:4] == _LOSSLESS else alpha, frame, orientation)
    )


def _written(size: tuple[int, int], alpha: bytes, frame: bytes, orientation: int) -> bytes:
    """With the extended head only where something is in it."""
    parts, flags = [alpha, frame], 0
    if orientation != UPRIGHT:
        parts.append(_chunk(b"EXIF", only_orientation(orientation)))
        flags |= _EXIF
    if alpha or (flags and frame[:4] == _LOSSLESS):
        flags |= _ALPHA
    if flags and all(size):
        sides = b"".join((side - 1).to_bytes(3, "little") for side in size)
        parts.insert(0, _chunk(_EXTENDED, bytes((flags, 0, 0, 0)) + sides))
    inner = KIND + b"".join(parts)
    return BEGINS + len(inner).to_bytes(4, "little") + inner


def _size(kind: bytes, body: bytes) -> tuple[int, int]:
    """Width and height by the frame itself."""
    if kind == _LOSSY and len(body) > 10 and not body[0] & 1 and body[3:6] == b"\x9d\x01\x2a":
        return tuple(int.from_bytes(body[at : at + 2], "little") & 0x3FFF for at in (6, 8))  # type: ignore[return-value]
    if kind == _LOSSLESS and len(body) > 5 and body[0] == 0x2F:
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    raise PictureDamaged(why="its frame is not what it says")
