"""What can go wrong with reveals."""

from shuke_core.kit.errors import ShukeError


class RevealReasonMissing(ShukeError):
    code = "REVEAL_REASON_MISSING"
    sentence = "Say in 1 to {longest} legible characters why you need it."


class RevealsTooMany(ShukeError):
    code = "REVEALS_TOO_MANY"
    sentence = "At most {an_hour} reveals within an hour and {a_day} within 24; try again later."
    status = 429
