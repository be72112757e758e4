"""Lock-out: tries at one person's credentials, counted in the database before they are looked at.

A stranger who guesses locks strangers out, never the person: a source that they signed in from
within thirty days is counted by itself. Locks grow from one minute to an hour and no further.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from shuke_core.audit.services import record
from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch

MOST_FAILURES = 10
WINDOW = timedelta(minutes=15)
LOCKS = tuple(timedelta(minutes=each) for each in (1, 5, 15, 60))
FORGOTTEN = timedelta(days=1)
# Places. Each kind of secret has its own: who knows the password must not, by saying it, get new tries
# at the codes.
STRANGERS = b""
PASSWORD_INSIDE = b"password"
CODES_INSIDE = b"codes"
CODES_OUTSIDE = b"codes of "  # and the source, if the person is known there


@dataclass(frozen=True, slots=True)
class Try:
    """One try that has been counted. It holds the lock of its row until the unit ends: those at
    the same person from the same place come one after another."""

    staff_id: UUID
    place: bytes
    failures: int
    locks: int
    until: datetime | None

    @property
    def is_locked(self) -> bool:
        """Whether it can't succeed, whatever is said."""
        return self.until is not None


async def take_try(staff_id: UUID | None, place: bytes) -> Try:
    """Counts a try as failed, before it is known how it comes out; `succeeded` takes it back.

    For nobody (None) the same statement runs, finds nothing and writes as much to the log of the
    database: else its commit, which has nothing to wait for, would tell who works here.
    """
    now, nobody = clock.now(), staff_id or new_id()
    rows = await fetch(
        "WITH made AS (INSERT INTO credential_lock AS l "
        "(tenant_id, id, staff_id, place, failures, since, locks) "
        "SELECT $1, $2, s.id, $4, 1, $5::timestamptz, 0 FROM staff s "
        "WHERE s.tenant_id = $1 AND s.id = $3 "
        "ON CONFLICT (tenant_id, staff_id, place) DO UPDATE SET "
        "failures = CASE WHEN l.since < $6 OR l.until <= $5 THEN 1 ELSE l.failures + 1 END, "
        "since = CASE WHEN l.since < $6 OR l.until <= $5 THEN $5 ELSE l.since END, "
        "locks = CASE WHEN l.since < $7 THEN 0 ELSE l.locks END, "
        "until = CASE WHEN l.until <= $5 THEN NULL ELSE l.until END "
        "RETURNING l.failures, l.locks, l.until) "
        "SELECT m.failures, m.locks, m.until, CASE WHEN m.failures IS NULL "
        "THEN pg_logical_emit_message(true, 'shuke.nobody', repeat('x', 100)) END AS written "
        "FROM (SELECT) AS one LEFT JOIN made m ON true",
        *(new_id(), nobody, place, now, now - WINDOW, now - FORGOTTEN),
    )
    row = rows[0]
    return Try(nobody, place, row["failures"] or 0, row["locks"] or 0, row["until"])


async def succeeded(made: Try) -> None:
    """It was the person: what had been counted is forgotten."""
    await fetch(
        "UPDATE credential_lock SET failures = 0, locks = 0, until = NULL "
        "WHERE tenant_id = $1 AND staff_id = $2 AND place = $3",
        *(made.staff_id, made.place),
    )


async def failed(made: Try) -> None:
    """It was not, or can't be told. The tenth failure within a quarter of an hour locks."""
    if made.is_locked or made.failures < MOST_FAILURES:
        return
    life = LOCKS[min(made.locks, len(LOCKS) - 1)]
    await fetch(
        "UPDATE credential_lock SET locks = locks + 1, until = $4 "
        "WHERE tenant_id = $1 AND staff_id = $2 AND place = $3",
        *(made.staff_id, made.place, clock.now() + life),
    )
    minutes = int(life.total_seconds()) // 60
    await record("staff.locked", f"staff:{made.staff_id}", changes={"minutes": (None, minutes)})


async def unlock(staff_id: UUID) -> bool:
    """Forgets all tries at somebody's credentials; says whether they were locked anywhere."""
    rows = await fetch(
        "UPDATE credential_lock SET failures = 0, locks = 0, until = NULL "
        "WHERE tenant_id = $1 AND staff_id = $2 RETURNING id",
        staff_id,
    )
    return bool(rows)
