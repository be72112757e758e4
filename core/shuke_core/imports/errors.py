"""What can go wrong with imports."""

from shuke_core.kit.errors import ShukeError


class ImportKindUnknown(ShukeError):
    code = "IMPORT_KIND_UNKNOWN"
    sentence = "Nothing of the kind {kind!r} can be imported; what can: {known}."


class ImportNotPermitted(ShukeError):
    code = "IMPORT_NOT_PERMITTED"
    sentence = "An import of {kind} needs {needed}, which you do not have."
    status = 403


class ImportUnknown(ShukeError):
    code = "IMPORT_UNKNOWN"
    sentence = "There is no such import."


class ImportsTooMany(ShukeError):
    code = "IMPORTS_TOO_MANY"
    sentence = "{most} imports wait already; let them end."
    status = 429


class ImportFileInvalid(ShukeError):
    code = "IMPORT_FILE_INVALID"
    sentence = "The file can't be read as a list: {why}."


class ImportOptionInvalid(ShukeError):
    code = "IMPORT_OPTION_INVALID"
    sentence = "The option {option!r} can't be: {why}."


class ImportRowUnknown(ShukeError):
    code = "IMPORT_ROW_UNKNOWN"
    sentence = "There is no such open row of an import."


class ImportCellsInvalid(ShukeError):
    code = "IMPORT_CELLS_INVALID"
    sentence = "Cells are a JSON object of texts by column."
