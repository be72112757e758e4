"""A shop with people in it: short ways to let members ask and staff act."""

from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

from tests.support.shop import Shop

from shuke_core.assignments.services import Chosen, assign_members
from shuke_core.audit.actors import Actor, act_as
from shuke_core.interactions.rules import Kind
from shuke_core.interactions.services import NewInteraction, record_interaction
from shuke_core.kit.transactions import in_unit_of_work
from shuke_core.staff.services import add_staff
from shuke_core.tasks.services import Doer

Result = TypeVar("Result")
PHONE = "13800138000"


async def act(
    shop: Shop, work: Callable[[], Awaitable[Result]], doer: Doer | None = None
) -> Result:
    """Does it in a unit of its own, as that person of the staff, or as the system."""

    async def as_doer() -> Result:
        if doer is not None:
            act_as(Actor("staff", doer.staff_id, "somebody"))
        return await work()

    return await in_unit_of_work(shop.tenant_id, as_doer)


async def somebody(shop: Shop, handle: str, role: str, *, manages: bool = False) -> Doer:
    """A new one of the staff."""
    await act(shop, lambda: add_staff(handle, f"员工{handle}", role))
    (row,) = await shop.rows("SELECT id FROM staff WHERE tenant_id = $1 AND handle = $2", handle)
    return Doer(row["id"], role, manages)


async def give_to(shop: Shop, member_id: UUID, advisor: Doer) -> None:
    """The member is the advisor's from now on."""
    await act(shop, lambda: assign_members(Chosen(ids=[member_id]), advisor.staff_id))


async def ask(shop: Shop, member_id: UUID, text: str = "几点开门?") -> UUID:
    """The member asks something; returns the interaction's id."""
    return await act(
        shop, lambda: record_interaction(NewInteraction(member_id, Kind.INQUIRY, text))
    )


async def task_of(shop: Shop, interaction_id: UUID) -> UUID:
    """The task that an interaction has become."""
    (row,) = await shop.rows(
        "SELECT id FROM task WHERE tenant_id = $1 AND interaction_id = $2", interaction_id
    )
    task_id: UUID = row["id"]
    return task_id


async def settle(shop: Shop) -> None:
    """Lets the worker work until reactions have reacted to reactions."""
    for _ in range(3):
        await shop.work()
