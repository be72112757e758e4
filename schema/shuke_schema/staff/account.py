"""Mutations about one's own account: password, second factor, recovery codes, sessions."""

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any

import strawberry

from shuke_core.access.errors import TokenInvalid
from shuke_core.access.rights import FieldClass
from shuke_core.credentials.totp import enrolment_address, secret_text
from shuke_core.kit.errors import ShukeError
from shuke_core.staff import own_account as verbs
from shuke_core.staff.errors import SessionUnknown
from shuke_core.staff.services import StaffCard
from shuke_core.staff.sessions import revoke_session, sign_out_everywhere
from shuke_schema.context import ShukeInfo, id_of
from shuke_schema.http.closing import WHILE_CLOSING
from shuke_schema.http.guarded import guarded
from shuke_schema.parts import Audience
from shuke_schema.payloads import Failure, Failures
from shuke_schema.rights import ANY_STAFF, SIGNED_IN, asks, shows
from shuke_schema.staff.sign_in import PASSWORD_PATHS, SignedIn

_TRIES = guarded(tries=10, seconds=15 * 60)


@strawberry.enum(description="Why a change of one's own account was refused.")
class AccountErrorCode(Enum):
    SIGN_IN_FAILED = "SIGN_IN_FAILED"
    SIGN_IN_BUSY = "SIGN_IN_BUSY"
    SECOND_FACTOR_WRONG = "SECOND_FACTOR_WRONG"
    SECOND_FACTOR_MISSING = "SECOND_FACTOR_MISSING"
    SECOND_FACTOR_THERE = "SECOND_FACTOR_THERE"
    SESSION_UNKNOWN = "SESSION_UNKNOWN"
    PASSWORD_TOO_SHORT = "PASSWORD_TOO_SHORT"
    PASSWORD_TOO_LONG = "PASSWORD_TOO_LONG"
    PASSWORD_COMMON = "PASSWORD_COMMON"
    PASSWORD_TELLS_NAME = "PASSWORD_TELLS_NAME"


@strawberry.type(description="Why a change of one's own account was refused.")
class AccountError(Failure[AccountErrorCode]):
    pass


@shows(FieldClass.PUBLIC)
@strawberry.type
class AccountPayload:
    errors: list[AccountError] = strawberry.field(default_factory=list)


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A secret for an authenticator app; it is told this once.")
class SecondFactorPayload:
    secret: str | None = strawberry.field(default=None, description="In base32, to type in.")
    address: str | None = strawberry.field(
        default=None, description="otpauth://..., to show as a QR code."
    )
    errors: list[AccountError] = strawberry.field(default_factory=list)


@shows(FieldClass.PUBLIC)
@strawberry.type(description="Recovery codes, each good once; they are told this once.")
class RecoveryCodesPayload:
    recovery_codes: list[str] = strawberry.field(default_factory=list)
    session: SignedIn | None = strawberry.field(
        default=None, description="The full session, where the one at hand was only for this."
    )
    errors: list[AccountError] = strawberry.field(default_factory=list)


_FAILURES = Failures(
    AccountError,
    AccountErrorCode,
    PASSWORD_PATHS
    | {"SIGN_IN_FAILED": "current", "SECOND_FACTOR_WRONG": "code", "SESSION_UNKNOWN": "id"},
)


def oneself(info: ShukeInfo) -> StaffCard:
    """Who asks; raises TokenInvalid for nobody."""
    if info.context.staff is None:
        raise TokenInvalid()
    return info.context.staff


async def _done(act: Callable[[], Awaitable[Any]]) -> AccountPayload:
    came, errors = await _FAILURES.attempt(act)
    if isinstance(came, ShukeError):
        errors = [_FAILURES.of(came)]
    return AccountPayload(errors=errors)


@strawberry.type
class AccountMutation:
    @strawberry.mutation(
        description="Changes one's password; one's other sessions end.",
        metadata=asks(Audience.STAFF, ANY_STAFF) | _TRIES,
    )
    async def change_password(self, info: ShukeInfo, current: str, password: str) -> AccountPayload:
        me = oneself(info)
        return await _done(lambda: verbs.change_password(me, current, password))

    @strawberry.mutation(
        description=(
            "Begins to set up a second factor; it is in force once confirmed. `current`: one's "
            "password, unless one has none or `mustEnrol`."
        ),
        metadata=asks(Audience.STAFF, SIGNED_IN) | _TRIES,
    )
    async def begin_second_factor(self, info: ShukeInfo, current: str = "") -> SecondFactorPayload:
        me, tenant = oneself(info), info.context.tenant
        secret, errors = await _FAILURES.attempt(lambda: verbs.begin_second_factor(me, current))
        if isinstance(secret, ShukeError):
            return SecondFactorPayload(errors=[_FAILURES.of(secret)])
        if secret is None:
            return SecondFactorPayload(errors=errors)
        return SecondFactorPayload(
            secret=secret_text(secret), address=enrolment_address(secret, tenant.name, me.handle)
        )

    @strawberry.mutation(
        description="Puts the second factor in force with a first code of it.",
        metadata=asks(Audience.STAFF, SIGNED_IN) | _TRIES,
    )
    async def set_up_second_factor(self, info: ShukeInfo, code: str) -> RecoveryCodesPayload:
        me = oneself(info)
        done, errors = await _FAILURES.attempt(lambda: verbs.set_up_second_factor(me, code))
        if done is None:
            return RecoveryCodesPayload(errors=errors)
        codes, session = done
        return RecoveryCodesPayload(
            recovery_codes=codes, session=SignedIn.of(session) if session else None
        )

    @strawberry.mutation(
        description="Ten new recovery codes, for a code of the second factor; the old ones end.",
        metadata=asks(Audience.STAFF, ANY_STAFF) | _TRIES,
    )
    async def renew_recovery_codes(self, info: ShukeInfo, code: str) -> RecoveryCodesPayload:
        me = oneself(info)
        codes, errors = await _FAILURES.attempt(lambda: verbs.renew_recovery_codes(me.id, code))
        if isinstance(codes, ShukeError):
            return RecoveryCodesPayload(errors=[_FAILURES.of(codes)])
        return RecoveryCodesPayload(recovery_codes=codes or [], errors=errors)

    @strawberry.mutation(
        description="Ends the session that asks, or with `id` another of one's own.",
        metadata=asks(Audience.STAFF, SIGNED_IN) | WHILE_CLOSING,
    )
    async def sign_out(self, info: ShukeInfo, id: strawberry.ID | None = None) -> AccountPayload:
        me = oneself(info)

        async def end() -> None:
            session = id_of(id) if id else me.session
            if session is None:
                raise SessionUnknown()
            await revoke_session(me.id, session)

        return await _done(end)

    @strawberry.mutation(
        description="Ends all of one's sessions and tokens; open sockets close.",
        metadata=asks(Audience.STAFF, SIGNED_IN) | WHILE_CLOSING,
    )
    async def sign_out_everywhere(self, info: ShukeInfo) -> AccountPayload:
        me = oneself(info)
        return await _done(lambda: sign_out_everywhere(me.id))
