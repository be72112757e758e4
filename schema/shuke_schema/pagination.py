"""Relay connections over keyset reads: one row more than asked tells whether a page follows."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import strawberry

from shuke_core.access.rights import FieldClass
from shuke_core.kit.pagination import Keys, checked_page_size, from_cursor, to_cursor
from shuke_core.tenants.keyring import tenant_keys
from shuke_schema.rights import shows

Node = TypeVar("Node")
Row = TypeVar("Row")


@shows(FieldClass.PUBLIC)
@strawberry.type(description="Whether a page follows, and the cursor to ask for it with.")
class PageInfo:
    has_next_page: bool
    end_cursor: str | None


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A row of a list, with the cursor that stands after it.")
class Edge(Generic[Node]):
    node: Node
    cursor: str


@shows(FieldClass.PUBLIC)
@strawberry.type(description="A page of a list.")
class Connection(Generic[Node]):
    edges: list[Edge[Node]]
    page_info: PageInfo


async def connection_of(
    listed: str,
    first: int,
    after: str | None,
    read: Callable[[Keys | None, int], Awaitable[Sequence[Row]]],
    keys_of: Callable[[Row], Keys],
    node_of: Callable[[Row], Node],
) -> Connection[Node]:
    """The page of at most `first` rows after the cursor; `listed` names the list in its cursors."""
    size = checked_page_size(first)
    key = (await tenant_keys()).digesting
    rows = await read(from_cursor(key, listed, after) if after else None, size + 1)
    edges = [
        Edge(node=node_of(row), cursor=to_cursor(key, listed, keys_of(row))) for row in rows[:size]
    ]
    return Connection(
        edges=edges,
        page_info=PageInfo(
            has_next_page=len(rows) > size, end_cursor=edges[-1].cursor if edges else None
        ),
    )
