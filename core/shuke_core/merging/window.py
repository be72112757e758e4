"""How long a merge can be undone: the tenant says, within bounds."""

from shuke_core.audit.services import record
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch, fetch_one
from shuke_core.merging.errors import MergeWindowInvalid

DAYS = 30
# Shorter than a day nobody notices in time. Beyond half a year so much has been written for the one
# that what is given back fits neither.
LEAST_DAYS, MOST_DAYS = 1, 180


async def undo_days() -> int:
    """For how many days a merge that is made now can be undone."""
    row = await fetch_one("SELECT undo_days FROM merge_settings WHERE tenant_id = $1")
    return row["undo_days"] if row else DAYS


async def set_undo_days(days: int) -> None:
    """Sets it for the merges from now on; those there were keep their end. Raises MergeWindowInvalid."""
    if not LEAST_DAYS <= days <= MOST_DAYS:
        raise MergeWindowInvalid(least=LEAST_DAYS, most=MOST_DAYS)
    before = await undo_days()
    await fetch(
        "INSERT INTO merge_settings (tenant_id, id, undo_days) VALUES ($1, $2, $3) "
        "ON CONFLICT (tenant_id) DO UPDATE SET undo_days = excluded.undo_days",
        *(new_id(), days),
    )
    await record("merging.window_set", "merging:window", changes={"undo_days": (before, days)})
