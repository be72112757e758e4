"""Blocks: what is withheld while one lasts, and that it is told."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from tests.support.reading import told_staff
from tests.support.shop import Shop

from shuke_core.audit.queries import Search, acts_before, opened_entries
from shuke_core.blocks.errors import BlockEndInvalid, BlockReasonMissing, BlockUnknown
from shuke_core.blocks.queries import Block, BlockPurpose, blocked_members
from shuke_core.blocks.services import block_member, unblock_member
from shuke_core.kit import clock
from shuke_core.kit.transactions import unit_of_work
from shuke_core.ledger.queries import balance_of
from shuke_core.members.errors import MemberUnknown
from shuke_core.profiles.rules import FieldKind, FieldSpec
from shuke_core.profiles.services import save_profile_field, update_own_profile

PHONE = "13800138000"
POINTS = BlockPurpose.POINTS


async def _block(
    shop: Shop, member: UUID, purpose: BlockPurpose = POINTS, until: datetime | None = None
) -> None:
    async with unit_of_work(shop.tenant_id):
        await block_member(member, purpose, "退货过多", until)


async def _points(shop: Shop, member: UUID) -> int:
    async with unit_of_work(shop.tenant_id):
        return (await balance_of(member)).available


async def test_orders_earn_nothing_while_it_lasts_and_the_audit_says_so(shop: Shop) -> None:
    member = await shop.member(PHONE)
    await shop.sold(shop.ticket(phone=PHONE, total="10.00"))
    await _block(shop, member)
    sale = shop.ticket(phone=PHONE, total="20.00")
    await shop.sold(sale, shop.ticket(phone="13900139000", total="30.00"))
    await shop.sold(shop.refund(sale, "5.00"))  # of what earned nothing nothing is taken back
    assert await _points(shop, member) == 10
    assert await _points(shop, await shop.member("13900139000")) == 30
    (order,) = await shop.rows(
        "SELECT id FROM orders WHERE tenant_id = $1 AND total_fen = 2000 AND member_id = $2", member
    )
    async with unit_of_work(shop.tenant_id):
        (row,) = await acts_before(Search(act="points.withheld", member_id=member), None, 9)
        told = (await opened_entries([row]))[row.id]
    assert (told.subject, told.reason) == (f"order:{order['id']}", "退货过多")
    assert row.reason == ""
    assert str(order["id"]) not in row.subject
    async with unit_of_work(shop.tenant_id):
        await unblock_member(member, POINTS)
    await shop.sold(shop.ticket(phone=PHONE, total="40.00"))
    assert await _points(shop, member) == 50


async def test_other_purposes_and_a_block_that_is_over_withhold_nothing(shop: Shop) -> None:
    member = await shop.member(PHONE)
    await _block(shop, member, BlockPurpose.COUPONS)
    past = clock.now() - timedelta(days=2)
    with clock.held_at(past):
        await _block(shop, member, until=past + timedelta(days=1))
    await shop.sold(shop.ticket(phone=PHONE, total="10.00"))
    assert await _points(shop, member) == 10
    async with unit_of_work(shop.tenant_id):
        assert await blocked_members([member], POINTS) == set()
        assert await blocked_members([member], BlockPurpose.COUPONS) == {member}
        assert await blocked_members([member], BlockPurpose.MESSAGES) == set()


async def test_a_reward_is_withheld_and_may_be_earned_later(shop: Shop) -> None:
    member = await shop.member(PHONE)
    await _block(shop, member)
    async with unit_of_work(shop.tenant_id):
        await save_profile_field(FieldSpec("x", FieldKind.TEXT, "某", "X", reward_points=7))
        await update_own_profile(member, {"x": "y"})
    assert await _points(shop, member) == 0
    async with unit_of_work(shop.tenant_id):
        await unblock_member(member, POINTS)
        await update_own_profile(member, {"x": "y"})
    assert await _points(shop, member) == 7


def test_a_block_holds_from_its_moment_until_its_end() -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    end, second = start + timedelta(hours=1), timedelta(seconds=1)
    block = Block(start, end, "x")
    moments = (start - second, start, end - second, end)
    assert [block.holds_at(moment) for moment in moments] == [False, True, True, False]
    assert Block(start, None, "x").holds_at(end + timedelta(days=9_999))


async def test_one_of_a_purpose_which_the_next_replaces(shop: Shop) -> None:
    member, end = await shop.member(PHONE), clock.now() + timedelta(days=1)
    await _block(shop, member)
    (first,) = await shop.rows("SELECT blocked_at FROM member_block WHERE tenant_id = $1")
    await _block(shop, member, until=end)
    (row,) = await shop.rows("SELECT blocked_at, until FROM member_block WHERE tenant_id = $1")
    assert row == {"blocked_at": first["blocked_at"], "until": end}
    with clock.held_at(end + timedelta(days=1)):
        async with unit_of_work(shop.tenant_id):
            with pytest.raises(BlockUnknown):
                await unblock_member(member, POINTS)
        await _block(shop, member)
    (row,) = await shop.rows("SELECT blocked_at, until FROM member_block WHERE tenant_id = $1")
    assert row == {"blocked_at": end + timedelta(days=1), "until": None}


async def test_what_is_refused_changes_nothing(shop: Shop, other_shop: Shop) -> None:
    member, theirs = await shop.member(PHONE), await other_shop.member(PHONE)
    async with unit_of_work(shop.tenant_id):
        for reason in ("", " ", "x" * 201):
            with pytest.raises(BlockReasonMissing):
                await block_member(member, POINTS, reason, None)
        with pytest.raises(BlockEndInvalid):
            await block_member(member, POINTS, "x", clock.now())
        with pytest.raises(MemberUnknown):
            await block_member(theirs, POINTS, "x", None)
        with pytest.raises(BlockUnknown):
            await unblock_member(member, POINTS)
    assert await shop.rows("SELECT id FROM member_block WHERE tenant_id = $1") == []


async def test_a_member_is_shown_with_their_own_blocks_alone(shop: Shop) -> None:
    """Those that end, and those that do not, of whoever else is blocked."""
    one, other = await shop.member(PHONE), await shop.member("13900139000")
    end = clock.now() + timedelta(days=1)
    await _block(shop, one, until=end)
    await _block(shop, other, BlockPurpose.COUPONS)
    document = "query ($id: ID!) { member(id: $id) { blocks { purpose } } }"
    async with unit_of_work(shop.tenant_id):
        for member, purpose in ((one, "POINTS"), (other, "COUPONS")):
            told = await told_staff(document, id=str(member))
            assert told == {"member": {"blocks": [{"purpose": purpose}]}}
