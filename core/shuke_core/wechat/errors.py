"""What can go wrong with WeChat, and with phones that it has verified."""

from shuke_core.kit.errors import ShukeError


class MiniProgramUnknown(ShukeError):
    code = "MINI_PROGRAM_UNKNOWN"
    sentence = "There is no such mini-program here."


class MiniProgramInvalid(ShukeError):
    code = "MINI_PROGRAM_INVALID"
    sentence = "That can't be a mini-program: {why}."


class WechatCodeInvalid(ShukeError):
    code = "WECHAT_CODE_INVALID"
    sentence = "WeChat does not take this code (any more): ask it for a new one."


class WechatTooOften(ShukeError):
    code = "WECHAT_TOO_OFTEN"
    sentence = "WeChat takes no more tries right now; try again in a minute."


class WechatBlocked(ShukeError):
    code = "WECHAT_BLOCKED"
    sentence = "WeChat does not let this account log in."


class WechatBusy(ShukeError):
    code = "WECHAT_BUSY"
    sentence = "WeChat does not answer right now; try again in a moment."


class WechatUnavailable(ShukeError):
    code = "WECHAT_UNAVAILABLE"
    sentence = "Log-in with WeChat is not available right now."


class PhoneClaimWaits(ShukeError):
    code = "PHONE_CLAIM_WAITS"
    sentence = "This phone is somebody else's here; the shop decides whose it is."


class PhoneClaimUnknown(ShukeError):
    code = "PHONE_CLAIM_UNKNOWN"
    sentence = "There is no such claim."


class PhoneClaimDecided(ShukeError):
    code = "PHONE_CLAIM_DECIDED"
    sentence = "This claim has been decided."


class PhoneClaimStale(ShukeError):
    code = "PHONE_CLAIM_STALE"
    sentence = "The phone or one of the two has changed since: what was claimed holds no more."


class PhoneClaimNeedsMerge(ShukeError):
    code = "PHONE_CLAIM_NEEDS_MERGE"
    sentence = (
        "Both are members: mergePhoneClaim merges them, by somebody who may and with a step-up."
    )
