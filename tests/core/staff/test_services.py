"""Staff come and go; their tokens with them, their rights by their role."""

from datetime import timedelta

import pytest
from tests.support.shop import Shop

from shuke_core.access.errors import TokenInvalid
from shuke_core.access.permissions import API_EXPLORE, Permission, declare, forget
from shuke_core.access.rights import EVERY_CLASS, FieldClass
from shuke_core.kit import clock
from shuke_core.kit.transactions import unit_of_work
from shuke_core.staff.errors import RoleUnknown, StaffUnknown
from shuke_core.staff.queries import all_staff
from shuke_core.staff.roles import READY_MADE as ROLES
from shuke_core.staff.roles import ready_made_role, rights_of
from shuke_core.staff.services import (
    StaffCard,
    add_staff,
    issue_staff_token,
    leave,
    staff_of_token,
)
from shuke_core.staff.sessions import TOKEN_LIFE
from shuke_core.tenants.errors import SlugInvalid


async def _token(shop: Shop, role: str = "clerk") -> str:
    async with unit_of_work(shop.tenant_id):
        await add_staff("lina", "李娜", role)
        return await issue_staff_token("lina")


async def _whose(shop: Shop, token: str) -> StaffCard:
    async with unit_of_work(shop.tenant_id):
        return await staff_of_token(token)


async def test_a_token_tells_who_somebody_is_and_what_they_may(shop: Shop) -> None:
    card = await _whose(shop, await _token(shop))
    assert (card.handle, card.name, card.role) == ("lina", "李娜", "clerk")
    assert card.rights == rights_of(ready_made_role("clerk"), card.id)


async def test_a_changed_role_holds_from_the_next_question_on(shop: Shop) -> None:
    token = await _token(shop, "clerk")
    async with unit_of_work(shop.tenant_id):
        assert not await add_staff("lina", "李娜", "operator")
    assert (await _whose(shop, token)).role == "operator"


async def test_a_token_ends_after_twelve_hours(shop: Shop) -> None:
    token = await _token(shop)
    with clock.held_at(clock.now() + TOKEN_LIFE - timedelta(seconds=5)):
        await _whose(shop, token)
    with clock.held_at(clock.now() + TOKEN_LIFE), pytest.raises(TokenInvalid):
        await _whose(shop, token)


async def test_whoever_leaves_takes_their_tokens_along(shop: Shop) -> None:
    token = await _token(shop)
    async with unit_of_work(shop.tenant_id):
        await leave("lina")
        with pytest.raises(StaffUnknown):
            await leave("lina")
        with pytest.raises(StaffUnknown):
            await issue_staff_token("lina")
        assert [(row.handle, row.state) for row in await all_staff()] == [("lina", "left")]
        with pytest.raises(TokenInvalid):
            await staff_of_token(token)
        await add_staff("lina", "李娜", "clerk")  # back again: the old token stays dead
        with pytest.raises(TokenInvalid):
            await staff_of_token(token)


async def test_what_can_not_be_staff_is_refused(shop: Shop) -> None:
    async with unit_of_work(shop.tenant_id):
        with pytest.raises(SlugInvalid):
            await add_staff("李娜", "李娜", "clerk")
        with pytest.raises(RoleUnknown, match="admin, operator, clerk"):
            await add_staff("lina", "李娜", "boss")
        assert await all_staff() == []


def test_an_admin_has_every_permission_also_those_that_plugins_bring() -> None:
    brought = Permission("sample.read", {"zh": "样", "en": "Sample"}, frozenset({"clerk"}))
    assert brought.key not in ready_made_role("admin").permissions
    declare("sample", (brought,))
    try:
        has = {role for role in ROLES if brought.key in ready_made_role(role).permissions}
        assert has == {"admin", "clerk"}
    finally:
        forget("sample")
    assert brought.key not in ready_made_role("admin").permissions


def test_an_operator_sees_totals_and_no_contacts_a_clerk_no_integrations() -> None:
    operator, clerk = ready_made_role("operator"), ready_made_role("clerk")
    assert operator.classes == {FieldClass.MONEY}
    assert "members.find_by_phone" not in operator.permissions
    assert "integrations.read" not in clerk.permissions
    assert ready_made_role("admin").classes == EVERY_CLASS
    assert API_EXPLORE.key not in {*operator.permissions, *clerk.permissions}
