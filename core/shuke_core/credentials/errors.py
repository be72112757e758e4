"""What can go wrong with passwords and second factors."""

from shuke_core.kit.errors import ShukeError


class PasswordTooShort(ShukeError):
    code = "PASSWORD_TOO_SHORT"
    sentence = "A password has {least} characters or more; a sentence is fine."


class PasswordTooLong(ShukeError):
    code = "PASSWORD_TOO_LONG"
    sentence = "A password has at most {most} characters."


class PasswordCommon(ShukeError):
    code = "PASSWORD_COMMON"
    sentence = "That is among the first passwords that anybody would try; take another."


class PasswordTellsName(ShukeError):
    code = "PASSWORD_TELLS_NAME"
    sentence = "A password contains neither your handle or name nor that of the tenant."


class SecondFactorWrong(ShukeError):
    code = "SECOND_FACTOR_WRONG"
    sentence = (
        "The code is wrong, was used before, or too many were tried; take the next that is shown."
    )


class SecondFactorMissing(ShukeError):
    code = "SECOND_FACTOR_MISSING"
    sentence = "You have no second factor yet; begin with beginSecondFactor."


class SecondFactorThere(ShukeError):
    code = "SECOND_FACTOR_THERE"
    sentence = "You have a second factor already; an administrator can take it away."


class HashingBusy(ShukeError):
    code = "SIGN_IN_BUSY"
    sentence = "Too many are signing in at this moment; try again in a few seconds."
    status = 503
