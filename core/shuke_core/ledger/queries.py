"""Reads of the ledger: balance, lots that expire soon, the latest entries, what a cause earned."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shuke_core.kit import clock
from shuke_core.kit.transactions import fetch, fetch_one
from shuke_core.ledger.services import POINTS


@dataclass(frozen=True, slots=True)
class Balance:
    """What a member can spend now, and what they owe. No account yet means zero."""

    account_id: UUID | None
    available: int
    debt: int


@dataclass(frozen=True, slots=True)
class ExpiringLot:
    """Points that lapse together at `expires_at`."""

    id: UUID
    remaining: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One movement as a member sees it."""

    id: UUID
    kind: str
    amount: int
    happened_at: datetime


@dataclass(frozen=True, slots=True)
class Earned:
    """What a cause earned, and what was taken back of it so far by causes of its own."""

    entry_id: UUID
    account_id: UUID
    cause_id: UUID
    amount: int
    rule_id: UUID | None


async def balance_of(member_id: UUID, asset: str = POINTS) -> Balance:
    """The member's balance: just what a spend may take now.

    Lots whose time has passed do not count, even before the nightly run; nor do lots that open later
    (a till whose clock is ahead).
    """
    row = await fetch_one(
        """
        SELECT a.id, a.debt, a.available - coalesce((
                   SELECT sum(l.remaining) FROM ledger_lot l
                    WHERE l.tenant_id = $1 AND l.account_id = a.id AND l.remaining > 0
                      AND (l.expires_at <= $4 OR l.opens_at > $4)), 0)::bigint AS available
          FROM ledger_account a
         WHERE a.tenant_id = $1 AND a.member_id = $2 AND a.asset = $3
        """,
        *(member_id, asset, clock.now()),
    )
    return Balance(row["id"], row["available"], row["debt"]) if row else Balance(None, 0, 0)


async def lots_expiring(account_id: UUID, until: datetime, limit: int = 50) -> list[ExpiringLot]:
    """Open lots that lapse before `until`, soonest first."""
    rows = await fetch(
        "SELECT id, remaining, expires_at FROM ledger_lot WHERE tenant_id = $1 "
        "AND account_id = $2 AND remaining > 0 AND expires_at > $3 AND expires_at <= $4 "
        "ORDER BY expires_at, id LIMIT $5",
        *(account_id, clock.now(), until, limit),
    )
    return [ExpiringLot(**row) for row in rows]


async def entries_before(
    account_id: UUID, before: tuple[datetime, UUID] | None, limit: int
) -> list[EntryRow]:
    """The account's entries, newest first, that come after the cursor `before` in that order."""
    at, entry_id = before or (None, None)
    rows = await fetch(
        "SELECT id, kind, amount, happened_at FROM ledger_entry "
        "WHERE tenant_id = $1 AND account_id = $2 "
        "AND ($3::timestamptz IS NULL OR (happened_at, id) < ($3, $4::uuid)) "
        "ORDER BY happened_at DESC, id DESC LIMIT $5",
        *(account_id, at, entry_id, limit),
    )
    return [EntryRow(**row) for row in rows]


async def earned_by(
    cause_type: str, cause_ids: Sequence[UUID], asset: str = POINTS
) -> dict[UUID, Earned]:
    """For each cause that earned something of the asset: its entry, account, amount and rule."""
    rows = await fetch(
        "SELECT e.id AS entry_id, e.account_id, e.cause_id, e.amount, e.rule_id "
        "FROM ledger_entry e JOIN ledger_account a ON a.tenant_id = e.tenant_id "
        "AND a.id = e.account_id WHERE e.tenant_id = $1 AND e.cause_type = $2 "
        "AND e.cause_id = ANY ($3::uuid[]) AND e.kind = 'earn' AND a.asset = $4",
        *(cause_type, list(cause_ids), asset),
    )
    return {row["cause_id"]: Earned(**row) for row in rows}
