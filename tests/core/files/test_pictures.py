"""Pictures by their content: what is taken, what of it is kept, what is refused."""

import struct
import time
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.pictures import (
    JPEG,
    PLACE,
    SECRET,
    TIFF,
    WEBP,
    WEBP_LOSSLESS,
    chunk,
    png,
    riff,
    segment,
)

from shuke_core.files.errors import FileTypeRefused, PictureDamaged, PictureTooLarge
from shuke_core.files.exif import only_orientation, orientation_of
from shuke_core.files.pictures import MOST_BYTES, MOST_SIDE, read_picture
from shuke_core.kit.errors import ShukeError

PNG = png(
    extra=chunk(b"gAMA", struct.pack(">I", 45455))
    + chunk(b"tEXt", b"Author\0" + SECRET)
    + chunk(b"iCCP", b"x\0\0" + zlib.compress(SECRET))
    + chunk(b"tIME", SECRET + b"!")
    + chunk(b"eXIf", TIFF)
)
# What a browser, an unzipper or a viewer of PDF would take it for as well.
OTHER_HALVES = [
    b"PK\x03\x04" + SECRET,
    b"<script>" + SECRET,
    b"%PDF-1.7" + SECRET,
    b"\0" * 9 + SECRET,
]
_SOF = JPEG.index(b"\xff\xc0")
_SOS = JPEG.index(b"\xff\xda")


@pytest.mark.parametrize(
    ("data", "content_type"),
    [(JPEG, "image/jpeg"), (PNG, "image/png"), (WEBP, "image/webp")],
)
@pytest.mark.parametrize("behind", [b"", *OTHER_HALVES])
def test_only_what_draws_is_kept(data: bytes, content_type: str, behind: bytes) -> None:
    assert SECRET in data
    assert PLACE in data
    kept = read_picture(data + behind)
    assert (kept.content_type, kept.width, kept.height) == (content_type, 3, 2)
    assert SECRET not in kept.data
    assert PLACE not in kept.data
    assert TIFF not in kept.data
    assert only_orientation(6) in kept.data
    assert len(kept.data) < len(data)
    assert read_picture(kept.data) == kept


def test_the_bytes_that_draw_stay_as_they_are() -> None:
    assert read_picture(JPEG).data.endswith(JPEG[JPEG.index(b"\xff\xdb") :])
    assert read_picture(PNG).data == (
        b"\x89PNG\r\n\x1a\n"
        + PNG[8:33]
        + chunk(b"gAMA", struct.pack(">I", 45455))
        + chunk(b"eXIf", only_orientation(6))
        + PNG[PNG.index(b"IDAT") - 4 :]
    )
    frame = WEBP[WEBP.index(b"VP8 ") + 8 :][:44]
    head = bytes((0x08, 0, 0, 0)) + b"\2\0\0" + b"\1\0\0"
    assert read_picture(WEBP).data == riff(
        (b"VP8X", head), (b"VP8 ", frame), (b"EXIF", only_orientation(6))
    )
    assert read_picture(WEBP_LOSSLESS).data == WEBP_LOSSLESS
    plain = png()
    assert read_picture(plain).data == plain


def test_comments_within_a_jpeg_are_left_out_wherever_they_stand() -> None:
    late = JPEG[:_SOS] + segment(0xFE, SECRET) + segment(0xED, SECRET) + JPEG[_SOS:]
    assert read_picture(late) == read_picture(JPEG)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8",
        b"GIF89a" + b"\0" * 20,
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<?xml version='1.0'?><svg/>",
        b"%PDF-1.7\n" + JPEG,
        b"PK\x03\x04" + PNG,
        b"\n" + PNG,
        b"BM" + b"\0" * 60,
        b"\0\0\0\x1cftypheic" + b"\0" * 20,
        b"RIFF\4\0\0\0WAVE",
        JPEG.replace(b"\xff\xc0", b"\xff\xc3"),  # lossless: hardly anybody draws it
        JPEG.replace(b"\xff\xc0", b"\xff\xc9"),
        riff((b"VP8X", bytes(10)), (b"ANIM", bytes(6)), (b"ANMF", bytes(30))),
    ],
)
def test_anything_else_is_refused_by_its_content(data: bytes) -> None:
    with pytest.raises(FileTypeRefused):
        read_picture(data)


def _with_crc_broken(data: bytes) -> bytes:
    at = data.index(b"IDAT") + 5
    return data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (JPEG[:-2], "it ends in the middle"),
        (JPEG[:300], "it ends in the middle"),
        (JPEG[:20] + b"X" + JPEG[21:], "a segment is expected and there is none"),
        (JPEG[:_SOF] + JPEG[_SOF : _SOF + 19] + JPEG[_SOF:], "it has two frames"),
        (JPEG[:_SOS] + b"\xff\xd9", "nothing is drawn in it"),
        (JPEG[:_SOF] + segment(0xDB, bytes(66)) + JPEG[_SOF:], "a table is not what it says"),
        (JPEG[:_SOF] + segment(0xC4, b"\0" + bytes(16) + SECRET) + JPEG[_SOF:],
         "a table is not what it says"),
        (JPEG[:_SOF] + segment(0xDD, SECRET) + JPEG[_SOF:], "a table is not what it says"),
        (JPEG[:_SOF] + segment(0xF0, SECRET) + JPEG[_SOF:], "a segment is of no known kind"),
        (JPEG[: _SOF + 5] + b"\0\0\0\0" + JPEG[_SOF + 9 :], "it has no size"),
        (png()[:-4], "it ends in the middle"),
        (_with_crc_broken(png()), "a checksum is wrong"),
        (png(depth=3), "its head is not what it says"),
        (png(extra=chunk(b"PLTE", SECRET + b"!")), "a chunk is not what it says"),
        (png(extra=chunk(b"sRGB", b"\0") * 2), "a chunk is not what it says"),
        (png(extra=chunk(b"ABCD", b"")), "a chunk is of no known kind"),
        (png(width=0), "it has no size"),
        (png()[:33] + chunk(b"IEND", b""), "nothing is drawn in it"),
        (png(pixels=zlib.compress(bytes(19))), "it ends in the middle"),
        (png(pixels=zlib.compress(bytes(20))[:-4]), "it ends in the middle"),
        (png(pixels=zlib.compress(bytes(20) + SECRET)), "more is in it than it draws"),
        (png(pixels=zlib.compress(bytes(1 << 28))), "more is in it than it draws"),
        (png(pixels=SECRET), "its pixels can't be read"),
        (png(pixels=b""), "it ends in the middle"),
        (WEBP[:-1], "it ends in the middle"),
        (riff((b"VP8 ", SECRET * 3)), "its frame is not what it says"),
        (riff((b"XMP ", SECRET)), "nothing is drawn in it"),
        (WEBP.replace(b"\2\0\0\1\0\0", b"\3\0\0\1\0\0"), "its frame does not fill it"),
    ],
)  # fmt: skip
def test_a_damaged_one_is_refused_with_the_reason(data: bytes, why: str) -> None:
    with pytest.raises(PictureDamaged, match=why):
        read_picture(data)


def test_a_side_has_so_many_pixels_at_most() -> None:
    assert read_picture(png(MOST_SIDE, 1)).width == MOST_SIDE
    for width, height in ((MOST_SIDE + 1, 1), (1, MOST_SIDE + 1), (2**31 - 1, 2**31 - 1)):
        with pytest.raises(PictureTooLarge):
            read_picture(png(width, height))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_is_read_in_both_orders(orientation: int) -> None:
    big = only_orientation(orientation)
    little = b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    assert orientation_of(big) == orientation_of(little) == orientation


@given(st.binary(max_size=60))
def test_no_bytes_have_an_orientation_beyond_the_eight(data: bytes) -> None:
    for order in (b"MM\0*", b"II*\0", b""):
        assert 1 <= orientation_of(order + data) <= 8


@given(
    st.sampled_from([JPEG, PNG, WEBP, WEBP_LOSSLESS]),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=4),
    st.floats(0, 1),
)
def test_bent_bytes_are_taken_or_refused_and_nothing_else(
    data: bytes, bends: list[tuple[float, int]], length: float
) -> None:
    bent = bytearray(data)
    for where, byte in bends:
        bent[int(where * len(bent))] = byte
    bent = bent[: round(length * len(bent))] if length < 0.9 else bent
    try:
        kept = read_picture(bytes(bent))
    except ShukeError:
        return
    assert read_picture(kept.data) == kept


def test_nothing_behind_the_pixels_of_a_png_is_kept() -> None:
    red = zlib.compress((b"\0" + b"\xc8\x1e\x3c" * 3) * 2)
    for hidden in (SECRET, SECRET * 10_000):
        assert read_picture(png(pixels=red + hidden)) == read_picture(png())


@pytest.mark.parametrize(
    ("width", "height", "passes"),
    [  # rows and columns of each pass that has any, as the standard's figure has them
        (1, 1, [(1, 1)]),
        (3, 2, [(1, 1), (1, 1), (1, 1), (1, 3)]),
        (8, 8, [(1, 1), (1, 1), (1, 2), (2, 2), (2, 4), (4, 4), (4, 8)]),
    ],
)
def test_an_interlaced_png_has_the_rows_of_its_passes(
    width: int, height: int, passes: list[tuple[int, int]]
) -> None:
    size = sum(rows * (1 + 3 * columns) for rows, columns in passes)
    data = png(width, height, pixels=zlib.compress(bytes(size)), interlaced=True)
    assert read_picture(data).data == data
    for wrong in (size - 1, size + 1):
        with pytest.raises(PictureDamaged):
            read_picture(png(width, height, pixels=zlib.compress(bytes(wrong)), interlaced=True))


_MANY = struct.pack(">4sIH", b"MM\0*", 8, 65_535)  # EXIF that says it has entries without end
_FULL = {
    "fill bytes in the scan": JPEG[:-2] + b"\xff" * MOST_BYTES,
    "fill bytes between segments": JPEG[:2] + b"\xff" * MOST_BYTES,
    "fill bytes and zeros": JPEG[:-2] + b"\xff\xff\x00" * (MOST_BYTES // 3),
    "restarts in the scan": JPEG[:-2] + b"\xff\xd0" * (MOST_BYTES // 2),
    "empty comments": JPEG[:2] + segment(0xFE, b"") * (MOST_BYTES // 4),
    "empty EXIF": JPEG[:2] + segment(0xE1, b"Exif\0\0" + _MANY) * (MOST_BYTES // 20),
    "scans of nothing": JPEG[:-2] + JPEG[_SOS : _SOS + 14] * (MOST_BYTES // 14),
    "EXIF of a WebP": riff(*[(b"EXIF", _MANY)] * (MOST_BYTES // 18)),
    "EXIF of a PNG": png(extra=chunk(b"eXIf", _MANY) * (MOST_BYTES // 22)),
    "pixels in pieces of nothing": png(extra=chunk(b"IDAT", b"") * (MOST_BYTES // 12)),
    "pixels in many pictures": png(
        MOST_SIDE, MOST_SIDE, pixels=zlib.compress(bytes((1 + 3 * MOST_SIDE) * MOST_SIDE))
    ),
}


@pytest.mark.parametrize("shape", _FULL)
def test_no_picture_costs_more_than_its_length(shape: str) -> None:
    """The worst took hours, by the square of its length, or half a minute."""
    start = time.process_time()
    with suppress(ShukeError):
        read_picture(_FULL[shape])
    assert time.process_time() - start < 3


def test_twice_the_fill_bytes_cost_about_twice() -> None:
    def cost(length: int) -> float:
        data, costs = JPEG[:-2] + b"\xff" * length, []
        for _ in range(5):
            start = time.process_time()
            with pytest.raises(PictureDamaged):
                read_picture(data)
            costs.append(time.process_time() - start)
        return min(costs)

    assert cost(1 << 20) < 8 * cost(1 << 18) + 0.01  # by the square it would be sixteen times
