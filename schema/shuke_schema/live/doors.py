"""What a door says of sockets: how tokens are looked at again, and what equal subscribers share."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, replace

from shuke_core.live.topics import Topic
from shuke_core.members import live as members_live
from shuke_core.members.services import members_of_digests
from shuke_core.staff import live as staff_live
from shuke_core.staff.services import staff_of_digests
from shuke_core.tenants.queries import TenantCard
from shuke_schema import doors
from shuke_schema.context import Context
from shuke_schema.http.door import Door
from shuke_schema.parts import Audience

MOST_A_STATEMENT = 2_000


@dataclass(frozen=True, slots=True)
class LiveDoor:
    """A door that sockets come through.

    `recheck` tells who the tokens of these digests are, without those that hold no more; in one
    statement, inside a unit of work. `shared` is what of a context equal subscribers have in common:
    resolvers are given it, so they can't tell one's identity to another. `sessions` is the topic
    that tells of tokens that were revoked.
    """

    door: Door
    recheck: Callable[[TenantCard, Collection[bytes]], Awaitable[dict[bytes, Context]]]
    shared: Callable[[Context], Context]
    sessions: Topic


async def _members(tenant: TenantCard, digests: Collection[bytes]) -> dict[bytes, Context]:
    found = await members_of_digests(digests)
    return {digest: doors.of_member(tenant, member_id) for digest, member_id in found.items()}


async def _staff(tenant: TenantCard, digests: Collection[bytes]) -> dict[bytes, Context]:
    found = await staff_of_digests(digests)
    return {digest: doors.of_staff(tenant, card) for digest, card in found.items()}


def _own(context: Context) -> Context:
    """What a member sees is their own, so that only sockets of one member share."""
    return context


def _without_name(context: Context) -> Context:
    """Whoever of the staff has the same rights sees the same: whose members somebody is narrowed to
    is part of their rights."""
    return replace(context, staff=None)


def live_door(door: Door) -> LiveDoor:
    """The door of an audience, for sockets."""
    if door.name == Audience.STAFF.value:
        return LiveDoor(door, _staff, _without_name, staff_live.SESSIONS)
    return LiveDoor(door, _members, _own, members_live.SESSIONS)
