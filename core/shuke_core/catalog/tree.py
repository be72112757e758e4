"""The verbs of categories: make, change, move, remove, and find by names.

Whoever changes the shape of the tree waits for the tenant's lock on it first and reads after: two
moves at the same moment can't put two categories below each other.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from asyncpg import ForeignKeyViolationError, RestrictViolationError

from shuke_core.audit.services import record
from shuke_core.catalog.errors import (
    CategoriesTooMany,
    CategoryCyclic,
    CategoryInUse,
    CategoryInvalid,
    CategoryNameTaken,
    CategoryPlaceInvalid,
    CategoryTooDeep,
    CategoryUnknown,
)
from shuke_core.catalog.events import CategoriesChanged
from shuke_core.catalog.rules import (
    BEHIND,
    DEEPEST,
    LONGEST_NAME,
    MOST_BESIDE,
    MOST_CATEGORIES,
    MOST_PLACE,
    SEPARATORS,
    category_name,
    depth_of,
    is_within,
    path_of,
)
from shuke_core.events.outbox import announce
from shuke_core.kit import clock
from shuke_core.kit.cleaning import Unclean
from shuke_core.kit.ids import new_id
from shuke_core.kit.locking import lock_until_commit
from shuke_core.kit.transactions import fetch

Names = tuple[str, ...]
STAFF = "staff"


@dataclass(frozen=True, slots=True)
class _Node:
    id: UUID
    parent_id: UUID | None
    name: str
    place: int
    path: str


async def lock_tree() -> None:
    """Waits for the tenant's tree and holds it until the unit ends."""
    await lock_until_commit("categories")


async def _nodes() -> dict[UUID, _Node]:
    rows = await fetch("SELECT id, parent_id, name, place, path FROM category WHERE tenant_id = $1")
    return {row["id"]: _Node(**row) for row in rows}


def _checked(name: str) -> str:
    try:
        return category_name(name)
    except Unclean:
        raise CategoryInvalid(longest=LONGEST_NAME, separators=SEPARATORS) from None


def _free(
    nodes: dict[UUID, _Node], parent_id: UUID | None, name: str, but: UUID | None = None
) -> None:
    beside = [node for node in nodes.values() if node.parent_id == parent_id and node.id != but]
    if any(node.name == name for node in beside):
        raise CategoryNameTaken()
    if len(beside) >= MOST_BESIDE:
        raise CategoriesTooMany(most=MOST_BESIDE, where="side by side")


def _last(nodes: dict[UUID, _Node], parent_id: UUID | None) -> int:
    """Behind its siblings; beside the last where there is no room behind it."""
    last = max((n.place for n in nodes.values() if n.parent_id == parent_id), default=0)
    return min(last + 1, MOST_PLACE)


def _check_place(place: int | None) -> None:
    if place is not None and not 0 <= place <= MOST_PLACE:
        raise CategoryPlaceInvalid(most=MOST_PLACE)


async def create_category(
    name: str, parent_id: UUID | None = None, place: int | None = None
) -> UUID:
    """A category below that one, or a root; last among its siblings unless a place is given.

    Raises CategoryInvalid, CategoryPlaceInvalid, CategoryUnknown for the parent, CategoryNameTaken,
    CategoryTooDeep, CategoriesTooMany.
    """
    name = _checked(name)
    _check_place(place)
    await lock_tree()
    nodes, category_id = await _nodes(), new_id()
    if parent_id is not None and parent_id not in nodes:
        raise CategoryUnknown()
    _free(nodes, parent_id, name)
    path = path_of(nodes[parent_id].path if parent_id else "", category_id)
    if depth_of(path) > DEEPEST:
        raise CategoryTooDeep(most=DEEPEST)
    if len(nodes) >= MOST_CATEGORIES:
        raise CategoriesTooMany(most=MOST_CATEGORIES, where="in all")
    place = _last(nodes, parent_id) if place is None else place
    await _insert([_Node(category_id, parent_id, name, place, path)])
    await record("category.created", f"category:{category_id}", changes={"name": (None, name)})
    announce(CategoriesChanged(STAFF, (category_id,)))
    return category_id


async def _insert(nodes: list[_Node]) -> None:
    await fetch(
        "INSERT INTO category (tenant_id, id, parent_id, name, place, path, depth, created_at, "
        "changed_at) SELECT $1, t.id, t.parent_id, t.name, t.place, t.path, t.depth, $2, $2 "
        "FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::int[], $7::text[], $8::int[]) "
        "AS t(id, parent_id, name, place, path, depth)",
        clock.now(),
        *([getattr(n, key) for n in nodes] for key in ("id", "parent_id", "name", "place", "path")),
        [depth_of(node.path) for node in nodes],
    )


async def change_category(
    category_id: UUID, *, name: str | None = None, place: int | None = None
) -> None:
    """Renames a category, or gives it another place among its siblings. What is None stays.

    Raises CategoryInvalid, CategoryPlaceInvalid, CategoryUnknown, CategoryNameTaken.
    """
    name = None if name is None else _checked(name)
    _check_place(place)
    await lock_tree()
    nodes = await _nodes()
    if category_id not in nodes:
        raise CategoryUnknown()
    before = nodes[category_id]
    after = (before.name if name is None else name, before.place if place is None else place)
    if after == (before.name, before.place):
        return
    _free(nodes, before.parent_id, after[0], but=category_id)
    await fetch(
        "UPDATE category SET name = $3, place = $4, changed_at = $5 "
        "WHERE tenant_id = $1 AND id = $2",
        *(category_id, *after, clock.now()),
    )
    await record(
        "category.changed",
        f"category:{category_id}",
        changes={"name": (before.name, after[0]), "place": (before.place, after[1])},
    )
    announce(CategoriesChanged(STAFF, (category_id,)))


async def move_category(
    category_id: UUID, parent_id: UUID | None, place: int | None = None
) -> None:
    """Puts a category with all below it under another one, or makes it a root.

    However many hang on it, it is one statement, and their items need not know. Raises
    CategoryUnknown, CategoryCyclic, CategoryTooDeep, CategoryNameTaken, CategoryPlaceInvalid,
    CategoriesTooMany.
    """
    _check_place(place)
    await lock_tree()
    nodes = await _nodes()
    if category_id not in nodes or (parent_id is not None and parent_id not in nodes):
        raise CategoryUnknown()
    node, above = nodes[category_id], nodes[parent_id].path if parent_id else ""
    if parent_id is not None and is_within(above, node.path):
        raise CategoryCyclic()
    below = [each for each in nodes.values() if is_within(each.path, node.path)]
    height = max(depth_of(each.path) for each in below) - depth_of(node.path) + 1
    if depth_of(above) + height > DEEPEST:
        raise CategoryTooDeep(most=DEEPEST)
    _free(nodes, parent_id, node.name, but=category_id)
    if place is None:
        stays = node.parent_id == parent_id
        place = node.place if stays else _last(nodes, parent_id)
    await fetch(
        "UPDATE category c SET path = $3 || substr(c.path, $4), depth = length($3 || "
        "substr(c.path, $4)) / 32, changed_at = $5, "
        "parent_id = CASE WHEN c.id = $2 THEN $6::uuid ELSE c.parent_id END, "
        "place = CASE WHEN c.id = $2 THEN $7 ELSE c.place END "
        "WHERE c.tenant_id = $1 AND c.path >= $8 AND c.path < $9",
        category_id,
        above,
        len(node.path) - len(category_id.hex) + 1,
        clock.now(),
        *(parent_id, place),
        *(node.path, node.path + BEHIND),
    )
    await record(
        "category.moved",
        f"category:{category_id}",
        changes={"parent": (_text(node.parent_id), _text(parent_id)), "moved": (None, len(below))},
    )
    announce(CategoriesChanged(STAFF, (category_id,)))


def _text(category_id: UUID | None) -> str | None:
    return str(category_id) if category_id else None


async def remove_category(category_id: UUID) -> None:
    """Removes a category that has nothing below it and no items; orders keep what they copied.

    Raises CategoryUnknown, CategoryInUse.
    """
    await lock_tree()
    rows = await fetch(
        "SELECT c.name, EXISTS (SELECT FROM category b WHERE b.tenant_id = $1 "
        "AND b.parent_id = c.id) OR EXISTS (SELECT FROM item i WHERE i.tenant_id = $1 "
        "AND i.category_id = c.id) AS used FROM category c WHERE c.tenant_id = $1 AND c.id = $2",
        category_id,
    )
    if not rows:
        raise CategoryUnknown()
    if rows[0]["used"]:
        raise CategoryInUse()
    try:
        await fetch("DELETE FROM category WHERE tenant_id = $1 AND id = $2", category_id)
    except (ForeignKeyViolationError, RestrictViolationError):
        # An item came into it at this moment; PostgreSQL 18 has a code of its own for it.
        raise CategoryInUse() from None
    await record(
        "category.removed", f"category:{category_id}", changes={"name": (rows[0]["name"], None)}
    )
    announce(CategoriesChanged(STAFF, (category_id,)))


async def categories_named(
    ways: Collection[Names], via: str, *, make: bool = True
) -> dict[Names, UUID]:
    """The category at the end of each way of names through the tree; those that lack are made, unless
    told otherwise.

    Two statements when all are there, whatever their number. Raises CategoriesTooMany.
    """
    if not ways:
        return {}
    found = _found(ways, await _nodes())
    if not make or len(found) == len(set(ways)):
        return found
    await lock_tree()
    nodes = await _nodes()
    children = {(node.parent_id, node.name): node.id for node in nodes.values()}
    made: list[_Node] = []
    for way in sorted(set(ways)):
        parent_id: UUID | None = None
        for name in way:
            there = children.get((parent_id, name))
            if there is None:
                there = new_id()
                path = path_of(nodes[parent_id].path if parent_id else "", there)
                nodes[there] = _Node(there, parent_id, name, _last(nodes, parent_id), path)
                children[parent_id, name] = there
                made.append(nodes[there])
            parent_id = there
    if len(nodes) > MOST_CATEGORIES:
        raise CategoriesTooMany(most=MOST_CATEGORIES, where="in all")
    beside = Counter(node.parent_id for node in nodes.values())
    if max(beside.values()) > MOST_BESIDE:
        raise CategoriesTooMany(most=MOST_BESIDE, where="side by side")
    if made:
        await _insert(made)
        announce(CategoriesChanged(via, tuple(node.id for node in made)))
    return _found(ways, nodes)


def _found(ways: Collection[Names], nodes: dict[UUID, _Node]) -> dict[Names, UUID]:
    children = {(node.parent_id, node.name): node.id for node in nodes.values()}
    found: dict[Names, UUID] = {}
    for way in ways:
        at: UUID | None = None
        for name in way:
            at = children.get((at, name))
            if at is None:
                break
        if at is not None:
            found[way] = at
    return found
