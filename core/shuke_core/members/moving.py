"""What somebody holds becomes another's: the one mechanism behind merges and visitors who turn out to be
members.

Tables, columns and verbs come from the declarations (`holdings`); nothing here knows a domain. Who
calls holds both members, with all that were merged into them.
"""

from uuid import UUID

from shuke_core.kit.transactions import fetch
from shuke_core.members.holdings import Holding, OnMerge, declared_holdings

ALIASES = "member"  # of the notes on who had been merged into the absorbed

_NOTED = (
    "INSERT INTO merge_move (tenant_id, id, merge_id, moved, row_id) "
    "SELECT $1, gen_random_uuid(), $4, $5, id FROM moved"
)
_ALIASES_TOO = (
    "UPDATE member a SET merged_into_id = s.id, advisor_id = s.advisor_id, store_id = s.store_id "
    "FROM member s WHERE a.tenant_id = $1 AND a.merged_into_id = $2 "
    "AND s.tenant_id = $1 AND s.id = $3 RETURNING a.id"
)


async def move_holdings(
    merge_id: UUID, survivor_id: UUID, absorbed_id: UUID, *, noted: bool
) -> None:
    """What the absorbed holds becomes the survivor's; whoever was merged into them names that one, and
    is seen by whoever sees that one.

    `noted` leaves a note for each row, in the statement that moves it: what an undo reads. What domains
    do of their own comes last: it finds the rows moved.
    """
    both = (absorbed_id, survivor_id)
    await _move(_ALIASES_TOO, both, merge_id, ALIASES, noted=noted)
    for holding in holdings_that(OnMerge.MOVES):
        await _move(_moving(holding), both, merge_id, holding.table, noted=noted)
    for holding in holdings_that(OnMerge.OWN):
        assert holding.merge is not None  # noqa: S101 (a holding of that kind has verbs)
        await holding.merge(merge_id, survivor_id, absorbed_id)


def holdings_that(kind: OnMerge) -> list[Holding]:
    """All that are declared of that kind."""
    return [each for each in declared_holdings().values() if each.on_merge is kind]


async def _move(
    moving: str, both: tuple[UUID, UUID], merge_id: UUID, table: str, *, noted: bool
) -> None:
    if noted:
        await fetch(f"WITH moved AS ({moving}) {_NOTED}", *both, merge_id, table)
    else:
        await fetch(moving, *both)


def _moving(holding: Holding) -> str:
    """$2 the absorbed, $3 the survivor. A row that is unique with the member, and that the survivor has
    as well, stays where it is."""
    table, member = holding.table, holding.member
    alone = ""
    if holding.once:
        same = " AND ".join(f"o.{column} = t.{column}" for column in holding.once)
        alone = (
            f" AND NOT EXISTS (SELECT FROM {table} o WHERE o.tenant_id = $1 "
            f"AND o.{member} = $3 AND {same})"
        )
    return (
        f"UPDATE {table} t SET {member} = $3 WHERE t.tenant_id = $1 "
        f"AND t.{member} = $2{alone} RETURNING t.id"
    )
