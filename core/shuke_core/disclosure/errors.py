"""What can go wrong with the limits of disclosure."""

from shuke_core.kit.errors import ShukeError


class DisclosureLimitsInvalid(ShukeError):
    code = "DISCLOSURE_LIMITS_INVALID"
    sentence = "{name} is a number from {least} to {most}."
