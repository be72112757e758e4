"""What can go wrong with members."""

from shuke_core.kit.errors import ShukeError


class MemberUnknown(ShukeError):
    code = "MEMBER_UNKNOWN"
    sentence = "There is no such member."


class MemberNameInvalid(ShukeError):
    code = "MEMBER_NAME_INVALID"
    sentence = "That can't be a member's name: use 1 to {longest} legible characters."


class PhoneUnreadable(ShukeError):
    code = "PHONE_UNREADABLE"
    sentence = "That is not a phone number that can be a member's ({why})."


class IdentityInvalid(ShukeError):
    code = "IDENTITY_INVALID"
    sentence = "That can't be an identity: {why}."


class IdentityTaken(ShukeError):
    code = "IDENTITY_TAKEN"
    sentence = "This identity is somebody else's."


class IdentityUnknown(ShukeError):
    code = "IDENTITY_UNKNOWN"
    sentence = "The member has no such identity."


class MemberCodeInvalid(ShukeError):
    code = "MEMBER_CODE_INVALID"
    sentence = "That is no code of a member here."


class MemberCodeExpired(ShukeError):
    code = "MEMBER_CODE_EXPIRED"
    sentence = "The code is older than a minute: the member shows a new one."


class MemberCodeUsed(ShukeError):
    code = "MEMBER_CODE_USED"
    sentence = "The code has been used: the member shows a new one."
