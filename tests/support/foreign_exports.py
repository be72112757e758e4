"""Probes of what discloses: reveals, exports, files, pictures; asked for by another tenant's handles."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from tests.support.full_tenants import Handles
from tests.support.reading import columns_of

from shuke_core.audit.actors import Actor, act_as
from shuke_core.exports.queries import export_of_id
from shuke_core.exports.services import make_link, revoke_export, take_link
from shuke_core.files.links import linked_picture
from shuke_core.files.services import read_chunk
from shuke_core.files.uploads import check_upload
from shuke_core.kit.transactions import fetch_one
from shuke_core.members.plain import plain_phones
from shuke_core.profiles.services import update_own_profile
from shuke_core.reveals.services import reveal_phone
from shuke_core.staff.standing import standing_of


async def _reveal(h: Handles) -> object:
    row = await fetch_one("SELECT id FROM staff WHERE tenant_id = $1 AND role = 'admin' LIMIT 1")
    assert row is not None
    return bool(await reveal_phone(row["id"], h.member_id, "回访"))


async def _phones(h: Handles) -> object:
    return len(await plain_phones([h.member_id]))


async def _revoke_export(h: Handles) -> object:
    await revoke_export(h.export_id, anybodys=True)
    return "revoked"


async def _fetch_export(h: Handles) -> object:
    return (await take_link(h.export_link, "203.0.113.7", "")).chunks


async def _link_export(h: Handles) -> object:
    row = await fetch_one("SELECT staff_id FROM export WHERE tenant_id = $1")
    assert row is not None
    act_as(Actor("staff", row["staff_id"], "somebody"))
    return bool(await make_link(h.export_id))


async def _read_file(h: Handles) -> object:
    """The file behind an export; files themselves are named to nobody."""
    row = await fetch_one(
        "SELECT file_id FROM export WHERE tenant_id = $1 AND id = $2", h.export_id
    )
    return len(await read_chunk(row["file_id"] if row else h.export_id, 0))


async def _whose_upload(h: Handles) -> UUID:
    """Whoever of this tenant has sent something: no id of who that is leaves the service."""
    row = await fetch_one(
        "SELECT uploaded_by FROM file WHERE tenant_id = $1 AND uploaded_by IS NOT NULL LIMIT 1"
    )
    assert row is not None
    uploader: UUID = row["uploaded_by"]
    return uploader


async def _check_upload(h: Handles) -> object:
    await check_upload(h.upload_id, await _whose_upload(h))
    return "checked"


async def _use_upload(h: Handles) -> object:
    await update_own_profile(await _whose_upload(h), {"avatar": str(h.upload_id)})
    return "used"


async def _look(h: Handles) -> object:
    return len((await linked_picture(h.picture_link)).data)


DISCLOSED: dict[str, Callable[[Handles], Awaitable[object]]] = {
    "reveal_phone": _reveal,
    "plain_phones": _phones,
    "revoke_export": _revoke_export,
    "take_link": _fetch_export,
    "make_link": _link_export,
    "read_chunk": _read_file,
    "check_upload": _check_upload,
    "avatar": _use_upload,
    "linked_picture": _look,
    "standing_of": lambda h: standing_of(h.account.staff_id),
    "export_of_id": lambda h: columns_of(export_of_id(h.export_id), "rows"),
}
