"""What can go wrong with files."""

from shuke_core.kit.errors import ShukeError


class FileUnknown(ShukeError):
    code = "FILE_UNKNOWN"
    sentence = "There is no such file, or not any more."
    status = 404
