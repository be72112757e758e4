"""What WeChat says of a code: who logged in, which phone is theirs. Outside any unit of work."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from shuke_core.kit.cleaning import Unclean
from shuke_core.kit.transactions import unit_of_work
from shuke_core.members.errors import PhoneUnreadable
from shuke_core.members.phones import Phone, normalise_phone
from shuke_core.wechat.client import (
    Misconfigured,
    TokenRefused,
    VerifiedPhone,
    current_wechat,
)
from shuke_core.wechat.errors import WechatCodeInvalid, WechatUnavailable
from shuke_core.wechat.programs import MiniProgram, mini_program_of, tell_misconfigured
from shuke_core.wechat.tokens import access_token

Told = TypeVar("Told")

_LONGEST_CODE = 200

log = logging.getLogger("shuke.wechat")


@dataclass(frozen=True, slots=True)
class WechatPerson:
    """Who WeChat says has logged in: the OpenID is theirs in this mini-program alone."""

    app_id: str
    openid: str
    unionid: str | None


@dataclass(frozen=True, slots=True)
class WechatPhone:
    """A phone that WeChat says is that of whoever uses the mini-program."""

    app_id: str
    phone: Phone
    inactive_months: int


async def person_of_code(tenant_id: UUID, app_id: str, code: str) -> WechatPerson:
    """Who the code of `wx.login` stands for.

    Raises MiniProgramUnknown, WechatCodeInvalid, WechatTooOften, WechatBlocked, WechatBusy, and
    WechatUnavailable for what the operator has to mend, who is told.
    """
    _check(code)
    async with unit_of_work(tenant_id):
        program = await mini_program_of(app_id)

    async def ask() -> WechatPerson:
        session = await current_wechat().session_of_code(program.app, code)
        return WechatPerson(app_id, session.openid, session.unionid)

    return await _told(tenant_id, program, ask)


async def phone_of_code(tenant_id: UUID, app_id: str, code: str) -> WechatPhone:
    """The phone that the code of the mini-program's button stands for.

    Raises what `person_of_code` does, and PhoneUnreadable for a number that can't be a member's.
    """
    _check(code)
    async with unit_of_work(tenant_id):
        program = await mini_program_of(app_id)

    async def ask() -> VerifiedPhone:
        token = await access_token(tenant_id, program)
        try:
            return await current_wechat().phone_of_code(token, code)
        except TokenRefused:
            token = await access_token(tenant_id, program, refused=token)
            return await current_wechat().phone_of_code(token, code)

    told = await _told(tenant_id, program, ask)
    if told.app_id != app_id:  # it was verified for somebody else's mini-program
        raise WechatCodeInvalid()
    return WechatPhone(app_id, _readable(told), program.inactive_months)


def _check(code: str) -> None:
    if not 1 <= len(code) <= _LONGEST_CODE or not code.isprintable():
        raise WechatCodeInvalid()


async def _told(tenant_id: UUID, program: MiniProgram, ask: Callable[[], Awaitable[Told]]) -> Told:
    try:
        return await ask()
    except Misconfigured as fault:
        reason = f"errcode {fault}"
    except TokenRefused:
        reason = "it refuses a token that it has just issued"
    log.error("WeChat does not serve the mini-program %s: %s", program.app.app_id, reason)
    async with unit_of_work(tenant_id):
        await tell_misconfigured(program.app.app_id)
    raise WechatUnavailable()


def _readable(told: VerifiedPhone) -> Phone:
    number = told.number if told.country == "86" else f"+{told.country}{told.number}"
    try:
        phone = normalise_phone(number)
    except Unclean as refused:
        raise PhoneUnreadable(why=refused.code) from None
    if phone is None:
        raise PhoneUnreadable(why="it says that there is none")
    return phone
