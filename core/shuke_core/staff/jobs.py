"""What the worker does for staff: forget tokens, codes and step-ups long past their end."""

from datetime import timedelta

from shuke_core.kit import clock
from shuke_core.kit.transactions import fetch
from shuke_core.worker.schedules import Schedule, register_schedule

_KEPT = timedelta(days=31)  # a day longer than a source is known by its sessions
_A_STEP = 1000


async def forget_expired() -> bool:
    """Deletes them, a thousand a table and step; says whether more may be left."""
    more = False
    for table in ("staff_token", "staff_code", "step_up"):
        rows = await fetch(
            f"DELETE FROM {table} WHERE tenant_id = $1 AND id IN (SELECT id FROM {table} "
            f"WHERE tenant_id = $1 AND expires_at < $2 LIMIT {_A_STEP}) RETURNING id",
            clock.now() - _KEPT,
        )
        more = more or len(rows) == _A_STEP
    return more


register_schedule(Schedule("staff.forget_expired", hour=3, minute=50, run=forget_expired))
