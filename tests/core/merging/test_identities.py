"""Who WeChat says somebody is, when members are merged and come apart again."""

from uuid import UUID

from tests.core.merging.people import GONE, KEPT, merge, undo
from tests.core.points.counter import act
from tests.core.wechat.people import APP, bound, logged_in, with_phone
from tests.support.shop import Shop

from shuke_core.kit.crypto import Place
from shuke_core.kit.transactions import fetch, unit_of_work
from shuke_core.members.identities import id_of_identity
from shuke_core.tenants.keyring import member_keys

OTHER_APP, THIRD_APP = "wxfedcba9876543210", "wx00000000000000ff"


async def _whose(shop: Shop, kind: str, issuer: str, value: str) -> UUID | None:
    return await act(shop, lambda: id_of_identity(kind, issuer, value))


async def _opens(shop: Shop, member: UUID) -> set[str]:
    """What the member's own key opens of their identities."""
    async with unit_of_work(shop.tenant_id):
        key = (await member_keys({member}))[member]
        rows = await fetch(
            "SELECT id, sealed FROM member_identity WHERE tenant_id = $1 AND member_id = $2", member
        )
        return {
            key.open(
                row["sealed"], Place(shop.tenant_id, "member_identity", row["id"], "sealed")
            ).decode()
            for row in rows
        }


async def test_an_openid_that_came_by_the_unionid_goes_back_with_it(shop: Shop) -> None:
    gone = await with_phone(shop, "o-gone-1", GONE)
    await logged_in(shop, "o-gone-1", "u-gone-1")
    kept = await shop.member(KEPT)
    merge_id = await merge(shop, kept, gone)
    assert (await logged_in(shop, "o-gone-2", "u-gone-1", OTHER_APP)).member_id == kept
    await undo(shop, merge_id)
    assert await _whose(shop, "openid", OTHER_APP, "o-gone-2") == gone
    assert await _opens(shop, gone) >= {"o-gone-1", "u-gone-1", "o-gone-2"}
    back = await logged_in(shop, "o-gone-2", "u-gone-1", OTHER_APP)
    assert (back.member_id, back.is_visitor) == (gone, False)
    assert await shop.rows("SELECT id FROM merge_candidate WHERE tenant_id = $1") == []


async def test_so_does_what_came_by_what_came_by_it(shop: Shop) -> None:
    gone, kept = await with_phone(shop, "o-gone-1", GONE), await shop.member(KEPT)
    merge_id = await merge(shop, kept, gone)
    await logged_in(shop, "o-gone-1", "u-gone-1")  # a UnionID that is told late
    await logged_in(shop, "o-gone-2", "u-gone-1", OTHER_APP)
    await logged_in(shop, "o-gone-3", "u-gone-1", THIRD_APP)
    assert await _whose(shop, "unionid", "", "u-gone-1") == kept
    await undo(shop, merge_id)
    for app, openid in ((APP, "o-gone-1"), (OTHER_APP, "o-gone-2"), (THIRD_APP, "o-gone-3")):
        assert await _whose(shop, "openid", app, openid) == gone
    assert await _whose(shop, "unionid", "", "u-gone-1") == gone


async def test_what_is_the_survivors_own_stays(shop: Shop) -> None:
    gone, kept = await shop.member(GONE), await with_phone(shop, "o-kept-1", KEPT)
    await logged_in(shop, "o-kept-1", "u-kept-1")
    merge_id = await merge(shop, kept, gone)
    await logged_in(shop, "o-kept-2", "u-kept-1", OTHER_APP)
    came = await logged_in(shop, "o-third-1", app_id=THIRD_APP)
    assert (await bound(shop, came.member_id, "13700137000")).member_id == came.member_id
    await undo(shop, merge_id)
    assert await _whose(shop, "openid", OTHER_APP, "o-kept-2") == kept
    assert await _whose(shop, "openid", THIRD_APP, "o-third-1") == came.member_id
