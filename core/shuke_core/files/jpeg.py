"""JPEG, rewritten from the segments that draw it (ITU-T T.81): tables, frame, scans.

Left out are comments and application segments: EXIF but for the orientation, XMP, IPTC, colour
profiles, thumbnails; and what stands after its end, a second picture or a film of the camera. Tables
are read through, so that none carries anything besides. The coded data of scans is kept as it is.
"""

import re
from collections.abc import Iterator

from shuke_core.files.drawn import Drawn
from shuke_core.files.errors import FileTypeRefused, PictureDamaged
from shuke_core.files.exif import UPRIGHT, only_orientation, orientation_of

BEGINS = b"\xff\xd8\xff"
CONTENT_TYPE = "image/jpeg"
_FRAMES = {0xC0, 0xC1, 0xC2}  # baseline, extended, progressive: what everybody draws
_OTHER_FRAMES = {0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
_HUFFMAN, _ARITHMETIC, _END, _SCAN, _QUANTISERS, _RESTARTS = 0xC4, 0xCC, 0xD9, 0xDA, 0xDB, 0xDD
_JFIF, _EXIF, _ADOBE, _COMMENT = 0xE0, 0xE1, 0xEE, 0xFE
_EXIF_BEGINS, _JFIF_BEGINS, _ADOBE_BEGINS = b"Exif\0\0", b"JFIF\0", b"Adobe"
_JFIF_BYTES, _ADOBE_BYTES = 14, 12
# Within a scan 0xFF stands before 0x00 and before restarts; anything else ends it. One 0xFF and no run
# of them: a search for a run that leads nowhere would begin anew at each byte of it.
_AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_FILL = re.compile(rb"\xff+")
_MOST_SEGMENTS = 4_096  # the richest camera writes some dozens


def _segments(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Marker, body, and what follows the segment up to the next one: the coded data of a scan."""
    at = 2
    for _ in range(_MOST_SEGMENTS):
        fill = _FILL.match(data, at)
        if fill is None:
            raise PictureDamaged(why="a segment is expected and there is none")
        at = fill.end() - 1
        marker = int.from_bytes(data[at + 1 : at + 2], "big")
        if marker == _END:
            return
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        body = data[at + 4 : at + 2 + length]
        if length < 2 or len(body) != length - 2:
            raise PictureDamaged(why="it ends in the middle")
        at += 2 + length
        coded = b""
        if marker == _SCAN:
            ended = _AFTER_SCAN.search(data, at)
            if ended is None:
                raise PictureDamaged(why="it ends in the middle")
            coded = data[at : ended.start()].rstrip(b"\xff")  # what only fills stays out
            at = ended.start()
        yield marker, body, coded
    raise PictureDamaged(why="it has too many segments")


def _segment(marker: int, body: bytes) -> bytes:
    return b"\xff" + bytes((marker,)) + (len(body) + 2).to_bytes(2, "big") + body


def drawn(data: bytes) -> Drawn:
    """The picture alone. Raises PictureDamaged, and FileTypeRefused for kinds that hardly any client
    draws."""
    head, parts = list[bytes](), list[bytes]()
    size: tuple[int, int] | None = None
    orientation, scans = UPRIGHT, 0
    for marker, body, coded in _segments(data):
        if marker in _FRAMES:
            if size is not None:
                raise PictureDamaged(why="it has two frames")
            size = _size(body)
            parts.append(_segment(marker, body))
        elif marker in (_HUFFMAN, _QUANTISERS, _RESTARTS):
            if not _fits(marker, body):
                raise PictureDamaged(why="a table is not what it says")
            parts.append(_segment(marker, body))
        elif marker == _SCAN:
            if size is None or len(body) < 1 or len(body) != 4 + 2 * body[0]:
                raise PictureDamaged(why="a scan is not what it says")
            parts += (_segment(marker, body), coded)
            scans += 1
        elif marker == _JFIF and body.startswith(_JFIF_BEGINS) and len(body) >= _JFIF_BYTES:
            if not head:  # without its thumbnail
                head.append(_segment(marker, body[: _JFIF_BYTES - 2] + b"\0\0"))
        elif marker == _ADOBE and body.startswith(_ADOBE_BEGINS) and len(body) == _ADOBE_BYTES:
            parts.append(_segment(marker, body))  # which says how its colours are coded
        elif marker == _EXIF and body.startswith(_EXIF_BEGINS):
            found = orientation_of(body[len(_EXIF_BEGINS) :])
            orientation = found if orientation == UPRIGHT else orientation
        elif marker in _OTHER_FRAMES or marker == _ARITHMETIC:
            raise FileTypeRefused()
        elif marker != _COMMENT and not _JFIF <= marker <= 0xEF:
            raise PictureDamaged(why="a segment is of no known kind")
    if size is None or not scans:
        raise PictureDamaged(why="nothing is drawn in it")
    if orientation != UPRIGHT:
        head.append(_segment(_EXIF, _EXIF_BEGINS + only_orientation(orientation)))
    return Drawn(*size, b"".join((b"\xff\xd8", *head, *parts, b"\xff\xd9")))


def _size(body: bytes) -> tuple[int, int]:
    """Width and height; one that is said only after the scan is taken for damage."""
    if len(body) < 6 or body[0] != 8 or body[5] not in (1, 3, 4) or len(body) != 6 + 3 * body[5]:
        raise PictureDamaged(why="its frame is not what it says")
    return int.from_bytes(body[3:5], "big"), int.from_bytes(body[1:3], "big")


def _fits(marker: int, body: bytes) -> bool:
    """Whether tables fill their segment to the last byte."""
    if marker == _RESTARTS:
        return len(body) == 2
    at = 0
    while at < len(body):
        if marker == _QUANTISERS:
            at += 1 + (128 if body[at] >> 4 else 64)
        else:
            at += 17 + sum(body[at + 1 : at + 17])
    return 0 < at == len(body)
