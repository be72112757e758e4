"""What can go wrong with files."""

from shuke_core.kit.errors import ShukeError


class FileUnknown(ShukeError):
    code = "FILE_UNKNOWN"
    sentence = "There is no such file, or not any more."
    status = 404


class FileTooLarge(ShukeError):
    code = "FILE_TOO_LARGE"
    sentence = "A file has at most {most} bytes; send a smaller one."
    status = 413


class FileTypeRefused(ShukeError):
    code = "FILE_TYPE_REFUSED"
    sentence = "By its content this is no JPEG, PNG or WebP that stands still; these are taken."
    status = 415


class ListRefused(ShukeError):
    code = "LIST_REFUSED"
    sentence = "This can't be imported: {why}."
    status = 415


class PictureDamaged(ShukeError):
    code = "PICTURE_DAMAGED"
    sentence = "The picture can't be read: {why}."


class PictureTooLarge(ShukeError):
    code = "PICTURE_TOO_LARGE"
    sentence = "A picture has at most {most} pixels a side; this one has {width} by {height}."


class PictureLinkInvalid(ShukeError):
    code = "PICTURE_LINK_INVALID"
    sentence = "There is no picture behind this link, or not any more."
    status = 404
