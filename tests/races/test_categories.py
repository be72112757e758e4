"""Many move categories at once: it stays a tree. And without the lock on it the same race finds that."""

import asyncio
from contextlib import suppress
from random import Random
from uuid import UUID

import pytest
from tests.core.catalog.shelf import act, faults_of
from tests.support.shop import Shop

from shuke_core.catalog import tree
from shuke_core.catalog.errors import CategoryCyclic, CategoryTooDeep
from shuke_core.catalog.services import create_item
from shuke_core.catalog.tree import create_category, move_category, remove_category
from shuke_core.kit.errors import ShukeError

MOVERS = 10


async def _unlocked() -> None:
    """Wrong: nobody waits for the tree. Given time, another one reads it as it still is."""


async def _slow_nodes() -> dict[UUID, tree._Node]:
    found = await _nodes()
    await asyncio.sleep(0.02)
    return found


_nodes = tree._nodes


async def race(shop: Shop, *, rounds: int) -> list[str]:
    """Ten move one of a handful of categories below another each; says what is no tree any more."""
    made = [await act(shop, lambda n=n: create_category(f"c{n}")) for n in range(MOVERS)]  # type: ignore[misc]
    dice = Random(7)  # noqa: S311

    async def move(category: UUID, below: UUID | None) -> None:
        with suppress(CategoryCyclic, CategoryTooDeep):
            await act(shop, lambda: move_category(category, below))

    for _ in range(rounds):
        below = dice.sample([*made, None], MOVERS)
        await asyncio.gather(*(move(each, to) for each, to in zip(made, below, strict=True)))
        if faults := await faults_of(shop):
            return faults
    return []


@pytest.mark.slow
async def test_however_many_move_it_stays_a_tree(shop: Shop, soak: bool) -> None:
    assert await race(shop, rounds=50 if soak else 6) == []


@pytest.mark.slow
async def test_the_race_finds_a_tree_that_nobody_waits_for(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree, "lock_tree", _unlocked)
    monkeypatch.setattr(tree, "_nodes", _slow_nodes)
    assert await race(shop, rounds=20) != []


@pytest.mark.slow
async def test_a_category_that_an_item_comes_into_is_not_removed(shop: Shop) -> None:
    """Whoever is first: the category goes and the item is refused, or it stays with the item."""
    for n in range(10):
        category = await act(shop, lambda n=n: create_category(f"c{n}"))  # type: ignore[misc]

        async def remove(category: UUID = category) -> str:
            try:
                await act(shop, lambda: remove_category(category))
            except ShukeError as refused:
                return refused.code
            return "removed"

        async def enter(code: str, category: UUID = category) -> str:
            try:
                await act(shop, lambda: create_item(code, "x", 1, category_id=category))
            except ShukeError as refused:
                return refused.code
            return "entered"

        removed, *entered = await asyncio.gather(
            remove(), *(enter(f"i{n}-{each}") for each in range(8))
        )
        if removed == "removed":
            assert set(entered) == {"CATEGORY_UNKNOWN"}
        else:
            assert removed == "CATEGORY_IN_USE"
            assert "entered" in entered
