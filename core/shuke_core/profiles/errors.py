"""What can go wrong with profiles."""

from shuke_core.kit.errors import ShukeError


class ProfileFieldUnknown(ShukeError):
    code = "PROFILE_FIELD_UNKNOWN"
    sentence = "No such field is asked for here."


class ProfileFieldInvalid(ShukeError):
    code = "PROFILE_FIELD_INVALID"
    sentence = "A field of the profile can't be like that: {why}."


class ProfileValueInvalid(ShukeError):
    code = "PROFILE_VALUE_INVALID"
    sentence = "That does not fit the field: {why}."


class ProfileValueRequired(ShukeError):
    code = "PROFILE_VALUE_REQUIRED"
    sentence = "The field can be changed and not emptied."


class ProfileFieldLocked(ShukeError):
    code = "PROFILE_FIELD_LOCKED"
    sentence = "It has been changed lately; it can be again from {day} on."


class ProfileRefused(ShukeError):
    """Some values were refused: `faults` maps the key of each field to what is wrong with it."""

    code = "PROFILE_REFUSED"
    sentence = "Values of the profile were refused, and nothing was changed."


class MemberChanged(ShukeError):
    code = "MEMBER_CHANGED"
    sentence = "Somebody has changed the member meanwhile: the version is {version} now."
