"""Recognises a full disk and says so in numbers."""

import errno
import shutil
from pathlib import Path

from shuke_core.embedded.errors import EmbeddedError, EmbeddedFault

MEGABYTE = 1_000_000
# A new data folder takes 40 MB, its first WAL segments and the demo's rows the rest.
NEEDED_BYTES = 100 * MEGABYTE
# PostgreSQL writes WAL in files of 16 MiB: with less it may fail without managing to log why.
SCARCE_BYTES = 17 * MEGABYTE


def free_bytes(folder: Path) -> int:
    """What is free for us on the file system of `folder`."""
    return shutil.disk_usage(folder).free


def disk_full(folder: Path) -> EmbeddedError:
    """The error for a full disk below `folder`."""
    free = free_bytes(folder)
    return EmbeddedError(
        EmbeddedFault.DISK_FULL,
        f"The disk of {folder} is full: {free // MEGABYTE} MB are free, about "
        f"{NEEDED_BYTES // MEGABYTE} MB are needed. Free some space and run again.",
        folder=folder,
        free_bytes=free,
        needed_bytes=NEEDED_BYTES,
    )


def says_full(text: str) -> bool:
    """Does a server's message speak of a full disk?"""
    return "No space left on device" in text or "Disk quota exceeded" in text


def from_os_error(error: OSError, folder: Path) -> EmbeddedError:
    """Our words for what the operating system refused in `folder`."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return disk_full(folder)
    path = error.filename or folder
    return EmbeddedError(
        EmbeddedFault.FOLDER_REFUSED,
        f"{path} cannot be used: {error.strerror or error}. Run Shuke as the owner of {folder}, "
        "or choose another folder.",
        path=path,
        folder=folder,
    )
