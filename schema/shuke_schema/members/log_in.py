"""Mutations of the member API: log in with WeChat, bind the phone that WeChat has verified."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

import strawberry

from shuke_core.access.rights import FieldClass
from shuke_core.members.queries import oneself
from shuke_core.members.visitors import LoggedIn, log_in_with_openid
from shuke_core.tenants.queries import TenantCard
from shuke_core.wechat.binding import Bound, bind_phone
from shuke_core.wechat.errors import PhoneClaimWaits
from shuke_core.wechat.services import WechatPerson, person_of_code, phone_of_code
from shuke_schema.context import ShukeInfo, told_to
from shuke_schema.http.closing import WHILE_CLOSING
from shuke_schema.http.guarded import guarded
from shuke_schema.http.outside import outside_first
from shuke_schema.members.types import Member
from shuke_schema.parts import Audience
from shuke_schema.payloads import Failure, Failures
from shuke_schema.projection.fields import answered_by
from shuke_schema.rights import ANYBODY, ONESELF, asks, shows


@strawberry.enum(description="Why WeChat, or the shop, does not let somebody in.")
class WechatErrorCode(Enum):
    MINI_PROGRAM_UNKNOWN = "MINI_PROGRAM_UNKNOWN"
    WECHAT_CODE_INVALID = "WECHAT_CODE_INVALID"
    WECHAT_TOO_OFTEN = "WECHAT_TOO_OFTEN"
    WECHAT_BLOCKED = "WECHAT_BLOCKED"
    WECHAT_BUSY = "WECHAT_BUSY"
    WECHAT_UNAVAILABLE = "WECHAT_UNAVAILABLE"
    PHONE_UNREADABLE = "PHONE_UNREADABLE"
    PHONE_CLAIM_WAITS = "PHONE_CLAIM_WAITS"


@strawberry.type(description="Why WeChat, or the shop, does not let somebody in.")
class WechatError(Failure[WechatErrorCode]):
    pass


@shows(FieldClass.PUBLIC)
@strawberry.type
class LogInPayload:
    token: str | None = strawberry.field(
        default=None, description="The bearer of later requests, thirty days long; told this once."
    )
    is_visitor: bool | None = strawberry.field(
        default=None, description="Whether a phone is still wanted."
    )
    errors: list[WechatError] = strawberry.field(default_factory=list)


@shows(FieldClass.PUBLIC)
@strawberry.type
class BindPhonePayload:
    member: Member | None = strawberry.field(
        default=None, description="Who the caller is now; with PHONE_CLAIM_WAITS as before."
    )
    errors: list[WechatError] = strawberry.field(default_factory=list)


_FAILURES = Failures(
    WechatError,
    WechatErrorCode,
    {
        "MINI_PROGRAM_UNKNOWN": "appId",
        "WECHAT_CODE_INVALID": "code",
        "PHONE_UNREADABLE": "code",
        "PHONE_CLAIM_WAITS": "code",
    },
)


async def _person(tenant: TenantCard, given: Mapping[str, Any]) -> WechatPerson:
    return await person_of_code(tenant.id, given["appId"], given["code"])


async def _phone(tenant: TenantCard, given: Mapping[str, Any]) -> Any:
    return await phone_of_code(tenant.id, given["appId"], given["code"])


@strawberry.type
class LogInMutation:
    @strawberry.mutation(
        description="Logs in with the code of wx.login, which is good once; a new person becomes a "
        "visitor, unless the shop is closing. Alone in its operation.",
        metadata=asks(Audience.MEMBER, ANYBODY)
        | guarded(tries=30, seconds=60)
        | outside_first(_person)
        | WHILE_CLOSING,
    )
    async def log_in(self, info: ShukeInfo, code: str, app_id: str) -> LogInPayload:
        async def act() -> LoggedIn:
            person: WechatPerson = told_to(info)
            return await log_in_with_openid(person.app_id, person.openid, person.unionid)

        found, errors = await _FAILURES.attempt(act)
        if found is None:
            return LogInPayload(errors=errors)
        return LogInPayload(token=found.token, is_visitor=found.is_visitor)

    @strawberry.mutation(
        description="Binds the phone of the getPhoneNumber button's code, in place of any other; a "
        "visitor becomes a member. PHONE_CLAIM_WAITS: staff decide first. Alone in its operation.",
        metadata=asks(Audience.MEMBER, ONESELF)
        | guarded(tries=10, seconds=60)
        | outside_first(_phone),
    )
    async def bind_phone(self, info: ShukeInfo, code: str, app_id: str) -> BindPhonePayload:
        async def act() -> Bound:
            assert info.context.member_id is not None  # noqa: S101 (asked of a member)
            return await bind_phone(info.context.member_id, told_to(info))

        bound, errors = await _FAILURES.attempt(act)
        if bound is None:
            return BindPhonePayload(errors=errors)
        if bound.waits:
            errors = [_FAILURES.of(PhoneClaimWaits())]
        return BindPhonePayload(member=answered_by(oneself(bound.member_id)), errors=errors)
