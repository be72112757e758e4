"""Reactions: each event once, a poisoned one blocks only its entity, dead ones can be re-driven."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from tests.support.shop import Shop

from shuke_core.events import parking, reactions
from shuke_core.events.outbox import announce
from shuke_core.events.queries import events_behind
from shuke_core.events.reactions import Event, Reaction, retry_parked, run_reactions
from shuke_core.events.relay import stamp_events
from shuke_core.kit.transactions import fetch, unit_of_work


@dataclass(frozen=True)
class Noted:
    type: ClassVar[str] = "test.noted"
    name: str
    number: int

    @property
    def entity(self) -> str:
        return f"note:{self.name}"


class Notebook:
    """A reaction that writes down what it gets, and fails on what is poisoned."""

    def __init__(self) -> None:
        self.read: list[int] = []
        self.poison: set[int] = set()

    async def react(self, events: Sequence[Event]) -> None:
        numbers = [event.payload["number"] for event in events]
        if self.poison & set(numbers):
            raise RuntimeError(f"poisoned by {sorted(self.poison & set(numbers))}")
        self.read += numbers


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Notebook:
    book = Notebook()
    reaction = Reaction("test.notebook", frozenset({Noted.type}), book.react)
    monkeypatch.setattr(reactions, "_registered", {reaction.name: reaction})
    return book


async def _happened(shop: Shop, *notes: tuple[str, int]) -> None:
    async with unit_of_work(shop.tenant_id):
        for name, number in notes:
            announce(Noted(name, number))
    await stamp_events(shop.tenant_id)


async def _react(shop: Shop) -> None:
    while await run_reactions(shop.tenant_id):
        pass


async def _due_now(shop: Shop) -> None:
    await shop.rows("UPDATE parked_event SET due_at = now() WHERE tenant_id = $1 RETURNING id")


async def _parked(shop: Shop) -> list[tuple[int, str]]:
    rows = await shop.rows(
        "SELECT position, state FROM parked_event WHERE tenant_id = $1 ORDER BY position"
    )
    return [(row["position"], row["state"]) for row in rows]


async def test_every_event_comes_once_and_in_order(shop: Shop, notebook: Notebook) -> None:
    await _happened(shop, ("a", 1), ("b", 2))
    await _react(shop)
    await _happened(shop, ("a", 3))
    await _react(shop)
    await _react(shop)
    assert notebook.read == [1, 2, 3]


async def test_a_poisoned_event_blocks_its_own_entity_only(shop: Shop, notebook: Notebook) -> None:
    notebook.poison = {2}
    await _happened(shop, ("a", 1), ("b", 2), ("c", 3), ("b", 4), ("a", 5))
    await _react(shop)
    assert notebook.read == [1, 3, 5]
    assert await _parked(shop) == [(2, "parked"), (4, "parked")]


async def test_parked_events_follow_in_order_once_the_cause_is_mended(
    shop: Shop, notebook: Notebook
) -> None:
    notebook.poison = {2}
    await _happened(shop, ("b", 2), ("b", 4), ("a", 5))
    await _react(shop)
    await _due_now(shop)
    assert await retry_parked(shop.tenant_id) is True  # fails again, 4 stays behind it
    assert notebook.read == [5]
    notebook.poison = set()
    for _ in range(3):
        await _due_now(shop)
        await retry_parked(shop.tenant_id)
    assert notebook.read == [5, 2, 4]
    assert await _parked(shop) == [(1, "done"), (2, "done")]


async def test_an_event_that_comes_while_the_one_before_it_is_retried_is_not_forgotten(
    shop: Shop, notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step sees the entity blocked, the retry ends the block, the step parks behind nobody."""
    notebook.poison = {1}
    await _happened(shop, ("a", 1))
    await _react(shop)
    notebook.poison = set()
    await _due_now(shop)
    await _happened(shop, ("a", 2))
    await shop.work("relay")
    looked, go_on = asyncio.Event(), asyncio.Event()
    blocked = parking.blocked_entities

    async def slow(*asked: Any) -> set[str]:
        found = await blocked(*asked)
        looked.set()
        await go_on.wait()
        return found

    monkeypatch.setattr(parking, "blocked_entities", slow)  # go_on stays set after
    step = asyncio.create_task(run_reactions(shop.tenant_id))
    await looked.wait()
    retried = asyncio.create_task(retry_parked(shop.tenant_id))
    await asyncio.sleep(0.1)
    assert not retried.done()  # it waits for the step
    go_on.set()
    await asyncio.gather(step, retried)
    await retry_parked(shop.tenant_id)  # without anybody setting it due
    assert notebook.read == [1, 2]


async def test_a_redrive_frees_what_waits_behind_nobody(shop: Shop, notebook: Notebook) -> None:
    notebook.poison = {1}
    await _happened(shop, ("a", 1), ("a", 2))
    await _react(shop)
    await shop.rows(
        "UPDATE parked_event SET state = 'done' WHERE tenant_id = $1 AND position = 1 RETURNING id"
    )
    assert await retry_parked(shop.tenant_id) is False
    async with unit_of_work(shop.tenant_id):
        await parking.redrive_dead()
    assert await retry_parked(shop.tenant_id) is True
    assert notebook.read == [2]


async def test_after_eight_attempts_an_event_is_dead_and_can_be_redriven(
    shop: Shop, notebook: Notebook
) -> None:
    notebook.poison = {1}
    await _happened(shop, ("a", 1))
    await _react(shop)
    for _ in range(parking.ATTEMPTS):
        await _due_now(shop)
        await retry_parked(shop.tenant_id)
    assert await _parked(shop) == [(1, "dead")]
    await _due_now(shop)
    assert await retry_parked(shop.tenant_id) is False
    notebook.poison = set()
    async with unit_of_work(shop.tenant_id):
        assert await parking.redrive_dead() == 1
    assert await retry_parked(shop.tenant_id) is True
    assert notebook.read == [1]


async def test_the_reason_of_a_parked_event_is_kept(shop: Shop, notebook: Notebook) -> None:
    notebook.poison = {7}
    await _happened(shop, ("a", 7))
    await _react(shop)
    rows = await shop.rows("SELECT reason FROM parked_event WHERE tenant_id = $1")
    assert rows == [{"reason": "RuntimeError: poisoned by [7]"}]


async def test_how_far_behind_counts_stamped_unstamped_and_parked(
    shop: Shop, notebook: Notebook
) -> None:
    notebook.poison = {1}
    await _happened(shop, ("a", 1), ("b", 2))
    async with unit_of_work(shop.tenant_id):
        announce(Noted("c", 3))
    async with unit_of_work(shop.tenant_id):
        assert await events_behind() == 3
    await _react(shop)
    async with unit_of_work(shop.tenant_id):
        assert await events_behind() == 2  # one unstamped, one parked


async def test_a_reaction_with_a_fault_of_its_own_neither_stops_nor_holds_up_others(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = Notebook()

    async def wrong_call(events: Sequence[Event]) -> None:
        await fetch("SELECT $1::uuid, $2::int")  # one value too few: asyncpg's InterfaceError

    async def gives_up(events: Sequence[Event]) -> None:
        raise TimeoutError("of something else")

    faulty = {
        name: Reaction(name, frozenset({Noted.type}), react)
        for name, react in (("a.wrong", wrong_call), ("b.slow", gives_up), ("c.good", good.react))
    }
    monkeypatch.setattr(reactions, "_registered", faulty)
    await _happened(shop, ("a", 1))
    await _react(shop)
    assert good.read == [1]
    rows = await shop.rows("SELECT reaction FROM parked_event WHERE tenant_id = $1 ORDER BY 1")
    assert [row["reaction"] for row in rows] == ["a.wrong", "b.slow"]


async def test_what_waits_behind_a_dead_event_is_not_due(shop: Shop, notebook: Notebook) -> None:
    notebook.poison = {1}
    await _happened(shop, ("a", 1), ("a", 2))
    await _react(shop)
    rows = await shop.rows(
        "SELECT due_at = 'infinity' AS never FROM parked_event WHERE tenant_id = $1 ORDER BY position"
    )
    assert [row["never"] for row in rows] == [False, True]


async def test_a_parked_event_that_is_no_longer_kept_is_not_called_done(
    shop: Shop, notebook: Notebook
) -> None:
    notebook.poison = {1}
    await _happened(shop, ("a", 1))
    await _react(shop)
    await shop.rows("DELETE FROM event WHERE tenant_id = $1 RETURNING id")
    await _due_now(shop)
    await retry_parked(shop.tenant_id)
    rows = await shop.rows("SELECT state, reason FROM parked_event WHERE tenant_id = $1")
    assert rows[0]["state"] == "parked"
    assert "no longer kept" in rows[0]["reason"]
