"""A rule outlives the role that it names; what members ask is neither refused nor unseen for it."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from tests.support.follow_up import PHONE, act, ask, somebody
from tests.support.shop import Shop

from shuke_core.access.rights import EVERY_CLASS, Scope
from shuke_core.interactions.errors import FollowUpRuleInvalid
from shuke_core.interactions.follow_up import rule_for, set_follow_up_rule
from shuke_core.interactions.rules import Kind, Rule
from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.staff.addressees import Addressee
from shuke_core.staff.administration import let_go
from shuke_core.staff.errors import AddresseeBlind
from shuke_core.staff.role_services import (
    Grant,
    Wanted,
    change_role,
    create_role,
    remove_role,
)
from shuke_core.tasks.errors import TaskUnknown
from shuke_core.tasks.reminders import give_reminders
from shuke_core.tasks.services import NewTask, claim_task, create_task

WIDE = {"members.read": Scope.ALL, "tasks.read": Scope.ALL, "tasks.work": Scope.ALL}
RULE = Rule(Kind.INQUIRY, to_advisor=False, role="hotline")


def _hotline(permissions: Mapping[str, Scope]) -> Wanted:
    grants = tuple(Grant(key, scope) for key, scope in permissions.items())
    return Wanted("Hotline", "热线", grants, tuple(EVERY_CLASS))


async def _with_rule(shop: Shop) -> None:
    await act(shop, lambda: create_role(None, "hotline", _hotline(WIDE)))
    await act(shop, lambda: set_follow_up_rule(RULE))


async def _gone(shop: Shop) -> None:
    await act(shop, lambda: remove_role(None, "hotline"))


async def _to_own(shop: Shop) -> None:
    await act(shop, lambda: change_role(None, "hotline", _hotline(dict.fromkeys(WIDE, Scope.OWN))))


async def _to_stores(shop: Shop) -> None:
    await act(
        shop, lambda: change_role(None, "hotline", _hotline(dict.fromkeys(WIDE, Scope.STORES)))
    )


async def _idle(shop: Shop) -> None:
    await act(shop, lambda: change_role(None, "hotline", _hotline({"members.read": Scope.ALL})))


@pytest.mark.parametrize("meanwhile", [_gone, _to_own, _to_stores, _idle])
async def test_a_role_that_is_not_what_it_was_is_stood_in_for(shop: Shop, meanwhile) -> None:  # type: ignore[no-untyped-def]
    await _with_rule(shop)
    await meanwhile(shop)
    await ask(shop, await shop.member(PHONE))
    assert await shop.rows("SELECT role FROM task WHERE tenant_id = $1") == [{"role": "clerk"}]
    assert (await act(shop, lambda: rule_for(Kind.INQUIRY))).role == "clerk"


@pytest.mark.parametrize("meanwhile", [_gone, _to_own, _to_stores, _idle])
async def test_what_is_overdue_goes_to_somebody_who_sees_it(shop: Shop, meanwhile) -> None:  # type: ignore[no-untyped-def]
    await _with_rule(shop)
    await ask(shop, await shop.member(PHONE))
    await meanwhile(shop)
    with clock.held_at(clock.now() + timedelta(hours=2)):
        await give_reminders(shop.tenant_id)
    assert await shop.rows("SELECT role FROM task WHERE tenant_id = $1") == [{"role": "clerk"}]
    assert await shop.rows("SELECT role FROM alert WHERE tenant_id = $1") == [{"role": "clerk"}]


@pytest.mark.parametrize("scope", [Scope.OWN, Scope.STORES])
async def test_no_rule_names_a_role_that_sees_some_members_only(shop: Shop, scope: Scope) -> None:
    await act(shop, lambda: create_role(None, "hotline", _hotline(dict.fromkeys(WIDE, scope))))
    with pytest.raises(FollowUpRuleInvalid):
        await act(shop, lambda: set_follow_up_rule(RULE))


async def test_nobody_of_other_stores_is_given_what_they_do_not_see(shop: Shop) -> None:
    await act(
        shop, lambda: create_role(None, "hotline", _hotline(dict.fromkeys(WIDE, Scope.STORES)))
    )
    far, near = await somebody(shop, "far", "hotline"), await somebody(shop, "near", "hotline")
    member = await shop.member(PHONE)
    (store,) = await shop.rows("SELECT id FROM store WHERE tenant_id = $1 LIMIT 1")
    await shop.rows(
        "UPDATE member SET store_id = $3 WHERE tenant_id = $1 AND id = $2", member, store["id"]
    )
    await shop.rows(
        "INSERT INTO staff_store (tenant_id, id, staff_id, store_id) VALUES ($1, $2, $3, $4)",
        *(new_id(), near.staff_id, store["id"]),
    )
    due = clock.now() + timedelta(hours=1)
    await act(shop, lambda: create_task(NewTask(Addressee(near.staff_id), due, member)))
    for blind in (Addressee(far.staff_id), Addressee(role="hotline")):
        with pytest.raises(AddresseeBlind):
            await act(shop, lambda to=blind: create_task(NewTask(to, due, member)))  # type: ignore[misc]


async def test_nobody_who_has_left_claims_what_their_leaving_has_not_handed_over(
    shop: Shop,
) -> None:
    """Their request may have begun before."""
    bob = await somebody(shop, "bob", "clerk")
    new = NewTask(Addressee(role="clerk"), clock.now() + timedelta(hours=1))
    task = await act(shop, lambda: create_task(new))
    await act(shop, lambda: let_go(bob.staff_id))
    with pytest.raises(TaskUnknown):
        await act(shop, lambda: claim_task(task, bob))
