"""The verbs of items: create, change, retire one; take in what files and connectors tell of many."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress
from uuid import UUID

from shuke_core.audit.services import record
from shuke_core.catalog.errors import (
    CategoriesTooMany,
    CategoryUnknown,
    ItemChanged,
    ItemCodeTaken,
    ItemInvalid,
    ItemStateRefused,
    ItemUnknown,
)
from shuke_core.catalog.events import ItemsChanged
from shuke_core.catalog.hookspecs import DescribedItem
from shuke_core.catalog.rules import ItemState, may_become
from shuke_core.catalog.told import (
    FIELDS,
    ItemOutcome,
    ItemRefused,
    ToldItem,
    read_item,
)
from shuke_core.catalog.tree import STAFF, Names, categories_named
from shuke_core.events.outbox import announce
from shuke_core.imports.memory import remember, remembered
from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.kit.money import FEN_LIMIT
from shuke_core.kit.transactions import fetch, fetch_one
from shuke_core.plugins.hooks import call_hook
from shuke_core.tenants.queries import this_tenant

Fate = ItemOutcome | ItemRefused


@dataclass(frozen=True, slots=True)
class ItemChange:
    """What is to be changed of an item; None stays. `no_category` takes it out of its category."""

    name: str | None = None
    category_id: UUID | None = None
    no_category: bool = False
    price_fen: int | None = None
    state: ItemState | None = None
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Row:
    id: UUID
    code: str
    name: str
    category_id: UUID | None
    price_fen: int
    state: str
    version: int
    told_in: UUID | None


_COLUMNS = "id, code, name, category_id, price_fen, state, version, told_in"
_SHOWN = ("name", "category_id", "price_fen", "state")


async def create_item(
    code: str,
    name: str,
    price_fen: int,
    *,
    category_id: UUID | None = None,
    state: ItemState = ItemState.DRAFT,
    details: Mapping[str, str] | None = None,
) -> UUID:
    """Enters an item by hand. Raises ItemInvalid, CategoryUnknown, ItemCodeTaken."""
    told = _read(code, name, price_fen, details or {})
    if told.name is None:
        raise ItemInvalid(field="name", why="it is missing")
    await _check_category(category_id)
    row = _Row(new_id(), told.code, told.name, category_id, price_fen, state.value, 1, None)
    written = await _write([row], only_new=True)
    if not written:
        raise ItemCodeTaken()
    await record(
        "item.created",
        f"item:{row.id}",
        changes={key: (None, _plain(getattr(row, key))) for key in ("code", *_SHOWN)},
    )
    await _described([DescribedItem(row.id, row.code, told.details)])
    announce(ItemsChanged(STAFF, (row.id,)))
    return row.id


async def change_item(item_id: UUID, version: int, change: ItemChange) -> int:
    """Changes an item that was read at `version`; returns the new version.

    Raises ItemUnknown, ItemChanged where somebody was quicker, ItemInvalid, ItemStateRefused,
    CategoryUnknown.
    """
    found = await fetch_one(
        f"SELECT {_COLUMNS} FROM item WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE", item_id
    )
    if found is None:
        raise ItemUnknown()
    before = _Row(**found)
    if before.version != version:
        raise ItemChanged(version=before.version)
    price = before.price_fen if change.price_fen is None else change.price_fen
    told = _read(before.code, change.name, price, change.details)
    if change.name is not None and told.name is None:
        raise ItemInvalid(field="name", why="it is missing")
    state = change.state or ItemState(before.state)
    if not may_become(ItemState(before.state), state):
        raise ItemStateRefused()
    await _check_category(change.category_id)
    after = replace(
        before,
        name=told.name or before.name,
        category_id=None if change.no_category else change.category_id or before.category_id,
        price_fen=price,
        state=state.value,
    )
    details = {key: told.details.get(key, "") for key in change.details}
    if after == before and not details:
        return version
    after = replace(after, version=version + 1)
    await _write([after])
    changes = {
        key: (_plain(getattr(before, key)), _plain(getattr(after, key)))
        for key in _SHOWN
        if getattr(before, key) != getattr(after, key)
    }
    await record("item.changed", f"item:{item_id}", changes=changes)
    await _described([DescribedItem(item_id, before.code, details)])
    announce(ItemsChanged(STAFF, (item_id,)))
    return after.version


async def retire_item(item_id: UUID, version: int) -> int:
    """Sells the item no more, for good: lists leave it out, orders that name it keep it."""
    return await change_item(item_id, version, ItemChange(state=ItemState.RETIRED))


def _plain(value: object) -> object:
    return str(value) if isinstance(value, UUID) else value


def _read(code: str, name: str | None, price_fen: int, details: Mapping[str, str]) -> ToldItem:
    """What staff say, read by the rules of what files say."""
    if not 0 <= price_fen < FEN_LIMIT:
        raise ItemInvalid(field="price", why=f"{price_fen} fen")
    more = {key: value for key, value in details.items() if key not in FIELDS}
    told = read_item({**more, "code": code, "name": name})
    if isinstance(told, ItemRefused):
        raise ItemInvalid(field=told.field, why=told.code)
    return told


async def _check_category(category_id: UUID | None) -> None:
    if category_id is not None and not await fetch(
        "SELECT id FROM category WHERE tenant_id = $1 AND id = $2 FOR KEY SHARE", category_id
    ):
        raise CategoryUnknown()


async def take_items(told: Sequence[ToldItem], via: str, told_in: UUID | None = None) -> list[Fate]:
    """Takes in what is told of items, in one batch; says of each what became of it.

    Which item is meant the code says, so that the same told again changes, and writes, nothing. Of one
    that is told of twice in a file (`told_in`) the second is refused, since nobody knows which is right,
    but where both say what is there; a connector (no `told_in`) has the last word. Refusals:
    ITEM_REPEATED, ITEM_RETIRED of one that is to be sold again, ITEM_NAME_MISSING and ITEM_PRICE_MISSING
    of one that is new, CATEGORIES_TOO_MANY.
    """
    if not told:
        return []
    categories, is_full = await _categories(told, via)
    rows = await fetch(
        f"SELECT {_COLUMNS} FROM item WHERE tenant_id = $1 AND code = ANY ($2::text[]) "
        "ORDER BY code FOR NO KEY UPDATE",
        sorted({item.code for item in told}),
    )
    known = {row["code"]: _Row(**row) for row in rows}
    at_first = dict(known)
    named = await _named_before(told, known, categories, told_in)
    fates: list[Fate] = []
    for item in told:
        before = known.get(item.code)
        way = item.category
        if told_in is not None and before is not None and before.told_in == told_in:
            fates.append(ItemRefused("code", "ITEM_REPEATED", item.code))
        elif before is not None and _comes_back(before, item.state):
            fates.append(ItemRefused("state", "ITEM_RETIRED", item.code))
        elif way is not None and way not in categories and is_full:
            fates.append(ItemRefused("category", "CATEGORIES_TOO_MANY", " / ".join(way)[:80]))
        elif before is None and item.name is None:
            fates.append(ItemRefused("name", "ITEM_NAME_MISSING", item.code))
        elif before is None and item.price_fen is None:
            fates.append(ItemRefused("price", "ITEM_PRICE_MISSING", item.code))
        else:
            category_id = categories[way] if way is not None else None
            after = _told_of(item, before, category_id, told_in)
            if item.code in named and (after != before or item.details):
                fates.append(ItemRefused("code", "ITEM_REPEATED", item.code))
                continue
            fates.append(_outcome(before, after))
            known[item.code] = after
            if told_in is not None and after == before:
                named.add(item.code)
    changed = [row for code, row in known.items() if row != at_first.get(code)]
    ids = await _write(changed)
    await _described(
        [
            DescribedItem(ids.get(item.code, known[item.code].id), item.code, item.details)
            for item, fate in zip(told, fates, strict=True)
            if isinstance(fate, ItemOutcome)
        ]
    )
    told_of = [
        row for row in changed if _outcome(at_first.get(row.code), row) is not ItemOutcome.SAME
    ]
    if told_of:
        announce(ItemsChanged(via, tuple(ids[row.code] for row in told_of)))
    if told_in is not None:
        same = (f is ItemOutcome.SAME for f in fates)
        await remember(told_in, {item.code for item in compress(told, same)})
    return fates


async def _named_before(
    told: Sequence[ToldItem],
    known: Mapping[str, _Row],
    categories: Mapping[Names, UUID],
    told_in: UUID | None,
) -> set[str]:
    """Which of the items the file has named in earlier batches and left as they were; of those alone
    that it is about to change, or to tell plugins of."""
    if told_in is None:
        return set()
    changing = set()
    for item in told:
        before = known.get(item.code)
        if before is not None and before.told_in != told_in:
            category_id = categories.get(item.category) if item.category is not None else None
            if item.details or _told_of(item, before, category_id, told_in) != before:
                changing.add(item.code)
    return await remembered(told_in, changing)


def _comes_back(before: _Row, state: ItemState | None) -> bool:
    """Whether what is retired is told to be sold, or paused, again."""
    return before.state == ItemState.RETIRED.value and state in (
        ItemState.ON_SALE,
        ItemState.OFF_SALE,
    )


async def _categories(told: Sequence[ToldItem], via: str) -> tuple[Mapping[Names, UUID], bool]:
    """The categories that are named, and whether there was no room to make those that lack."""
    ways = {item.category for item in told if item.category is not None}
    try:
        return await categories_named(ways, via), False
    except CategoriesTooMany:
        return await categories_named(ways, via, make=False), True


def _told_of(
    item: ToldItem, before: _Row | None, category_id: UUID | None, told_in: UUID | None
) -> _Row:
    if before is None:
        state = item.state or ItemState.ON_SALE
        assert item.name is not None  # noqa: S101 (the caller has refused it)
        assert item.price_fen is not None  # noqa: S101
        return _Row(
            new_id(), item.code, item.name, category_id, item.price_fen, state.value, 1, told_in
        )
    state = item.state or ItemState(before.state)
    if not may_become(ItemState(before.state), state):
        state = ItemState(before.state)  # a system that knows no off sale calls it a draft
    after = replace(
        before,
        name=item.name or before.name,
        category_id=category_id or before.category_id,
        price_fen=before.price_fen if item.price_fen is None else item.price_fen,
        state=state.value,
    )
    if after == before:
        return before
    return replace(after, version=before.version + 1, told_in=told_in or before.told_in)


def _outcome(before: _Row | None, after: _Row) -> ItemOutcome:
    if before is None:
        return ItemOutcome.ENTERED
    return ItemOutcome.SAME if before.version == after.version else ItemOutcome.CHANGED


async def _write(rows: Sequence[_Row], *, only_new: bool = False) -> dict[str, UUID]:
    """Writes the rows in one statement; the ids by code, of those that were written."""
    if not rows:
        return {}
    rows = sorted(rows, key=lambda row: row.code)
    conflict = (
        "NOTHING"
        if only_new
        else "UPDATE SET name = excluded.name, category_id = excluded.category_id, "
        "price_fen = excluded.price_fen, state = excluded.state, told_in = excluded.told_in, "
        # Of one that somebody else has entered at this moment the ids differ.
        "version = CASE WHEN item.id = excluded.id THEN excluded.version ELSE item.version + 1 END, "
        "changed_at = CASE WHEN item.id = excluded.id AND item.version = excluded.version "
        "THEN item.changed_at ELSE excluded.changed_at END"
    )
    written = await fetch(
        "INSERT INTO item (tenant_id, id, code, name, category_id, price_fen, currency, state, "
        "version, told_in, created_at, changed_at) "
        "SELECT $1, t.id, t.code, t.name, t.category_id, t.price_fen, $2, t.state, t.version, "
        "t.told_in, $3, $3 FROM unnest($4::uuid[], $5::text[], $6::text[], $7::uuid[], "
        "$8::bigint[], $9::text[], $10::int[], $11::uuid[]) "
        "AS t(id, code, name, category_id, price_fen, state, version, told_in) "
        f"ON CONFLICT (tenant_id, code) DO {conflict} RETURNING id, code",
        (await this_tenant()).currency,
        clock.now(),
        *(
            [getattr(row, key) for row in rows]
            for key in (
                *("id", "code", "name", "category_id"),
                *("price_fen", "state", "version", "told_in"),
            )
        ),
    )
    return {row["code"]: row["id"] for row in written}


async def _described(items: Sequence[DescribedItem]) -> None:
    """Hands plugins what is theirs; of an item that is told of twice the later word holds."""
    told: dict[UUID, DescribedItem] = {}
    for item in items:
        if item.details:
            before = told.get(item.item_id, item).details
            told[item.item_id] = replace(item, details={**before, **item.details})
    if told:
        await call_hook("shuke_items_described", lambda answer: answer, items=[*told.values()])
