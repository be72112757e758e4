"""What can go wrong with people's rights."""

from shuke_core.kit.errors import ShukeError


class ErasureNotConfirmed(ShukeError):
    code = "ERASURE_NOT_CONFIRMED"
    sentence = "Being erased is confirmed by typing one of {words}."


class ErasureReasonMissing(ShukeError):
    code = "ERASURE_REASON_MISSING"
    sentence = "Say in 1 to {longest} characters why, without naming the member."


class MemberMerged(ShukeError):
    code = "MEMBER_MERGED"
    sentence = (
        "This id names somebody who was merged into another member: look that member up by it, and "
        "erase them by their own id. All that both hold goes."
    )


class RightsRequestUnknown(ShukeError):
    code = "RIGHTS_REQUEST_UNKNOWN"
    sentence = "There is no such request, or it is answered."


class RightsRequestInvalid(ShukeError):
    code = "RIGHTS_REQUEST_INVALID"
    sentence = "Say in 1 to {longest} legible characters what it is about."


class RightsRequestsTooMany(ShukeError):
    code = "RIGHTS_REQUESTS_TOO_MANY"
    sentence = "That was asked for {most} times within a day; it can be asked for again tomorrow."
