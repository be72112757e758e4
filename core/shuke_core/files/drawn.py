"""What is kept of a picture: its size in pixels, and the bytes that draw it."""

from typing import NamedTuple


class Drawn(NamedTuple):
    """A picture, rewritten from what draws it alone."""

    width: int
    height: int
    data: bytes
