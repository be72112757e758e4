"""How an undo gives back what a merge moved (`members.moving`), and what there is to be moved.

Tables, columns and verbs come from the declarations; nothing here knows a domain.
"""

from contextlib import suppress
from uuid import UUID

import asyncpg

from shuke_core.kit.crypto import CannotOpen, Place, seal
from shuke_core.kit.transactions import Row, current_tenant, fetch
from shuke_core.members.holdings import Holding, OnMerge, declared_holdings
from shuke_core.members.moving import ALIASES, holdings_that
from shuke_core.merging.errors import MergeCannotBeUndone
from shuke_core.tenants.keyring import member_keys


async def give_back_holdings(merge_id: UUID, survivor_id: UUID, absorbed_id: UUID) -> None:
    """The absorbed, who is a member again, gets back what was moved and is still the survivor's.

    Raises MergeCannotBeUndone where a domain refuses, or an amount would fall below zero.
    """
    await fetch(
        "UPDATE member m SET merged_into_id = b.id, advisor_id = b.advisor_id, "
        "store_id = b.store_id FROM merge_move n, member b WHERE n.tenant_id = $1 "
        "AND n.merge_id = $2 AND n.moved = $5 AND m.tenant_id = $1 AND m.id = n.row_id "
        "AND m.merged_into_id = $3 AND b.tenant_id = $1 AND b.id = $4",
        *(merge_id, survivor_id, absorbed_id, ALIASES),
    )
    for holding in holdings_that(OnMerge.MOVES):
        rows = await fetch(_giving_back(holding), merge_id, survivor_id, absorbed_id, holding.table)
        await _seal_for(holding, rows, survivor_id, absorbed_id)
        while holding.came_by and rows:
            ids = [row["id"] for row in rows]
            rows = await fetch(_giving_along(holding), ids, survivor_id, absorbed_id)
            await _seal_for(holding, rows, survivor_id, absorbed_id)
    for holding in holdings_that(OnMerge.OWN):
        assert holding.unmerge is not None  # noqa: S101 (a holding of that kind has verbs)
        try:
            await holding.unmerge(merge_id, survivor_id, absorbed_id)
        except asyncpg.CheckViolationError:
            label = holding.label["en"]
            raise MergeCannotBeUndone(why=f"{label}: less is left than came") from None


async def count_holdings(member_id: UUID) -> dict[str, int]:
    """How many rows of each table the member holds, for a look before a merge."""
    tables = [each for each in declared_holdings().values() if each.on_merge is not OnMerge.STAYS]
    counts = ", ".join(
        f"(SELECT count(*) FROM {each.table} t WHERE t.tenant_id = $1 AND t.{each.member} = $2) "
        f'AS "{each.table}"'
        for each in tables
    )
    rows = await fetch(f"SELECT {counts} WHERE $1::uuid IS NOT NULL", member_id)
    return dict(rows[0])


def _giving_back(holding: Holding) -> str:
    """$2 the merge, $3 the survivor, $4 the absorbed, $5 the table; returns what is sealed."""
    table, member = holding.table, holding.member
    return (
        f"UPDATE {table} t SET {member} = $4 FROM merge_move n WHERE n.tenant_id = $1 "
        f"AND n.merge_id = $2 AND n.moved = $5 AND t.tenant_id = $1 AND t.id = n.row_id "
        f"AND t.{member} = $3 RETURNING {_sealed(holding)}"
    )


def _giving_along(holding: Holding) -> str:
    """What the survivor has that came by rows, $2, which are no longer theirs, $3, but $4's."""
    table, member = holding.table, holding.member
    return (
        f"UPDATE {table} t SET {member} = $4 WHERE t.tenant_id = $1 AND t.{member} = $3 "
        f"AND t.{holding.came_by} = ANY ($2::uuid[]) RETURNING {_sealed(holding)}"
    )


def _sealed(holding: Holding) -> str:
    return ", ".join(("t.id", *(f"t.{column}" for column in holding.opens.values())))


async def _seal_for(
    holding: Holding, rows: list[Row], survivor_id: UUID, absorbed_id: UUID
) -> None:
    """Seals under the absorbed's key what was sealed under the survivor's while it was theirs."""
    if not rows or not holding.opens:
        return
    keys = await member_keys({survivor_id, absorbed_id})
    theirs, others = keys[absorbed_id], keys[survivor_id]
    for column in holding.opens.values():
        again: dict[UUID, bytes] = {}
        for row in rows:
            if row[column] is None:
                continue
            place = Place(current_tenant(), holding.table, row["id"], column)
            with suppress(CannotOpen):
                theirs.open(row[column], place)
                continue
            again[row["id"]] = seal(theirs.own, others.open(row[column], place), place)
        if again:
            await fetch(
                f"UPDATE {holding.table} t SET {column} = s.sealed "
                "FROM unnest($2::uuid[], $3::bytea[]) AS s(id, sealed) "
                "WHERE t.tenant_id = $1 AND t.id = s.id",
                *(list(again), list(again.values())),
            )
