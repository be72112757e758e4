"""What can go wrong with exports."""

from shuke_core.kit.errors import ShukeError


class ExportKindUnknown(ShukeError):
    code = "EXPORT_KIND_UNKNOWN"
    sentence = "Nothing of the kind {kind!r} can be exported; what can: {known}."


class ExportColumnsInvalid(ShukeError):
    code = "EXPORT_COLUMNS_INVALID"
    sentence = "An export of {kind} has one or more of the columns {known}, each once."


class ExportFiltersInvalid(ShukeError):
    code = "EXPORT_FILTERS_INVALID"
    sentence = "{why}"


class ExportNotPermitted(ShukeError):
    code = "EXPORT_NOT_PERMITTED"
    sentence = "{what} needs {needed}, which you do not have."
    status = 403


class ExportReasonMissing(ShukeError):
    code = "EXPORT_REASON_MISSING"
    sentence = "Say in 1 to {longest} legible characters why you export it."


class ExportTooLarge(ShukeError):
    code = "EXPORT_TOO_LARGE"
    sentence = "An export has at most {most} rows here; narrow the filters."


class ExportsTooMany(ShukeError):
    code = "EXPORTS_TOO_MANY"
    sentence = "{most} exports of yours wait already; let them end, or revoke one."
    status = 429


class ExportUnknown(ShukeError):
    code = "EXPORT_UNKNOWN"
    sentence = "There is no such export of yours."


class ExportNotReady(ShukeError):
    code = "EXPORT_NOT_READY"
    sentence = "The export is {state}: only one that is ready can be fetched."


class ExportLinkInvalid(ShukeError):
    code = "EXPORT_LINK_INVALID"
    sentence = "The link is unknown, used, or past its end; ask for a new one with exportLink."
    status = 404
