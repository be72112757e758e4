"""Mutations of visitors: sign in, and set a password with an invite or a reset code."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import Enum

import strawberry

from shuke_core.access.rights import FieldClass
from shuke_core.kit.errors import ShukeError
from shuke_core.staff import sign_in as verbs
from shuke_core.staff.sessions import OpenedSession
from shuke_schema.http.closing import WHILE_CLOSING
from shuke_schema.http.guarded import guarded
from shuke_schema.parts import Audience
from shuke_schema.payloads import Failure, Failures
from shuke_schema.rights import ANYBODY, asks, shows

# A shop's wireless network is one source, and has twenty times as many for all behind it.
_TRIES = guarded(tries=10, seconds=15 * 60)


@strawberry.enum(description="Why somebody could not come in.")
class SignInErrorCode(Enum):
    SIGN_IN_FAILED = "SIGN_IN_FAILED"
    SIGN_IN_BUSY = "SIGN_IN_BUSY"
    SECOND_FACTOR_WRONG = "SECOND_FACTOR_WRONG"
    CODE_INVALID = "CODE_INVALID"
    PASSWORD_TOO_SHORT = "PASSWORD_TOO_SHORT"
    PASSWORD_TOO_LONG = "PASSWORD_TOO_LONG"
    PASSWORD_COMMON = "PASSWORD_COMMON"
    PASSWORD_TELLS_NAME = "PASSWORD_TELLS_NAME"


@strawberry.type(description="Why somebody could not come in.")
class SignInError(Failure[SignInErrorCode]):
    pass


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A token that was made; it is told this once.")
class SignedIn:
    token: str
    expires_at: datetime
    must_enrol: bool = strawberry.field(
        description="Whether it is good for nothing but setting up a second factor."
    )

    @classmethod
    def of(cls, session: OpenedSession) -> "SignedIn":
        return cls(
            token=session.token, expires_at=session.expires_at, must_enrol=session.must_enrol
        )


@shows(FieldClass.PUBLIC)
@strawberry.type(description="The password was right; confirmSecondFactor takes it with a code.")
class SecondFactorChallenge:
    challenge: str
    expires_at: datetime


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A session, or a challenge, or why neither.")
class SignInPayload:
    session: SignedIn | None = None
    challenge: SecondFactorChallenge | None = None
    errors: list[SignInError] = strawberry.field(default_factory=list)


@shows(FieldClass.PUBLIC)
@strawberry.type
class PasswordSetPayload:
    is_set: bool = False
    errors: list[SignInError] = strawberry.field(default_factory=list)


PASSWORD_PATHS = {
    "PASSWORD_TOO_SHORT": "password",
    "PASSWORD_TOO_LONG": "password",
    "PASSWORD_COMMON": "password",
    "PASSWORD_TELLS_NAME": "password",
}
_FAILURES = Failures(SignInError, SignInErrorCode, PASSWORD_PATHS | {"SECOND_FACTOR_WRONG": "code"})


async def _signed_in(
    act: Callable[[], Awaitable[OpenedSession | verbs.Waiting | ShukeError]],
) -> SignInPayload:
    came, errors = await _FAILURES.attempt(act)
    if isinstance(came, ShukeError):
        return SignInPayload(errors=[_FAILURES.of(came)])
    if isinstance(came, verbs.Waiting):
        waiting = SecondFactorChallenge(challenge=came.challenge, expires_at=came.expires_at)
        return SignInPayload(challenge=waiting)
    return SignInPayload(session=SignedIn.of(came) if came else None, errors=errors)


async def _set(act: Callable[[], Awaitable[None]]) -> PasswordSetPayload:
    _, errors = await _FAILURES.attempt(act)
    return PasswordSetPayload(is_set=not errors, errors=errors)


@strawberry.type
class SignInMutation:
    @strawberry.mutation(
        description="Signs in. A wrong password, an unknown handle and a lock-out look alike.",
        metadata=asks(Audience.STAFF, ANYBODY) | _TRIES | WHILE_CLOSING,
    )
    async def sign_in(self, handle: str, password: str) -> SignInPayload:
        return await _signed_in(lambda: verbs.sign_in(handle, password))

    @strawberry.mutation(
        description="Completes a sign-in, with a code of the second factor or a recovery code.",
        metadata=asks(Audience.STAFF, ANYBODY) | _TRIES | WHILE_CLOSING,
    )
    async def confirm_second_factor(self, challenge: str, code: str) -> SignInPayload:
        return await _signed_in(lambda: verbs.confirm_sign_in(challenge, code))

    @strawberry.mutation(
        description="Sets the first password of somebody who was invited; then they can sign in.",
        metadata=asks(Audience.STAFF, ANYBODY) | _TRIES,
    )
    async def accept_invite(self, code: str, password: str) -> PasswordSetPayload:
        return await _set(lambda: verbs.accept_invite(code, password))

    @strawberry.mutation(
        description="Sets a password by a reset code. All sessions end; the second factor stays.",
        metadata=asks(Audience.STAFF, ANYBODY) | _TRIES,
    )
    async def reset_password(self, code: str, password: str) -> PasswordSetPayload:
        return await _set(lambda: verbs.reset_password(code, password))
