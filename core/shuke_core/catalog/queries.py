"""Reads of the catalogue: what the API shows of items and categories, and where it comes from."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from shuke_core.catalog.errors import ItemSearchInvalid
from shuke_core.catalog.rules import BEHIND, MOST_BESIDE, ItemState, beginning_with
from shuke_core.kit.pagination import MOST_ROWS
from shuke_core.kit.transactions import fetch_one
from shuke_core.projection.declare import ID, Long, Projection, many, one, sql
from shuke_core.projection.reads import Read

EVERY_STATE = tuple(ItemState)
_FULL_NAME = """
(select string_agg(a.name, ' / ' order by a.depth) from category a where a.tenant_id = :tenant
    and a.path in (select left(this.path, 32 * n) from generate_series(1, this.depth) n))
"""


class Category(Projection, table="category"):
    """A category of items; a tree."""

    id: ID
    name: str
    place: int
    full_name: str = sql(_FULL_NAME)
    parent: "Category | None" = one("this.id = parent.parent_id")
    children: "list[Category]" = many(
        "this.parent_id = parent.id", order="this.place, this.id", limit=MOST_BESIDE
    )


class Item(Projection, table="item"):
    """Something that is sold."""

    id: ID
    code: str
    name: str
    category: Category | None = one("this.id = parent.category_id")
    price_fen: Long
    currency: str
    state: ItemState
    changed_at: datetime


class ItemForStaff(Projection, joins=Item):
    """What staff see of an item besides."""

    version: int
    created_at: datetime


def category_of_id(category_id: UUID) -> Read:
    """A category; null for an id that is not there."""
    return Read.one(Category, "this.id = :id", given={"id": category_id})


def categories_below(parent_id: UUID | None) -> Read:
    """The categories right below that one, or the roots, in their order."""
    where = "this.parent_id = :parent" if parent_id else "this.parent_id is null"
    return Read.many(
        *(Category, where),
        order="this.place, this.id",
        given={"parent": parent_id},
        limit=MOST_BESIDE,
    )


def item_of_id(item_id: UUID, states: Collection[ItemState] = EVERY_STATE) -> Read:
    """An item in one of these states; null for another."""
    return _one("this.id = :id", {"id": item_id}, states)


def item_of_code(code: str, states: Collection[ItemState] = EVERY_STATE) -> Read:
    """The item of that code, if it is in one of these states."""
    return _one("this.code = :code", {"code": code}, states)


def _one(where: str, given: dict[str, object], states: Collection[ItemState]) -> Read:
    given["states"] = [state.value for state in states]
    return Read.one(Item, where, "this.state = any (:states::text[])", given=given)


# A page is put together of the newest of each state and category: however many items there are, each
# of them is a walk of a page's length down an index.
_OF_STATES = """
this.id in (select i.id from unnest(:states::text[]) s (state) cross join lateral (
    select i.id, i.created_at from item i
     where i.tenant_id = :tenant and i.state = s.state {after}
     order by i.created_at desc, i.id desc limit {most}) i
 order by i.created_at desc, i.id desc limit {most})
"""
_OF_CATEGORIES = """
this.id in (select i.id from category c cross join unnest(:states::text[]) s (state)
 cross join lateral (
    select i.id, i.created_at from item i
     where i.tenant_id = :tenant and i.category_id = c.id and i.state = s.state {after}
     order by i.created_at desc, i.id desc limit {most}) i
 where c.tenant_id = :tenant and c.path >= :low and c.path < :high
 order by i.created_at desc, i.id desc limit {most})
"""
_AFTER = "and (i.created_at, i.id) < (:after_at::timestamptz, :after_id::uuid)"


# Beginning with a text: each state a walk down the index of its keys, a page's length long.
_OF_KEYS = """
this.id in (select i.id from unnest(:states::text[]) s (state) cross join lateral (
    select i.id, i.{key} from item i
     where i.tenant_id = :tenant and i.state = s.state and i.{key} >= :low and i.{key} < :high {after}
     order by i.{key}, i.id limit {most}) i
 order by i.{key}, i.id limit {most})
"""
_AFTER_KEY = """
and (i.{key}, i.id) > ((select m.{key} from item m where m.tenant_id = :tenant
    and m.id = :after_id::uuid), :after_id::uuid)
"""


def items_beginning(
    states: Collection[ItemState],
    first: int,
    after: str | None,
    *,
    name: str | None = None,
    code: str | None = None,
) -> Read:
    """A page of items in these states whose name, or whose code, begins so, in the order of those; the
    case of Latin letters does not matter. Raises ItemSearchInvalid for both at once."""
    if (name is None) == (code is None):
        raise ItemSearchInvalid()
    key, begins = ("name_key", name) if name is not None else ("code_key", code)
    low, high = beginning_with(begins or "") or ("", "")  # what says nothing finds nothing
    after_it = _AFTER_KEY.format(key=key) if after else ""
    given: dict[str, object] = {"first": first, "after": after, "low": low, "high": high}
    given["states"] = sorted(state.value for state in states)
    return Read.page(
        Item,
        _OF_KEYS.format(key=key, after=after_it, most=MOST_ROWS + 1),
        newest="created_at",
        by=key,
        listed=f"items.{key}",
        given=given,
    )


async def items_of(
    states: Collection[ItemState], category_id: UUID | None, first: int, after: str | None
) -> Read:
    """A page of items in these states, newest first: all, or of a category and all below it."""
    given: dict[str, object] = {"first": first, "after": after}
    given["states"] = sorted(state.value for state in states)
    wanted = _OF_STATES
    if category_id is not None:
        row = await fetch_one(
            "SELECT path FROM category WHERE tenant_id = $1 AND id = $2", category_id
        )
        path = row["path"] if row else BEHIND  # nothing begins with it
        given |= {"low": path, "high": path + BEHIND}
        wanted = _OF_CATEGORIES
    condition = wanted.format(after=_AFTER if after else "", most=MOST_ROWS + 1)
    return Read.page(Item, condition, newest="created_at", listed="items", given=given)
