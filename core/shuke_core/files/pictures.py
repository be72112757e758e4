"""Pictures (图片) as they are kept: of a type that the bytes say, and rewritten from what draws them.

Where a photo was taken is personal data, and it stands in the file beside the picture. Nothing of a
file is kept that lies outside the coded pixels: no metadata, no comment, no second file before, beside
or behind the first. Of PNG also nothing behind the pixels in their stream. What a JPEG's scans and a
WebP's frame say is not looked into: pixels are not decoded, a decoder is what such files attack.
"""

from dataclasses import dataclass

from shuke_core.files import jpeg, png, webp
from shuke_core.files.drawn import MOST_SIDE, check_size
from shuke_core.files.errors import FileTypeRefused

__all__ = ["CONTENT_TYPES", "MOST_BYTES", "MOST_SIDE", "Picture", "read_picture"]

MOST_BYTES = 2 << 20
CONTENT_TYPES = (jpeg.CONTENT_TYPE, png.CONTENT_TYPE, webp.CONTENT_TYPE)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture to be kept; `width` and `height` in pixels, before it is turned upright."""

    content_type: str
    width: int
    height: int
    data: bytes


def read_picture(data: bytes) -> Picture:
    """The picture that the bytes are, whatever they were called.

    Raises FileTypeRefused for anything but JPEG, PNG and WebP, PictureDamaged and PictureTooLarge.
    Its work grows with the bytes, and of a PNG with its pixels: some tenths of a second at most, so it
    is for a thread.
    """
    if data.startswith(jpeg.BEGINS):
        content_type, drawn = jpeg.CONTENT_TYPE, jpeg.drawn(data)
    elif data.startswith(png.BEGINS):
        content_type, drawn = png.CONTENT_TYPE, png.drawn(data)
    elif webp.is_webp(data):
        content_type, drawn = webp.CONTENT_TYPE, webp.drawn(data)
    else:
        raise FileTypeRefused()
    check_size(drawn.width, drawn.height)
    return Picture(content_type, drawn.width, drawn.height, drawn.data)
