"""Probes of identities, mini-programs and claims, asked for by another tenant's handles."""

from collections.abc import Awaitable, Callable

from tests.support.full_tenants import Handles
from tests.support.reading import columns_of

from shuke_core.kit.transactions import fetch_one
from shuke_core.members.identities import bind_identity, id_of_identity, unbind_identity
from shuke_core.members.phones import normalise_phone
from shuke_core.members.services import Identity, find_members
from shuke_core.members.visitors import absorb_visitor, lock_people
from shuke_core.wechat.claims import decide_claim
from shuke_core.wechat.programs import mini_program_of, switch_off
from shuke_core.wechat.queries import claim_of_id


async def _bind(h: Handles) -> object:
    await bind_identity(h.member_id, "shop", "youzan", "probe")
    return "bound"


async def _unbind(h: Handles) -> object:
    await unbind_identity(h.member_id, "erp", "kingdee", h.erp_no)
    return "unbound"


async def _decide(h: Handles) -> object:
    row = await fetch_one("SELECT id FROM staff WHERE tenant_id = $1 LIMIT 1")
    assert row is not None
    await decide_claim(h.claim_id, row["id"], same_person=True, may_merge=True)
    return "decided"


async def _off(h: Handles) -> object:
    await switch_off(h.app_id)
    return "off"


async def _absorb(h: Handles) -> object:
    """A visitor of ours turns out to be the handle's member."""
    row = await fetch_one("SELECT id FROM member WHERE tenant_id = $1 AND state = 'visitor'")
    assert row is not None
    await absorb_visitor(row["id"], h.member_id)
    return "absorbed"


async def _find(h: Handles) -> object:
    return len(await find_members([Identity.of_openid(h.app_id, h.openid)]))


async def _find_members(h: Handles) -> object:
    phone = normalise_phone(h.phone)
    assert phone is not None
    return [str(found) for found in (await find_members([Identity.of_phone(phone)])).values()]


IDENTIFIED: dict[str, Callable[[Handles], Awaitable[object]]] = {
    "bind_identity": _bind,
    "unbind_identity": _unbind,
    "id_of_identity": lambda h: id_of_identity("erp", "kingdee", h.erp_no),
    "find_members": _find_members,
    "find_members by OpenID": _find,
    "lock_people": lambda h: lock_people(h.member_id),
    "absorb_visitor": _absorb,
    "mini_program_of": lambda h: mini_program_of(h.app_id),
    "switch_off": _off,
    "decide_claim": _decide,
    "claim_of_id": lambda h: columns_of(claim_of_id(h.claim_id), "state"),
}
