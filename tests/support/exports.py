"""Exports of members, without a client: asked for, written, with a link to them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from tests.support.accounts import grant_for
from tests.support.shop import Shop

from shuke_core.audit.actors import Actor, act_as
from shuke_core.exports.services import make_link, request_export
from shuke_core.exports.writing import work_on_exports
from shuke_core.kit.transactions import fetch_one, unit_of_work

REASON = "月度回访名单"


def as_staff(staff_id: UUID) -> None:
    """Who acts in the open unit."""
    act_as(Actor("staff", staff_id, "somebody", "203.0.113.7"))


async def staff_id_of(handle: str) -> UUID:
    """Their id, in the unit at hand."""
    row = await fetch_one("SELECT id FROM staff WHERE tenant_id = $1 AND handle = $2", handle)
    assert row is not None
    found: UUID = row["id"]
    return found


async def asked_export(
    staff_id: UUID, columns: Sequence[str] = ("cardNo",), **filters: Any
) -> UUID:
    """An export that waits, in the unit at hand."""
    as_staff(staff_id)
    given = {"kind": "members", "columns": list(columns), "filters": filters, "reason": REASON}
    key = "exports.reveal" if "phone" in columns else "exports.request"
    return await request_export(
        await grant_for(staff_id, key, given), "members", list(columns), filters, REASON
    )


async def ready_export(
    shop: Shop, staff_id: UUID, columns: Sequence[str] = ("cardNo",), **filters: Any
) -> UUID:
    """An export that was written to its end."""
    async with unit_of_work(shop.tenant_id):
        export_id = await asked_export(staff_id, columns, **filters)
    while await work_on_exports(shop.tenant_id):
        pass
    return export_id


async def linked(shop: Shop, staff_id: UUID, export_id: UUID) -> str:
    """The token of a link to the export."""
    async with unit_of_work(shop.tenant_id):
        as_staff(staff_id)
        return (await make_link(export_id)).token
