"""What is kept of a picture: its size in pixels, and the bytes that draw it."""

from typing import Final, NamedTuple

from shuke_core.files.errors import PictureDamaged, PictureTooLarge

MOST_SIDE: Final = 4096


class Drawn(NamedTuple):
    """A picture, rewritten from what draws it alone."""

    width: int
    height: int
    data: bytes


def check_size(width: int, height: int) -> None:
    """Raises PictureDamaged for none at all, PictureTooLarge."""
    if not width or not height:
        raise PictureDamaged(why="it has no size")
    if max(width, height) > MOST_SIDE:
        raise PictureTooLarge(most=MOST_SIDE, width=width, height=height)
