"""Reads of events."""

from shuke_core.events.reactions import running_reactions
from shuke_core.kit.transactions import fetch


async def events_behind() -> int:
    """How many of the tenant's events still have something to happen to them.

    Without a position, parked, or before the cursor of the reaction that is furthest behind.
    """
    rows = await fetch(
        """
        SELECT (SELECT count(*) FROM event WHERE tenant_id = $1 AND position IS NULL)
             + (SELECT count(*) FROM parked_event
                WHERE tenant_id = $1 AND state = 'parked' AND due_at < 'infinity')
             + coalesce((SELECT max(l.position - coalesce(c.position, 0))
                           FROM relay l CROSS JOIN unnest($2::text[]) AS r(name)
                           LEFT JOIN reaction_cursor c
                             ON c.tenant_id = l.tenant_id AND c.name = r.name
                          WHERE l.tenant_id = $1), 0) AS behind
        """,
        [reaction.name for reaction in await running_reactions()],
    )
    return int(rows[0]["behind"])
