"""Probes of merging: two members, and a merge, asked for by another tenant's handles."""

from collections.abc import Awaitable, Callable

from tests.support.full_tenants import Handles
from tests.support.reading import columns_of, told_staff

from shuke_core.members.following import hold_members, lock_member
from shuke_core.members.queries import member_of_id
from shuke_core.members.services import Identity, identify_members
from shuke_core.merging.queries import merge_preview
from shuke_core.merging.services import merge_members, undo_merge
from shuke_core.merging.window import undo_days


async def _merge_into(h: Handles) -> object:
    newcomer = Identity.of_card("probe", "1")
    found = await identify_members([newcomer])
    return bool(await merge_members(h.member_id, found[newcomer]))


async def _merge_of(h: Handles) -> object:
    newcomer = Identity.of_card("probe", "1")
    found = await identify_members([newcomer])
    return bool(await merge_members(found[newcomer], h.member_id))


async def _preview(h: Handles) -> object:
    newcomer = Identity.of_card("probe", "1")
    found = await identify_members([newcomer])
    return bool(await merge_preview(found[newcomer], h.member_id))


MERGED: dict[str, Callable[[Handles], Awaitable[object]]] = {
    "member_of_id by an old id": lambda h: columns_of(member_of_id(h.absorbed_id), "card_no"),
    "hold_members": lambda h: hold_members([h.member_id]),
    "lock_member": lambda h: lock_member(h.absorbed_id),
    "merge_members into one": _merge_into,
    "merge_members of one": _merge_of,
    "merge_preview": _preview,
    "undo_merge": lambda h: undo_merge(h.merge_id),
}

# About the whole tenant: what another one has must not change the answer.
MERGES: dict[str, Callable[[], Awaitable[object]]] = {
    "merge_candidates": lambda: told_staff("{ mergeCandidates { edges { node { reason } } } }"),
    "merges": lambda: told_staff("{ merges { edges { node { undoneAt } } } }"),
    "undo_days": undo_days,
}
