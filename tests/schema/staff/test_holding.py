"""Nobody gives, takes or resets what they do not hold: whoever manages accounts stays who they are."""

import httpx
import pytest
from tests.schema.staff.test_step_up import done, granted
from tests.support.accounts import Jumps, Person, codes_of, hired, person
from tests.support.shop import Shop

from shuke_core.access.rights import FieldClass, Scope
from shuke_core.kit.transactions import unit_of_work
from shuke_core.staff.presence import set_stores
from shuke_core.staff.role_services import Grant, Wanted, create_role
from shuke_core.tenants.queries import stores_by_code


async def _manager(shop: Shop, jumps: Jumps, *more: Grant) -> Person:
    """Somebody who manages accounts and may do little else."""
    grants = (Grant("staff.manage", Scope.ALL), *more)
    async with unit_of_work(shop.tenant_id):
        await create_role(None, "hr", Wanted("HR", "人事", grants, (FieldClass.CONTACT,)))
    return await person(shop, jumps, "hr", "hr")


async def _does(me: Person, client: httpx.AsyncClient, key: str, **arguments: object) -> list[str]:
    return await done(me, client, key, arguments, await granted(me, client, key, arguments))


async def test_who_manages_accounts_makes_nobody_mightier_than_themselves(
    guarded_client: httpx.AsyncClient, shop: Shop, jumps: Jumps
) -> None:
    client, me = guarded_client, await _manager(shop, jumps)
    boss, clerk = str(await hired(shop, "boss", "admin")), str(await hired(shop, "lina", "clerk"))
    mighty = ["ROLE_TOO_MIGHTY"]
    assert await _does(me, client, "staff.change_role", staff=str(me.id), role="admin") == mighty
    assert await _does(me, client, "staff.change_role", staff=boss, role="hr") == mighty
    assert await _does(me, client, "staff.change_role", staff=clerk, role="hr") == mighty
    invite = 'inviteStaff(handle: "fresh", name: "新人", role: "operator")'
    assert codes_of(await me.mutate(client, invite)) == mighty
    invited = {"handle": "fresh", "name": "新人", "role": "admin"}
    assert await _does(me, client, "staff.invite", **invited) == mighty
    # Nor do they get in as somebody mightier.
    for key in ("staff.issue_reset_code", "staff.remove_second_factor"):
        assert await _does(me, client, key, staff=boss) == mighty
    rows = await shop.rows("SELECT handle, role FROM staff WHERE tenant_id = $1 ORDER BY handle")
    assert [(row["handle"], row["role"]) for row in rows] == [
        ("boss", "admin"),
        ("hr", "hr"),
        ("lina", "clerk"),
    ]
    peer = str(await hired(shop, "peer", "hr"))
    assert await _does(me, client, "staff.issue_reset_code", staff=peer) == []


@pytest.mark.parametrize("scope", [Scope.STORES, Scope.OWN])
async def test_who_is_narrowed_gives_and_takes_their_own_stores_only(
    scope: Scope, guarded_client: httpx.AsyncClient, shop: Shop, jumps: Jumps
) -> None:
    client, me = guarded_client, await _manager(shop, jumps, Grant("members.read", scope))
    await shop.sold(shop.ticket(store="S1"), shop.ticket(store="S2"))
    lina = await hired(shop, "lina", "clerk")
    async with unit_of_work(shop.tenant_id):
        stores = await stores_by_code(["S1", "S2"])
        await set_stores(me.id, [stores["S1"]])
        await set_stores(lina, [stores["S2"]])
    key, unknown = "staff.set_stores", ["STORE_UNKNOWN"]
    assert await _does(me, client, key, staff=str(me.id), stores=["S1", "S2"]) == unknown
    assert await _does(me, client, key, staff=str(lina), stores=[]) == unknown
    mine = [] if scope is Scope.STORES else unknown
    assert await _does(me, client, key, staff=str(lina), stores=["S2", "S1"]) == mine
    assert await _does(me, client, key, staff=str(lina), stores=["S9"]) == unknown
    rows = await shop.rows(
        "SELECT s.code FROM staff_store w JOIN store s ON s.id = w.store_id "
        "WHERE w.tenant_id = $1 AND w.staff_id = $2 ORDER BY s.code",
        lina,
    )
    assert [row["code"] for row in rows] == (["S2"] if mine else ["S1", "S2"])
