"""What can go wrong with rights."""

from shuke_core.kit.errors import ShukeError


class TokenInvalid(ShukeError):
    code = "TOKEN_INVALID"
    sentence = "The token is unknown, revoked or past its end; log in again."


class ScopesMixed(ShukeError):
    code = "SCOPES_MIXED"
    sentence = (
        "You have {wide} for everybody and {narrow} for some members only: send these mutations in "
        "documents of their own, or the former would be done by halves."
    )
    status = 403


class PermissionDenied(ShukeError):
    code = "PERMISSION_DENIED"
    sentence = "{field} needs {needed}, which you do not have."
    status = 403
