"""What can go wrong with staff."""

from shuke_core.kit.errors import ShukeError


class StaffUnknown(ShukeError):
    code = "STAFF_UNKNOWN"
    sentence = "Nobody with the handle {handle!r} works here."


class RoleUnknown(ShukeError):
    code = "ROLE_UNKNOWN"
    sentence = "There is no role {role!r}; roles are: {roles}."


class HandleTaken(ShukeError):
    code = "STAFF_HANDLE_TAKEN"
    sentence = "Somebody works here under the handle {handle!r} already."


class LastAdmin(ShukeError):
    code = "STAFF_LAST_ADMIN"
    sentence = "There would be no administrator left; make somebody else one first."


class CodeInvalid(ShukeError):
    code = "CODE_INVALID"
    sentence = "The code is unknown, used, withdrawn or past its end; ask for a new one."


class SignInFailed(ShukeError):
    code = "SIGN_IN_FAILED"
    sentence = (
        "Handle or password is wrong, or too many were tried; wait a little, or ask an "
        "administrator for a reset code."
    )


class SessionUnknown(ShukeError):
    code = "SESSION_UNKNOWN"
    sentence = "There is no such open session."


class AddresseeUnknown(ShukeError):
    code = "ADDRESSEE_UNKNOWN"
    sentence = "Name somebody who works here, or a role."


class AbsenceInvalid(ShukeError):
    code = "ABSENCE_INVALID"
    sentence = "An absence ends after it begins."


class RoleExists(ShukeError):
    code = "ROLE_EXISTS"
    sentence = "There is a role {role!r} already."


class RoleReadyMade(ShukeError):
    code = "ROLE_READY_MADE"
    sentence = "The role {role!r} is ready-made: it can't be changed or removed."


class RoleInUse(ShukeError):
    code = "ROLE_IN_USE"
    sentence = "Somebody has the role {role!r}: give them another first."


class RoleTooMighty(ShukeError):
    code = "ROLE_TOO_MIGHTY"
    sentence = "The role has {what}, which you do not have yourself."


class PermissionUnknown(ShukeError):
    code = "PERMISSION_UNKNOWN"
    sentence = "There is no permission {key!r}."


class ScopeUnfit(ShukeError):
    code = "SCOPE_UNFIT"
    sentence = "These scopes can't be: {why}."


class AddresseeBlind(ShukeError):
    code = "ADDRESSEE_BLIND"
    sentence = (
        "They see their own members only, or those of their stores, and this is none; assign the "
        "member to them first."
    )


class ColleagueUnknown(ShukeError):
    code = "COLLEAGUE_UNKNOWN"
    sentence = "There is no such person on the staff."
