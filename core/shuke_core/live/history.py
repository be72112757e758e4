"""The tenant's history in PostgreSQL as live items: what the streams are a cache of."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

import orjson

from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import Row, fetch, fetch_across
from shuke_core.live.topics import Item, Topic, topics_of_types

CURSOR = "live.publisher"
MOST_POSITIONS = 20_000  # how far back a resume may reach; further back is a gap


@dataclass(frozen=True, slots=True)
class Unpublished:
    """What the streams lack next: the items of each topic after one position, up to another."""

    after: int
    upto: int
    items: dict[str, list[Item]]


async def _rows(after: int, upto: int, types: Collection[str]) -> list[Row]:
    return await fetch(
        "SELECT position, type, payload::text AS payload, recorded_at FROM event "
        "WHERE tenant_id = $1 AND position > $2 AND position <= $3 AND type = ANY ($4::text[]) "
        "ORDER BY position",
        *(after, upto, sorted(types)),
    )


def _item(topic: Topic, row: Row) -> Item:
    payload = row["payload"].encode()
    key = orjson.loads(payload).get(topic.key)
    return Item(row["position"], row["type"], key or "", payload, row["recorded_at"].isoformat())


async def head() -> int:
    """The last position that the tenant's relay has given."""
    rows = await fetch("SELECT position FROM relay WHERE tenant_id = $1")
    return rows[0]["position"] if rows else 0


async def heads(tenant_ids: Collection[UUID]) -> dict[UUID, int]:
    """The last position of each of these tenants; outside any one tenant."""
    rows = await fetch_across(
        "SELECT tenant_id, position FROM relay WHERE tenant_id = ANY ($1::uuid[])",
        list(tenant_ids),
    )
    return {row["tenant_id"]: row["position"] for row in rows}


async def unpublished(window: int) -> Unpublished:
    """The next `window` positions that the publisher has not come to.

    One that is far behind, or runs for the first time, begins near the head: whoever needs what
    lies before gets it from here.
    """
    rows = await fetch(
        "SELECT r.position AS head, c.position AS done FROM relay r LEFT JOIN reaction_cursor c "
        "ON c.tenant_id = r.tenant_id AND c.name = $2 WHERE r.tenant_id = $1",
        CURSOR,
    )
    if not rows:
        return Unpublished(0, 0, {})
    last: int = rows[0]["head"]
    after = max(rows[0]["done"] or 0, last - MOST_POSITIONS)
    upto = min(last, after + window)
    found: dict[str, list[Item]] = {}
    topics = topics_of_types()
    for row in await _rows(after, upto, topics.keys()):
        for topic in topics[row["type"]]:
            found.setdefault(topic.name, []).append(_item(topic, row))
    return Unpublished(after, upto, found)


async def mark_published(upto: int) -> None:
    """Moves the publisher's cursor ahead, never back."""
    await fetch(
        "INSERT INTO reaction_cursor AS c (tenant_id, id, name, position) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (tenant_id, name) DO UPDATE SET position = greatest(c.position, $4)",
        *(new_id(), CURSOR, upto),
    )


async def items_between(topic: Topic, after: int, upto: int) -> list[Item] | None:
    """The topic's items after one position, up to another; None where they can't all be had.

    Positions have no gaps, so counting them shows whether some were past their time and dropped.
    """
    if upto <= after:
        return []
    if upto - after > MOST_POSITIONS:
        return None
    counted = await fetch(
        "SELECT count(*) AS kept FROM event WHERE tenant_id = $1 AND position > $2 "
        "AND position <= $3",
        *(after, upto),
    )
    if counted[0]["kept"] != upto - after:
        return None
    return [_item(topic, row) for row in await _rows(after, upto, topic.types)]


async def rows_seen(topic: Topic, items: Collection[Item]) -> frozenset[Item]:
    """Those items of whose row the open unit sees; none of a topic that names no row."""
    if topic.row is None:
        return frozenset()
    table, named = topic.row
    ids = {item: UUID(item.facts[named]) for item in items}
    rows = await fetch(
        f'SELECT id FROM "{table}" WHERE tenant_id = $1 AND id = ANY ($2::uuid[])',
        list({*ids.values()}),
    )
    there = {row["id"] for row in rows}
    return frozenset(item for item, row_id in ids.items() if row_id in there)
