"""Reminders: each is given once, when its time has come; who left an inquiry untouched loses it.

A reminder is locked by its task: whoever ends or hands over a task has it to themselves, and so
has this drain. Given and recorded is one commit, so a worker that dies has given nothing.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from shuke_core.alerts.kinds import AlertKind, Severity, declare_alert
from shuke_core.alerts.services import raise_alert
from shuke_core.kit import clock
from shuke_core.kit.faults import PASSING
from shuke_core.kit.transactions import Row, fetch, in_unit_of_work, savepoint
from shuke_core.tasks.rules import DUE, given_of
from shuke_core.tasks.services import alert_key, escalate
from shuke_core.tasks.steps import Held, lock_tasks, tell
from shuke_core.worker.drains import Drain, due_tenants

TOPIC = "reminders"
BATCH = 50
ATTEMPTS = 5
_PAUSE = timedelta(seconds=30)

OVERDUE = declare_alert(
    AlertKind(
        "inquiry.overdue",
        {"zh": "咨询超时未跟进", "en": "An inquiry is overdue and nobody has touched it"},
        Severity.CRITICAL,
    )
)

log = logging.getLogger("shuke.tasks")


async def _due() -> list[UUID]:
    return await due_tenants("task_reminder", "q.state = 'waiting' AND q.due_at <= $1", clock.now())


async def give_reminders(tenant_id: UUID) -> bool:
    """Gives the due reminders of up to fifty tasks; says whether there were any."""
    return await in_unit_of_work(tenant_id, _step) > 0


async def _step() -> int:
    now = clock.now()
    tasks = await lock_tasks(
        "id IN (SELECT r.task_id FROM task_reminder r WHERE r.tenant_id = $1 "
        f"AND r.state = 'waiting' AND r.due_at <= $2 ORDER BY r.due_at LIMIT {BATCH})",
        now,
        skip_locked=True,
    )
    rows = await fetch(
        "SELECT id, task_id, kind FROM task_reminder WHERE tenant_id = $1 AND state = 'waiting' "
        "AND task_id = ANY ($2::uuid[]) AND due_at <= $3 ORDER BY slot_at, kind",
        *([task.id for task in tasks], now),
    )
    for task in tasks:
        await _give_or_put_off(task, [row for row in rows if row["task_id"] == task.id])
    return len(rows)


async def _give_or_put_off(task: Held, reminders: Sequence[Row]) -> None:
    """One task whose reminders fail does not keep the others from theirs."""
    try:
        async with savepoint():
            await _give(task, reminders)
    except PASSING:
        raise
    except Exception:
        log.exception("a reminder failed", extra={"task": str(task.id)})
        await fetch(
            "UPDATE task_reminder SET attempt = attempt + 1, due_at = $3, "
            f"state = CASE WHEN attempt + 1 >= {ATTEMPTS} THEN 'dead' ELSE state END "
            "WHERE tenant_id = $1 AND id = ANY ($2::uuid[])",
            *([row["id"] for row in reminders], clock.now() + _PAUSE),
        )


async def _give(task: Held, reminders: Sequence[Row]) -> None:
    given, _ = given_of([row["kind"] for row in reminders])
    await fetch(
        "UPDATE task_reminder SET state = CASE WHEN kind = ANY ($3::text[]) THEN 'given' "
        "ELSE 'missed' END WHERE tenant_id = $1 AND id = ANY ($2::uuid[])",
        *([row["id"] for row in reminders], given),
    )
    for kind in given:
        if kind == DUE and task.source == "interaction" and not task.is_touched:
            await _escalate(task)
        else:
            tell(task.id, "due" if kind == DUE else "reminded", task.holder)


async def _escalate(task: Held) -> None:
    role = await escalate(task)
    await raise_alert(
        OVERDUE, alert_key(task.id), f"task:{task.id}", role, member_id=task.member_id
    )


REMINDER_DRAIN = Drain(TOPIC, _due, give_reminders)
