"""Probes of alerts, asked with the handles of another tenant."""

from collections.abc import Awaitable, Callable

from tests.support.full_tenants import Handles
from tests.support.reading import columns_of

from shuke_core.alerts.queries import alert_of_id
from shuke_core.alerts.services import acknowledge_alert, resolve_alert
from shuke_core.kit.transactions import fetch_one


async def _acknowledge(h: Handles) -> object:
    row = await fetch_one("SELECT id FROM staff WHERE tenant_id = $1 AND role = 'admin' LIMIT 1")
    assert row is not None
    await acknowledge_alert(h.alert_id, row["id"], "admin")
    return "acknowledged"


async def _resolve(h: Handles) -> object:
    return await resolve_alert(f"probe:{h.form.removeprefix('f_')}")


ALERTED: dict[str, Callable[[Handles], Awaitable[object]]] = {
    "acknowledge_alert": _acknowledge,
    "resolve_alert": _resolve,
    "alert_of_id": lambda h: columns_of(alert_of_id(h.alert_id), "subject"),
}
