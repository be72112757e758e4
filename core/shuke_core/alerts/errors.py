"""What can go wrong with alerts."""

from shuke_core.kit.errors import ShukeError


class AlertUnknown(ShukeError):
    code = "ALERT_UNKNOWN"
    sentence = "There is no such alert for you."
