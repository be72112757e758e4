"""Which way up a picture is: all that is kept of what cameras write beside it (EXIF, a TIFF header).

The rest says where and when it was taken, and by which camera. Without the orientation a photo of a
phone that was held upright would lie on its side.
"""

UPRIGHT = 1
_ORIENTATION, _SHORT = 0x0112, 3
_ENTRY = 12  # bytes: tag, type, count, value
_MOST_ENTRIES = 512


def orientation_of(tiff: bytes) -> int:
    """1 to 8, as EXIF numbers them; UPRIGHT where nothing legible says otherwise."""
    if tiff[:4] == b"II*\0":
        order = "little"
    elif tiff[:4] == b"MM\0*":
        order = "big"
    else:
        return UPRIGHT

    def number(at: int, width: int) -> int:
        return int.from_bytes(tiff[at : at + width], order)  # type: ignore[arg-type]

    first = number(4, 4)
    fitting = max(0, len(tiff) - first - 2) // _ENTRY  # however many it says
    for nth in range(min(number(first, 2), fitting, _MOST_ENTRIES)):
        at = first + 2 + nth * _ENTRY
        if number(at, 2) == _ORIENTATION and number(at + 2, 2) == _SHORT:
            found = number(at + 8, 2)
            return found if UPRIGHT < found <= 8 else UPRIGHT
    return UPRIGHT


def only_orientation(orientation: int) -> bytes:
    """A TIFF header that says this and nothing else."""
    entry = b"".join(
        (
            _ORIENTATION.to_bytes(2, "big"),
            _SHORT.to_bytes(2, "big"),
            (1).to_bytes(4, "big"),
            orientation.to_bytes(2, "big") + b"\0\0",
        )
    )
    return b"MM\0*" + (8).to_bytes(4, "big") + (1).to_bytes(2, "big") + entry + b"\0\0\0\0"
