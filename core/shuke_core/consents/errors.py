"""What can go wrong with consent."""

from shuke_core.kit.errors import ShukeError


class PrivacyTextInvalid(ShukeError):
    code = "PRIVACY_TEXT_INVALID"
    sentence = "A text for members has 1 to {longest} legible characters in Chinese and in English."


class ConsentTextOutdated(ShukeError):
    code = "CONSENT_TEXT_OUTDATED"
    sentence = "That is not the version that members are asked for; the newest is {newest}."


class ConsentUnderAge(ShukeError):
    code = "CONSENT_UNDER_AGE"
    sentence = "Nobody can consent to {purpose} for somebody under 14."


class ConsentNeedsGuardian(ShukeError):
    code = "CONSENT_NEEDS_GUARDIAN"
    sentence = "For somebody under 14 a guardian consents; name them in 1 to {longest} characters."


class ConsentSceneInvalid(ShukeError):
    code = "CONSENT_SCENE_INVALID"
    sentence = "A scene is at most 60 of A-Z, a-z, 0-9 and _.:/-"
