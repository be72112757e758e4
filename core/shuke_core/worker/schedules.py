"""Schedules: each slot of each tenant's schedule is done exactly once; missed slots are recorded.

The due slot is a row, the clock that decides is the database's. The run and its record commit
together with the work. A worker that died leaves a lease that ends by itself. When several slots
have passed, the latest is done, and the earlier ones are recorded as missed: schedules are
written so that one run makes up for all that was left.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

from shuke_core.kit.faults import PASSING
from shuke_core.kit.ids import new_id
from shuke_core.kit.masking import reason_of
from shuke_core.kit.transactions import (
    Row,
    directory_work,
    fetch,
    fetch_across,
    in_unit_of_work,
    unit_of_work,
)
from shuke_core.plugins.queries import enabled_plugins
from shuke_core.worker.drains import Drain, due_tenants
from shuke_core.worker.leases import Lease, Leased, leasing

SCHEDULES = "schedules"
ATTEMPTS = 5
LEASED = Leased("schedule", waiting="waiting")

log = logging.getLogger("shuke.worker")


@dataclass(frozen=True, slots=True)
class Schedule:
    """`hour`:`minute` of every day in the tenant's zone.

    `run` does one bounded step in a unit of its own and says whether more is left of the slot;
    the slot is recorded as done together with its last step.
    """

    name: str
    hour: int
    minute: int
    run: Callable[[], Awaitable[bool]]
    plugin: str | None = None

    def slot_after(self, moment: datetime, zone: ZoneInfo) -> datetime:
        """The first slot later than `moment`. Zones decide what a day is, also across DST."""
        local = moment.astimezone(zone)
        slot = local.replace(hour=self.hour, minute=self.minute, second=0, microsecond=0)
        while slot.timestamp() <= moment.timestamp():
            slot = (slot + timedelta(days=1)).replace(hour=self.hour, minute=self.minute)
        return slot

    def slots_until(self, first: datetime, now: datetime, zone: ZoneInfo) -> list[datetime]:
        """Every slot from `first` to `now`, oldest first."""
        slots = []
        while first <= now:
            slots.append(first)
            first = self.slot_after(first, zone)
        return slots


_registered: dict[str, Schedule] = {}


def register_schedule(schedule: Schedule) -> Schedule:
    """Makes the worker run the schedule for every tenant; the name is stable for ever."""
    if schedule.name in _registered:
        raise ValueError(f"two schedules are named {schedule.name!r}")
    _registered[schedule.name] = schedule
    return schedule


def forget_schedules(plugin: str) -> None:
    """Takes a plugin's schedules away again."""
    for name in [name for name, s in _registered.items() if s.plugin == plugin]:
        del _registered[name]


async def _running() -> list[Schedule]:
    """The schedules that run for the current tenant: a plugin's only while it is on."""
    on = await enabled_plugins()
    return [s for s in _registered.values() if s.plugin is None or s.plugin in on]


async def _zone() -> ZoneInfo:
    rows = await fetch("SELECT zone FROM tenant WHERE id = $1")
    return ZoneInfo(rows[0]["zone"])


async def _now() -> datetime:
    now: datetime = (await fetch("SELECT now() AS now, $1::uuid AS tenant"))[0]["now"]
    return now


async def enrol_tenant() -> int:
    """Gives the current tenant a row for every schedule it lacks; returns how many were new."""
    zone, now = await _zone(), await _now()
    added = 0
    for schedule in await _running():
        slot = schedule.slot_after(now, zone)
        rows = await fetch(
            "INSERT INTO schedule (tenant_id, id, name, slot_at, state, attempt, due_at) "
            "VALUES ($1, $2, $3, $4, 'waiting', 0, $4) "
            "ON CONFLICT (tenant_id, name) DO NOTHING RETURNING id",
            *(new_id(), schedule.name, slot),
        )
        added += len(rows)
    return added


async def enrol_all_tenants() -> int:
    """Enrols every active tenant; returns how many schedules were new."""
    async with directory_work():
        rows = await fetch_across("SELECT id FROM tenant WHERE state = 'active'")
    added = 0
    for row in rows:
        try:
            async with unit_of_work(row["id"]):
                added += await enrol_tenant()
        except PASSING:
            raise
        except Exception:
            log.exception("a tenant can't be enrolled", extra={"tenant": row["id"]})
    return added


async def _due() -> list[UUID]:
    return await due_tenants(
        "schedule",
        "q.state = 'waiting' AND q.due_at <= now() AND q.name = ANY ($1::text[])",
        list(_registered),
    )


async def _claim(lease: Lease) -> list[Row]:
    return await lease.claim(
        """
        SELECT s.id FROM schedule s
         WHERE s.tenant_id = $1 AND s.state = 'waiting' AND s.due_at <= now()
           AND s.name = ANY ($4::text[]) ORDER BY s.due_at FOR UPDATE SKIP LOCKED
        """,
        [schedule.name for schedule in await _running()],
        returning="q.id, q.name, q.slot_at",
    )


async def _record(name: str, slot: datetime, outcome: str, detail: str) -> bool:
    rows = await fetch(
        "INSERT INTO schedule_run (tenant_id, id, name, slot_at, outcome, done_at, detail) "
        "VALUES ($1, $2, $3, $4, $5, now(), $6) "
        "ON CONFLICT (tenant_id, name, slot_at) DO NOTHING RETURNING id",
        *(new_id(), name, slot, outcome, detail[:500]),
    )
    return bool(rows)


async def _is_done(name: str, slot: datetime) -> bool:
    return bool(
        await fetch(
            "SELECT id FROM schedule_run WHERE tenant_id = $1 AND name = $2 AND slot_at = $3",
            *(name, slot),
        )
    )


async def _do(lease: Lease, claimed: Row, outcome: str = "done", reason: str = "") -> None:
    """Does the claimed slot, or gives it up with a reason, and sets the next one."""
    schedule = _registered[claimed["name"]]
    if not await lease.holds([claimed["id"]]):
        return
    zone, now = await _zone(), await _now()
    *missed, slot = schedule.slots_until(claimed["slot_at"], now, zone)
    for earlier in missed:
        await _record(schedule.name, earlier, "missed", f"made up for by {slot.isoformat()}")
    # A slot with a record has had its effect: the row was set back, from a backup or by hand.
    if outcome == "done" and not await _is_done(schedule.name, slot) and await schedule.run():
        await fetch(
            "UPDATE schedule SET due_at = now(), attempt = 0, lease = NULL "
            "WHERE tenant_id = $1 AND id = $2",
            claimed["id"],
        )
        return
    await _record(schedule.name, slot, outcome, reason)
    await fetch(
        "UPDATE schedule SET slot_at = $3, due_at = $3, attempt = 0, lease = NULL "
        "WHERE tenant_id = $1 AND id = $2",
        *(claimed["id"], schedule.slot_after(now, zone)),
    )


async def _count_failure(lease: Lease, claimed: Row) -> int:
    """The lease stays, so that the next attempt comes when it has run out."""
    rows = await fetch(
        "UPDATE schedule SET attempt = attempt + 1 WHERE tenant_id = $1 AND id = $2 "
        "AND lease = $3 RETURNING attempt",
        *(claimed["id"], lease.id),
    )
    return rows[0]["attempt"] if rows else 0


async def run_schedules(tenant_id: UUID) -> bool:
    """Does the tenant's due slots, each in a unit of its own; says whether there were any."""
    async with leasing(LEASED, tenant_id) as lease:
        async with unit_of_work(tenant_id):
            claimed = await _claim(lease)
        for row in claimed:
            try:
                await in_unit_of_work(tenant_id, partial(_do, lease, row))
            except PASSING:
                raise
            except Exception as failure:
                log.exception("a schedule failed", extra={"schedule": row["name"]})
                async with unit_of_work(tenant_id):
                    if await _count_failure(lease, row) >= ATTEMPTS:
                        await _do(lease, row, "failed", reason_of(failure))
    return bool(claimed)


SCHEDULE_DRAIN = Drain(SCHEDULES, _due, run_schedules)
