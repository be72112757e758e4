"""The checker: derives every balance, debt, lot and entry anew and names what does not agree."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import randint
from uuid import UUID

from shuke_core.kit.transactions import fetch

_LIMIT = 100
_OF = re.compile(r"\{of:([a-z_.]+)\}")
_ENTRIES_OF = re.compile(r"\{entries of:([a-z_.]+)\}")

_CHECKS = {
    "balance": """
        SELECT a.id, a.available::numeric AS stored, coalesce(sum(l.remaining), 0) AS derived
          FROM ledger_account a
          LEFT JOIN ledger_lot l ON l.tenant_id = a.tenant_id AND l.account_id = a.id
         WHERE a.tenant_id = $1 {of:a.id} GROUP BY a.id, a.available
        HAVING a.available <> coalesce(sum(l.remaining), 0)""",
    "account": """
        SELECT a.id, (a.available - a.debt)::numeric AS stored, coalesce(sum(e.amount), 0) AS derived
          FROM ledger_account a
          LEFT JOIN ledger_entry e ON e.tenant_id = a.tenant_id AND e.account_id = a.id
         WHERE a.tenant_id = $1 {of:a.id} GROUP BY a.id, a.available, a.debt
        HAVING a.available - a.debt <> coalesce(sum(e.amount), 0)""",
    "debt": """
        SELECT a.id, a.debt::numeric AS stored, coalesce(sum(e.debt_change), 0) AS derived
          FROM ledger_account a
          LEFT JOIN ledger_entry e ON e.tenant_id = a.tenant_id AND e.account_id = a.id
         WHERE a.tenant_id = $1 {of:a.id} GROUP BY a.id, a.debt
        HAVING a.debt <> coalesce(sum(e.debt_change), 0)""",
    "lot": """
        SELECT l.id, l.remaining::numeric AS stored, l.amount - coalesce(sum(o.amount), 0) AS derived
          FROM ledger_lot l
          LEFT JOIN ledger_allocation o ON o.tenant_id = l.tenant_id AND o.lot_id = l.id
         WHERE l.tenant_id = $1 {of:l.account_id} GROUP BY l.id, l.remaining, l.amount
        HAVING l.remaining <> l.amount - coalesce(sum(o.amount), 0)""",
    "entry": """
        SELECT e.id, e.amount::numeric AS stored,
               coalesce(l.opened, 0) - coalesce(o.taken, 0) - e.debt_change AS derived
          FROM ledger_entry e
          LEFT JOIN (SELECT entry_id, sum(amount) AS opened FROM ledger_lot
                      WHERE tenant_id = $1 {of:account_id} GROUP BY entry_id) l ON l.entry_id = e.id
          LEFT JOIN (SELECT entry_id, sum(amount) AS taken FROM ledger_allocation
                      WHERE tenant_id = $1 {entries of:entry_id} GROUP BY entry_id) o ON o.entry_id = e.id
         WHERE e.tenant_id = $1 {of:e.account_id}
           AND e.amount <> coalesce(l.opened, 0) - coalesce(o.taken, 0) - e.debt_change""",
    "lot of another account": """
        SELECT o.id, 0::numeric AS stored, o.amount::numeric AS derived
          FROM ledger_allocation o
          JOIN ledger_lot l ON l.tenant_id = o.tenant_id AND l.id = o.lot_id
          JOIN ledger_entry e ON e.tenant_id = o.tenant_id AND e.id = o.entry_id
         WHERE o.tenant_id = $1 {of:e.account_id} AND l.account_id <> e.account_id""",
    "merged account": """
        SELECT a.id, (a.available + a.debt)::numeric AS stored, 0::numeric AS derived
          FROM ledger_account a
          JOIN member m ON m.tenant_id = a.tenant_id AND m.id = a.member_id
         WHERE a.tenant_id = $1 {of:a.id} AND m.state = 'merged' AND (a.available > 0 OR a.debt > 0)""",
    "what came by a merge": """
        SELECT i.id, i.amount::numeric AS stored, -coalesce(sum(o.amount), 0) AS derived
          FROM ledger_entry i
          JOIN ledger_account a ON a.tenant_id = i.tenant_id AND a.id = i.account_id
          LEFT JOIN (SELECT e.amount, e.cause_type, e.cause_id, b.asset FROM ledger_entry e
                       JOIN ledger_account b ON b.tenant_id = e.tenant_id AND b.id = e.account_id
                      WHERE e.tenant_id = $1 AND e.kind = 'merge_out') o
                 ON o.cause_type = i.cause_type AND o.cause_id = i.cause_id AND o.asset = a.asset
         WHERE i.tenant_id = $1 {of:i.account_id} AND i.kind = 'merge_in' GROUP BY i.id, i.amount
        HAVING i.amount <> -coalesce(sum(o.amount), 0)""",
    "lot of another expiry": """
        SELECT l.id, 0::numeric AS stored, l.amount::numeric AS derived
          FROM ledger_lot l
          LEFT JOIN ledger_lot o ON o.tenant_id = l.tenant_id AND o.id = l.origin_lot_id
         WHERE l.tenant_id = $1 {of:l.account_id} AND l.origin_lot_id IS NOT NULL
           AND (o.id IS NULL OR o.origin_lot_id IS NOT NULL OR o.opens_at <> l.opens_at
                OR o.expires_at IS DISTINCT FROM l.expires_at)""",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One disagreement: which check, which row, what is stored and what follows from the rest."""

    check: str
    row_id: UUID
    stored: int
    derived: int


@dataclass(frozen=True, slots=True)
class Verified:
    """What was looked at and what was found; `found` lists up to a hundred differences a check."""

    accounts: int
    entries: int
    issued: int
    differences: int
    found: tuple[Difference, ...]


async def some_accounts(most: int) -> list[UUID]:
    """Accounts from a random place of the tenant's on, for a sample."""
    rows = await fetch(
        "(SELECT id FROM ledger_account WHERE tenant_id = $1 AND id >= $2 ORDER BY id LIMIT $3) "
        "UNION (SELECT id FROM ledger_account WHERE tenant_id = $1 ORDER BY id DESC LIMIT $3) "
        "LIMIT $3",
        *(await _somewhere(), most),
    )
    return [row["id"] for row in rows]


async def _somewhere() -> UUID:
    """An id between the first account's and the last one's: they grow with time."""
    rows = await fetch(
        "SELECT (SELECT id FROM ledger_account WHERE tenant_id = $1 ORDER BY id LIMIT 1) AS first, "
        "(SELECT id FROM ledger_account WHERE tenant_id = $1 ORDER BY id DESC LIMIT 1) AS last"
    )
    first, last = rows[0]["first"], rows[0]["last"]
    return UUID(int=randint(first.int, last.int)) if first else UUID(int=0)  # noqa: S311 (a sample)


async def verify_ledger(accounts: Sequence[UUID] | None = None) -> Verified:
    """Checks the current tenant's whole ledger, or these accounts of it; each check sees one
    moment of it."""
    whole = accounts is None
    if whole:
        await fetch("SELECT set_config('statement_timeout', '0', true) WHERE $1::uuid IS NOT NULL")
    values = () if whole else (list(accounts or ()),)
    counts = await fetch(
        _narrowed(
            "SELECT (SELECT count(*) FROM ledger_account a WHERE a.tenant_id = $1 {of:a.id}) "
            "AS accounts, count(*) AS entries, coalesce(sum(amount) FILTER (WHERE kind = 'earn'), "
            "0)::bigint AS issued FROM ledger_entry e WHERE e.tenant_id = $1 {of:e.account_id}",
            whole=whole,
        ),
        *values,
    )
    found: list[Difference] = []
    differences = 0
    for name, check in _CHECKS.items():
        sql = _narrowed(check, whole=whole)
        rows = await fetch(
            f"SELECT *, count(*) OVER () AS total FROM ({sql}) d ORDER BY d.id LIMIT {_LIMIT}",
            *values,
        )
        differences += rows[0]["total"] if rows else 0
        found += [Difference(name, r["id"], int(r["stored"]), int(r["derived"])) for r in rows]
    return Verified(**counts[0], differences=differences, found=tuple(found))


def _narrowed(sql: str, *, whole: bool) -> str:
    """`{of:column}` becomes the condition that the row belongs to the accounts asked for."""
    sql = _OF.sub("" if whole else r"AND \1 = ANY ($2::uuid[])", sql)
    entries = (
        r"AND \1 IN (SELECT id FROM ledger_entry WHERE tenant_id = $1 "
        "AND account_id = ANY ($2::uuid[]))"
    )
    return _ENTRIES_OF.sub("" if whole else entries, sql)
