"""The checker: derives every balance, debt, lot and entry anew and names what does not agree."""

from dataclasses import dataclass
from uuid import UUID

from shuke_core.kit.transactions import fetch

_LIMIT = 100

_CHECKS = {
    "balance": """
        SELECT a.id, a.available::numeric AS stored, coalesce(sum(l.remaining), 0) AS derived
          FROM ledger_account a
          LEFT JOIN ledger_lot l ON l.tenant_id = a.tenant_id AND l.account_id = a.id
         WHERE a.tenant_id = $1 GROUP BY a.id, a.available
        HAVING a.available <> coalesce(sum(l.remaining), 0)""",
    "account": """
        SELECT a.id, (a.available - a.debt)::numeric AS stored, coalesce(sum(e.amount), 0) AS derived
          FROM ledger_account a
          LEFT JOIN ledger_entry e ON e.tenant_id = a.tenant_id AND e.account_id = a.id
         WHERE a.tenant_id = $1 GROUP BY a.id, a.available, a.debt
        HAVING a.available - a.debt <> coalesce(sum(e.amount), 0)""",
    "debt": """
        SELECT a.id, a.debt::numeric AS stored, coalesce(sum(e.debt_change), 0) AS derived
          FROM ledger_account a
          LEFT JOIN ledger_entry e ON e.tenant_id = a.tenant_id AND e.account_id = a.id
         WHERE a.tenant_id = $1 GROUP BY a.id, a.debt
        HAVING a.debt <> coalesce(sum(e.debt_change), 0)""",
    "lot": """
        SELECT l.id, l.remaining::numeric AS stored, l.amount - coalesce(sum(o.amount), 0) AS derived
          FROM ledger_lot l
          LEFT JOIN ledger_allocation o ON o.tenant_id = l.tenant_id AND o.lot_id = l.id
         WHERE l.tenant_id = $1 GROUP BY l.id, l.remaining, l.amount
        HAVING l.remaining <> l.amount - coalesce(sum(o.amount), 0)""",
    "entry": """
        SELECT e.id, e.amount::numeric AS stored,
               coalesce(l.opened, 0) - coalesce(o.taken, 0) - e.debt_change AS derived
          FROM ledger_entry e
          LEFT JOIN (SELECT entry_id, sum(amount) AS opened FROM ledger_lot
                      WHERE tenant_id = $1 GROUP BY entry_id) l ON l.entry_id = e.id
          LEFT JOIN (SELECT entry_id, sum(amount) AS taken FROM ledger_allocation
                      WHERE tenant_id = $1 GROUP BY entry_id) o ON o.entry_id = e.id
         WHERE e.tenant_id = $1
           AND e.amount <> coalesce(l.opened, 0) - coalesce(o.taken, 0) - e.debt_change""",
    "lot of another account": """
        SELECT o.id, 0::numeric AS stored, o.amount::numeric AS derived
          FROM ledger_allocation o
          JOIN ledger_lot l ON l.tenant_id = o.tenant_id AND l.id = o.lot_id
          JOIN ledger_entry e ON e.tenant_id = o.tenant_id AND e.id = o.entry_id
         WHERE o.tenant_id = $1 AND l.account_id <> e.account_id""",
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


async def verify_ledger() -> Verified:
    """Checks the current tenant's whole ledger; each check sees one moment of it."""
    await fetch("SELECT set_config('statement_timeout', '0', true) WHERE $1::uuid IS NOT NULL")
    counts = await fetch(
        "SELECT (SELECT count(*) FROM ledger_account WHERE tenant_id = $1) AS accounts, "
        "count(*) AS entries, coalesce(sum(amount) FILTER (WHERE kind = 'earn'), 0)::bigint "
        "AS issued FROM ledger_entry WHERE tenant_id = $1"
    )
    found: list[Difference] = []
    differences = 0
    for name, sql in _CHECKS.items():
        rows = await fetch(
            f"SELECT *, count(*) OVER () AS total FROM ({sql}) d ORDER BY d.id LIMIT {_LIMIT}"
        )
        differences += rows[0]["total"] if rows else 0
        found += [Difference(name, r["id"], int(r["stored"]), int(r["derived"])) for r in rows]
    return Verified(**counts[0], differences=differences, found=tuple(found))
