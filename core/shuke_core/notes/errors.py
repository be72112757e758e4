"""What can go wrong with notes."""

from shuke_core.kit.errors import ShukeError


class NoteTextInvalid(ShukeError):
    code = "NOTE_TEXT_INVALID"
    sentence = "A note has 1 to {longest} legible characters."


class NoteUnknown(ShukeError):
    code = "NOTE_UNKNOWN"
    sentence = "There is no such note."


class NoteOfAnother(ShukeError):
    code = "NOTE_OF_ANOTHER"
    sentence = "Somebody else wrote that note: only they can take it back."
