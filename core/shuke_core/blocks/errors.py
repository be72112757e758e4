"""What can go wrong with blocks."""

from shuke_core.kit.errors import ShukeError


class BlockReasonMissing(ShukeError):
    code = "BLOCK_REASON_MISSING"
    sentence = "Say why, in 1 to {longest} legible characters."


class BlockEndInvalid(ShukeError):
    code = "BLOCK_END_INVALID"
    sentence = "A block ends later than now, or never."


class BlockUnknown(ShukeError):
    code = "BLOCK_UNKNOWN"
    sentence = "The member is not blocked for that."
