"""Visitors, members and their verified phones, as the tests of binding have them."""

from datetime import timedelta
from uuid import UUID

from tests.support.shop import Shop

from shuke_core.kit.transactions import in_unit_of_work, unit_of_work
from shuke_core.members.phones import normalise_phone
from shuke_core.members.visitors import LoggedIn, log_in_with_openid
from shuke_core.wechat.binding import Bound, bind_phone
from shuke_core.wechat.services import WechatPhone

APP = "wx0123456789abcdef"
PHONE = "13800138000"
LONG = timedelta(days=370)


async def logged_in(
    shop: Shop, openid: str, unionid: str | None = None, app_id: str = APP
) -> LoggedIn:
    """Somebody whom WeChat names so has logged in."""
    async with unit_of_work(shop.tenant_id):
        return await log_in_with_openid(app_id, openid, unionid)


async def visitor(shop: Shop, openid: str = "o-visitor") -> UUID:
    """Somebody known by an OpenID alone."""
    found = await logged_in(shop, openid)
    assert found.is_visitor
    return found.member_id


def verified(phone: str = PHONE, app_id: str = APP) -> WechatPhone:
    """What WeChat has verified."""
    number = normalise_phone(phone)
    assert number is not None
    return WechatPhone(app_id, number, 12)


async def bound(shop: Shop, member_id: UUID, phone: str = PHONE) -> Bound:
    """They bind that phone."""
    return await in_unit_of_work(shop.tenant_id, lambda: bind_phone(member_id, verified(phone)))


async def with_phone(shop: Shop, openid: str, phone: str = PHONE) -> UUID:
    """A member who has logged in and bound that phone."""
    found = await bound(shop, await visitor(shop, openid), phone)
    assert not found.waits
    return found.member_id


async def state_of(shop: Shop, member_id: UUID) -> tuple[str, UUID | None, str | None]:
    """State, who they are now, masked phone."""
    rows = await shop.rows(
        "SELECT state, merged_into_id, phone_masked FROM member WHERE tenant_id = $1 AND id = $2",
        member_id,
    )
    return rows[0]["state"], rows[0]["merged_into_id"], rows[0]["phone_masked"]


async def claims(shop: Shop) -> list[tuple[UUID, UUID, str, str]]:
    """(claimant, holder, reason, state) of each claim."""
    rows = await shop.rows(
        "SELECT member_id, holder_id, reason, state FROM phone_claim WHERE tenant_id = $1 "
        "ORDER BY claimed_at, id"
    )
    return [(r["member_id"], r["holder_id"], r["reason"], r["state"]) for r in rows]


async def claim_id(shop: Shop) -> UUID:
    """The one claim that waits."""
    rows = await shop.rows("SELECT id FROM phone_claim WHERE tenant_id = $1 AND state = 'waiting'")
    assert len(rows) == 1
    found: UUID = rows[0]["id"]
    return found


async def slept(shop: Shop, member_id: UUID) -> None:
    """The member has done nothing for more than a year."""
    for sql in (
        "UPDATE member SET joined_at = joined_at - $3::interval",
        "UPDATE orders SET placed_at = placed_at - $3::interval",
        "UPDATE member_token SET created_at = created_at - $3::interval",
    ):
        named = "id" if sql.startswith("UPDATE member ") else "member_id"
        await shop.rows(
            f"{sql} WHERE tenant_id = $1 AND {named} = $2 RETURNING id", member_id, LONG
        )
