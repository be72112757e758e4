"""Probes of profiles, codes, blocks and notes: what one may do about a member of another tenant."""

from collections.abc import Awaitable, Callable

from tests.support.full_tenants import Handles
from tests.support.reading import columns_of

from shuke_core.blocks.queries import BlockPurpose, blocked_members
from shuke_core.blocks.services import block_member, unblock_member
from shuke_core.members.codes import redeem_member_code
from shuke_core.notes.queries import note_of_id
from shuke_core.notes.services import add_note, remove_note
from shuke_core.profiles.queries import values_of
from shuke_core.profiles.services import retire_profile_field, update_member, update_own_profile

CARED_FOR: dict[str, Callable[[Handles], Awaitable[object]]] = {
    "redeem_member_code": lambda h: redeem_member_code(h.member_code),
    "block_member": lambda h: block_member(h.member_id, BlockPurpose.POINTS, "x", None),
    "unblock_member": lambda h: unblock_member(h.member_id, BlockPurpose.COUPONS),
    "blocked_members": lambda h: blocked_members([h.member_id], BlockPurpose.COUPONS),
    "add_note": lambda h: add_note(h.member_id, "x"),
    "remove_note": lambda h: remove_note(h.note_id),
    "note_of_id": lambda h: columns_of(note_of_id(h.note_id), "by"),
    "update_own_profile": lambda h: update_own_profile(h.member_id, {"nickname": "阿王"}),
    "update_member": lambda h: update_member(h.member_id, 3, {"nickname": "阿王"}),
    "retire_profile_field": lambda h: retire_profile_field(h.profile_field),
    "values_of": lambda h: values_of([h.member_id]),
}
