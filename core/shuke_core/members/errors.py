"""What can go wrong with members."""

from shuke_core.kit.errors import ShukeError


class MemberUnknown(ShukeError):
    code = "MEMBER_UNKNOWN"
    sentence = "There is no such member."


class TokenInvalid(ShukeError):
    code = "TOKEN_INVALID"
    sentence = "The token is unknown, revoked or past its end; log in again."
