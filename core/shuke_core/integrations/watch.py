"""Watches over integrations: a quarantine that grows is an alert, until it is worked off."""

from collections.abc import Collection
from uuid import UUID

from shuke_core.alerts.kinds import AlertKind, declare_alert
from shuke_core.alerts.services import raise_alert, resolve_alert
from shuke_core.kit.transactions import fetch
from shuke_core.staff.addressees import Addressee

MANY = 50  # waiting tickets of one integration: more than somebody mends on the side
_WATCHERS = Addressee(role="operator")

QUARANTINE_GROWS = declare_alert(
    AlertKind(
        "integration.quarantine",
        {"zh": "对接隔离区单据过多", "en": "Many tickets of an integration wait in quarantine"},
    )
)


async def watch_quarantine(integration_ids: Collection[UUID]) -> None:
    """Raises the alert of each integration with fifty waiting tickets; resolves it below that."""
    rows = await fetch(
        "SELECT i.id, i.key, (SELECT count(*) FROM (SELECT FROM quarantined_ticket q "
        "WHERE q.tenant_id = $1 AND q.integration_id = i.id AND q.state = 'open' "
        f"LIMIT {MANY}) AS open_ones) AS waiting FROM integration i "
        "WHERE i.tenant_id = $1 AND i.id = ANY ($2::uuid[]) ORDER BY i.id",
        list(integration_ids),
    )
    for row in rows:
        key = f"{QUARANTINE_GROWS.key}:{row['id']}"
        if row["waiting"] >= MANY:
            await raise_alert(QUARANTINE_GROWS, key, f"integration:{row['key']}", _WATCHERS)
        else:
            await resolve_alert(key)
