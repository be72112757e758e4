"""What mutations of reveals and exports are asked with, so that each leaves its act as the admin's."""

from collections.abc import Awaitable, Callable
from typing import Any

from tests.support.accounts import grant_for
from tests.support.exports import REASON, ready_export, staff_id_of
from tests.support.shop import Shop

from shuke_core.kit.transactions import unit_of_work

Given = dict[str, Any]
LIMITS = {"hourly": 5, "daily": 9, "unusual": 7, "rows": 10}


async def _granted(shop: Shop, operation: str, meant: Given) -> Given:
    await shop.staff_login()
    async with unit_of_work(shop.tenant_id):
        grant = await grant_for(await staff_id_of("admin"), operation, meant)
    return {"stepUp": str(grant)}


async def _member(shop: Shop) -> Given:
    return {"id": str(await shop.member("13800138000"))}


async def _request(shop: Shop) -> Given:
    meant = {"kind": "members", "columns": ["cardNo"], "filters": {}, "reason": REASON}
    return await _granted(shop, "exports.request", meant)


async def _limits(shop: Shop) -> Given:
    return await _granted(shop, "disclosure.set_limits", LIMITS)


async def _export(shop: Shop) -> Given:
    await shop.staff_login()
    async with unit_of_work(shop.tenant_id):
        me = await staff_id_of("admin")
    return {"id": str(await ready_export(shop, me))}


DISCLOSURE_MUTATIONS: dict[str, tuple[str, Callable[[Shop], Awaitable[Given]], str]] = {
    "revealPhone": (
        'revealPhone(memberId: $id, reason: "回访")',
        _member,
        "member.phone_revealed",
    ),
    "requestExport": (
        f'requestExport(kind: "members", columns: ["cardNo"], reason: "{REASON}", stepUp: $stepUp)',
        _request,
        "export.requested",
    ),
    "exportLink": ("exportLink(id: $id)", _export, "export.link_made"),
    "revokeExport": ("revokeExport(id: $id)", _export, "export.revoked"),
    "setDisclosureLimits": (
        "setDisclosureLimits(hourly: 5, daily: 9, unusual: 7, rows: 10, stepUp: $stepUp)",
        _limits,
        "disclosure.limits_set",
    ),
}
