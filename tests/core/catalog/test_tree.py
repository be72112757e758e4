"""The tree of categories: whatever is done to it, it is one, and a move is one statement."""

import asyncio
from decimal import Decimal
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.core.catalog.model import Model, Refused
from tests.core.catalog.shelf import act, announced, faults_of, tree_of
from tests.support.shop import Shop, open_shop

from shuke_core.catalog import rules, tree
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
from shuke_core.catalog.services import create_item
from shuke_core.catalog.tree import (
    categories_named,
    change_category,
    create_category,
    move_category,
    remove_category,
)
from shuke_core.kit.errors import ShukeError
from shuke_core.kit.ids import new_id
from shuke_core.runtime import Runtime

Step = tuple[str, int, int | None, str]
# What a step may be: an act, which category (or none), below which, and a name.
_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["create", "create", "create", "move", "move", "rename", "remove"]),
        st.integers(0, 30),
        st.one_of(st.none(), st.integers(0, 30)),
        st.sampled_from("甲乙丙丁戊"),
    ),
    min_size=1,
    max_size=25,
)


async def _step(shop: Shop, model: Model, step: Step) -> None:
    """Does a step to both; they must agree on what is refused, and why."""
    verb, nth, below, name = step
    ids = sorted(model.nodes)
    if verb != "create" and not ids:
        return
    chosen = ids[nth % len(ids)] if ids else None
    parent = ids[below % len(ids)] if ids and below is not None else None
    made = None

    async def real() -> UUID | None:
        assert chosen is not None or verb == "create"
        if verb == "create":
            return await create_category(name, parent)
        if verb == "move":
            await move_category(chosen, parent)  # type: ignore[arg-type]
        elif verb == "rename":
            await change_category(chosen, name=name)  # type: ignore[arg-type]
        else:
            await remove_category(chosen)  # type: ignore[arg-type]
        return None

    expected, refused = model.would_refuse(verb, chosen, parent, name), None
    try:
        made = await act(shop, real)
    except ShukeError as error:
        refused = Refused(error.code)
    assert refused == expected, step
    if refused is None:
        model.does(verb, made or chosen, parent, name)


@pytest.mark.slow
@settings(
    max_examples=30,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=_STEPS)
async def test_whatever_is_done_the_tree_is_that_of_a_small_model(
    runtime: Runtime, steps: list[Step]
) -> None:
    shop = await open_shop(runtime, points_per_yuan=Decimal(1), expires_after_days=1, till=False)
    model = Model()
    for step in steps:
        await _step(shop, model, step)
    rows = await tree_of(shop)
    assert {key: (row["parent_id"], row["name"]) for key, row in rows.items()} == model.nodes
    assert await faults_of(shop) == []


async def _chain(shop: Shop, depth: int, name: str = "n") -> list[UUID]:
    made: list[UUID] = []
    for n in range(depth):
        parent = made[-1] if made else None
        made.append(await act(shop, lambda n=n, p=parent: create_category(f"{name}{n}", p)))  # type: ignore[misc]
    return made


async def test_a_move_takes_all_below_along_in_one_statement(
    shop: Shop, statements: list[str]
) -> None:
    a, b, c = await _chain(shop, 3)
    other = await act(shop, lambda: create_category("另"))
    statements.clear()
    await act(shop, lambda: move_category(b, other))
    assert len([sql for sql in statements if sql.startswith("UPDATE category")]) == 1
    rows = await tree_of(shop)
    assert rows[c]["path"] == other.hex + b.hex + c.hex
    assert rows[a]["path"] == a.hex
    assert await faults_of(shop) == []
    told = await announced(shop, "categories.changed")
    assert told[-1][1] == {"via": "staff", "category_ids": [str(b)]}


async def test_no_category_is_put_below_itself(shop: Shop) -> None:
    a, b, c = await _chain(shop, 3)
    before = await tree_of(shop)
    for below in (a, b, c):
        with pytest.raises(CategoryCyclic):
            await act(shop, lambda p=below: move_category(a, p))  # type: ignore[misc]
    assert await tree_of(shop) == before


async def test_depth_is_bounded_for_one_and_for_what_hangs_on_it(shop: Shop) -> None:
    deep = await _chain(shop, rules.DEEPEST)
    with pytest.raises(CategoryTooDeep):
        await act(shop, lambda: create_category("x", deep[-1]))
    other = await _chain(shop, 2, "o")
    with pytest.raises(CategoryTooDeep):
        await act(shop, lambda: move_category(other[0], deep[-2]))
    await act(shop, lambda: move_category(other[1], deep[-2]))
    assert await faults_of(shop) == []


async def test_siblings_have_names_of_their_own_roots_as_well(shop: Shop) -> None:
    a, b = await _chain(shop, 2)
    for name, parent in (("n0", None), ("n1", a), (" ｎ1 ", a)):
        with pytest.raises(CategoryNameTaken):
            await act(shop, lambda n=name, p=parent: create_category(n, p))  # type: ignore[misc]
    again = await act(shop, lambda: create_category("n0", b))
    with pytest.raises(CategoryNameTaken):
        await act(shop, lambda: move_category(again, None))
    with pytest.raises(CategoryInvalid):
        await act(shop, lambda: create_category("茶/酒"))
    assert len(await tree_of(shop)) == 3


async def test_places_order_siblings_and_the_last_comes_last(shop: Shop) -> None:
    one, two, three = [
        await act(shop, lambda n=name: create_category(n))  # type: ignore[misc]
        for name in ("一", "二", "三")
    ]
    assert {key: row["place"] for key, row in (await tree_of(shop)).items()} == {
        one: 1,
        two: 2,
        three: 3,
    }
    await act(shop, lambda: change_category(three, place=0))
    assert (await tree_of(shop))[three]["place"] == 0


async def test_a_place_has_bounds_and_behind_the_last_one_there_is_room(shop: Shop) -> None:
    first = await act(shop, lambda: create_category("一"))
    for place in (-1, rules.MOST_PLACE + 1, 2**31 - 1, 2**63):
        for verb in (
            lambda p=place: create_category("二", None, p),
            lambda p=place: change_category(first, place=p),
            lambda p=place: move_category(first, None, p),
        ):
            with pytest.raises(CategoryPlaceInvalid):
                await act(shop, verb)
    await act(shop, lambda: change_category(first, place=rules.MOST_PLACE))
    second = await act(shop, lambda: create_category("二"))
    named = await act(shop, lambda: categories_named([("三",)], "erp"))
    places = {row["name"]: row["place"] for row in (await tree_of(shop)).values()}
    assert places == {"一": rules.MOST_PLACE, "二": rules.MOST_PLACE, "三": rules.MOST_PLACE}
    assert second in await tree_of(shop)
    assert named[("三",)] in await tree_of(shop)
    with pytest.raises(asyncpg.CheckViolationError):
        await shop.rows("UPDATE category SET place = 1000001 WHERE tenant_id = $1")


async def test_what_is_in_use_stays(shop: Shop) -> None:
    a, b = await _chain(shop, 2)
    item = await act(shop, lambda: create_item("T-1", "x", 1, category_id=b))
    assert item
    for used in (a, b):
        with pytest.raises(CategoryInUse):
            await act(shop, lambda u=used: remove_category(u))  # type: ignore[misc]
    assert len(await tree_of(shop)) == 2
    empty = await act(shop, lambda: create_category("空"))
    await act(shop, lambda: remove_category(empty))
    assert set(await tree_of(shop)) == {a, b}


async def test_another_tenants_categories_are_unknown(shop: Shop, other_shop: Shop) -> None:
    (theirs,) = await _chain(other_shop, 1)
    (mine,) = await _chain(shop, 1)
    for unknown in (theirs, new_id()):
        for verb in (
            lambda u=unknown: create_category("x", u),
            lambda u=unknown: change_category(u, name="x"),
            lambda u=unknown: move_category(u, None),
            lambda u=unknown: move_category(mine, u),
            lambda u=unknown: remove_category(u),
        ):
            with pytest.raises(CategoryUnknown):
                await act(shop, verb)
    assert len(await tree_of(other_shop)) == 1


async def test_ways_of_names_are_found_or_made(shop: Shop) -> None:
    ways = [("饮品", "茶"), ("饮品", "茶", "绿茶"), ("饮品",)]
    first = await act(shop, lambda: categories_named(ways, "file"))
    assert await act(shop, lambda: categories_named(ways, "file")) == first
    rows = await tree_of(shop)
    assert [rows[first[way]]["depth"] for way in ways] == [2, 3, 1]
    assert len(rows) == 3
    assert await faults_of(shop) == []


async def test_there_are_so_many_and_no_more(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "MOST_CATEGORIES", 3)
    await _chain(shop, 2)
    with pytest.raises(CategoriesTooMany):
        await act(shop, lambda: categories_named([("n0", "n1", "x", "y")], "file"))
    await act(shop, lambda: create_category("last"))
    with pytest.raises(CategoriesTooMany):
        await act(shop, lambda: create_category("one more"))
    assert len(await tree_of(shop)) == 3


async def test_so_many_stand_side_by_side_as_are_listed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree, "MOST_BESIDE", 2)
    a, b = await _chain(shop, 2)
    await act(shop, lambda: create_category("另"))
    for verb in (
        lambda: create_category("三"),
        lambda: move_category(b, None),
        lambda: categories_named([("三",)], "file"),
    ):
        with pytest.raises(CategoriesTooMany):
            await act(shop, verb)
    assert set(await tree_of(shop)) >= {a, b}
    assert len(await tree_of(shop)) == 3


async def test_two_files_that_make_the_same_categories_make_each_once(shop: Shop) -> None:
    ways = [("饮品", f"类{n}") for n in range(5)]
    found = await asyncio.gather(
        *(act(shop, lambda: categories_named(ways, "file")) for _ in range(8))
    )
    assert all(each == found[0] for each in found)
    assert len(await tree_of(shop)) == 6
