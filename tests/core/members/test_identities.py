"""By what other systems name a member: what can be, whose it is, bound and unbound."""

import pytest
from tests.support.shop import Shop

from shuke_core.kit.transactions import unit_of_work
from shuke_core.members.errors import (
    IdentityInvalid,
    IdentityTaken,
    IdentityUnknown,
    MemberUnknown,
)
from shuke_core.members.identities import (
    bind_identity,
    checked_identity,
    id_of_identity,
    unbind_identity,
)
from shuke_core.members.visitors import log_in_with_openid

ERP = ("erp", "kingdee", "C-10086")


async def test_bound_it_names_the_member_and_unbound_nobody(shop: Shop) -> None:
    member_id = await shop.member("13800138000")
    async with unit_of_work(shop.tenant_id):
        await bind_identity(member_id, *ERP)
        await bind_identity(member_id, *ERP)  # again: nothing more
        assert await id_of_identity(*ERP) == member_id
        assert await id_of_identity("erp", "other", "C-10086") is None
        assert await id_of_identity("shop", "kingdee", "C-10086") is None
        await unbind_identity(member_id, *ERP)
        assert await id_of_identity(*ERP) is None
        with pytest.raises(IdentityUnknown):
            await unbind_identity(member_id, *ERP)
    acts = await shop.rows(
        "SELECT act FROM audit_entry WHERE tenant_id = $1 AND member_id IS NOT NULL "
        "ORDER BY recorded_at, id"
    )
    assert [each["act"] for each in acts] == ["member.identity_bound", "member.identity_unbound"]
    # What ended may be bound anew, by somebody else as well.
    other = await shop.member("13900139000")
    async with unit_of_work(shop.tenant_id):
        await bind_identity(other, *ERP)
        assert await id_of_identity(*ERP) == other


async def test_what_is_somebodys_stays_theirs(shop: Shop) -> None:
    one, other = await shop.member("13800138000"), await shop.member("13900139000")
    async with unit_of_work(shop.tenant_id):
        await bind_identity(one, *ERP)
        with pytest.raises(IdentityTaken):
            await bind_identity(other, *ERP)
        with pytest.raises(IdentityUnknown):
            await unbind_identity(other, *ERP)
        assert await id_of_identity(*ERP) == one


async def test_a_visitor_is_bound_to_nothing(shop: Shop) -> None:
    async with unit_of_work(shop.tenant_id):
        visitor = await log_in_with_openid("wx0123456789abcdef", "o-123456", None)
        with pytest.raises(MemberUnknown):
            await bind_identity(visitor.member_id, *ERP)


@pytest.mark.parametrize(
    ("kind", "issuer", "value"),
    [("erp", "", "1"), ("erp", "Kingdee", "1"), ("erp", "k", ""), ("erp", "k", "a b"),
     ("erp", "k", "x" * 65), ("fax", "k", "1"), ("unionid", "k", "u-123456"),
     ("openid", "", "o-123456"), ("phone", "", "13800138000"), ("phone", "cn", "+8613800138000")],
)  # fmt: skip
def test_what_can_be_no_identity_is_refused(kind: str, issuer: str, value: str) -> None:
    with pytest.raises(IdentityInvalid):
        checked_identity(kind, issuer, value)


@pytest.mark.parametrize(
    ("kind", "issuer", "value"),
    [("phone", "", "+8613800138000"), ("openid", "wx0123456789abcdef", "o-123456"),
     ("unionid", "", "u-123456")],
)  # fmt: skip
def test_what_somebody_else_verifies_is_not_entered_by_hand(
    kind: str, issuer: str, value: str
) -> None:
    assert checked_identity(kind, issuer, value).value == value
    with pytest.raises(IdentityInvalid):
        checked_identity(kind, issuer, value, by_hand=True)
