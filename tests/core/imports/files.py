"""What is kept of imports, as tests look at it."""

from uuid import UUID

from tests.support.shop import Shop


async def counts_of(shop: Shop, import_id: UUID) -> tuple[object, ...]:
    """State, rows, and of them entered, changed, same, refused."""
    (row,) = await shop.rows(
        "SELECT state, rows, entered, changed, same, refused FROM file_import "
        "WHERE tenant_id = $1 AND id = $2",
        import_id,
    )
    return tuple(row.values())


async def refused_in(shop: Shop) -> list[tuple[object, ...]]:
    """Number, field, code and finding of each row that waits."""
    rows = await shop.rows(
        "SELECT row_no, field, code, found FROM refused_row WHERE tenant_id = $1 "
        "AND state = 'open' ORDER BY row_no"
    )
    return [tuple(row.values()) for row in rows]
