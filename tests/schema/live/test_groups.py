"""A group between its awaits: what is lost or left while it reads and encodes is not forgotten."""

import asyncio
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from shuke_core.kit.ids import new_id
from shuke_core.kit.tasks import Tasks
from shuke_core.live.cursors import Cursors
from shuke_core.live.topics import Item, Topic
from shuke_schema.live.groups import Group
from shuke_schema.live.limits import RING, RING_CHARACTERS
from shuke_schema.live.lines import Line
from shuke_schema.live.operations import Operation
from shuke_schema.live.protocol import Message
from shuke_schema.live.updates import Told

TOPIC = Topic("t", frozenset(), "k")


def items(*positions: int) -> list[Item]:
    return [Item(position, "x", "mine", b"{}", "") for position in positions]


class House:
    """A hub, its reader and a run, of which the test holds the ends."""

    def __init__(self, begins_at: int = 0) -> None:
        self.line = Line(new_id(), TOPIC)
        self.line.begin(begins_at, Cursors(bytes(16)))
        self.listening: set[object] = set()
        self.given_up = 0
        self.tasks, self.reader = Tasks(), self
        self.history: list[Item] = []
        self.meanwhile: Callable[[], None] | None = None
        self.text = "{}"
        source = SimpleNamespace(topic=TOPIC)
        self.run = SimpleNamespace(tenant_id=self.line.tenant_id, source=source, key="mine",
                                   encoded=self.encoded)  # fmt: skip
        self.group = Group(self, "g", self.run)  # type: ignore[arg-type]

    async def listen(self, _: object, __: object, ___: object, who: object) -> Line:
        self.listening.add(who)
        await asyncio.sleep(0)
        return self.line

    def forget(self, _: object, __: object, ___: object, who: object) -> None:
        self.listening.discard(who)

    def give_up(self, *_: object) -> None:
        self.given_up += 1

    async def replay(self, _: object, __: object, after: int, upto: int) -> list[Item] | None:
        return [item for item in self.history if after < item.position <= upto]

    async def encoded(self, told: Sequence[Told]) -> list[tuple[int, str]]:
        await asyncio.sleep(0)
        if (meanwhile := self.meanwhile) is not None and told[0].item is not None:
            self.meanwhile = None
            meanwhile()
        return [(each.position, f"{each.position}{'!' if each.gap else ''}{self.text}")
                for each in told]  # fmt: skip

    async def joined(self, after: int | None = None) -> Operation:
        socket: Any = SimpleNamespace(notify=lambda operation: None)
        operation = Operation(socket, Message("subscribe", "1"))
        operation.group = self.group
        await self.group.join(operation, after)
        return operation

    async def settle(self) -> None:
        for _ in range(200):
            await asyncio.sleep(0)


async def heard(operation: Operation) -> list[str]:
    """All that the operation is sent: positions, `!` behind those that tell a gap."""
    told: list[str] = []
    while True:
        if (text := operation.take()) is not None:
            told.append(text.partition('"payload":')[2].removesuffix("{}"))
        elif operation.is_behind:
            await operation.over_gap()
        else:
            return told


async def test_what_is_lost_while_another_comes_back_is_a_gap_for_everybody() -> None:
    house = House(begins_at=10)
    present = await house.joined()
    assert await heard(present) == ["10"]
    house.history = items(*range(1, 11))
    house.meanwhile = lambda: house.group.lose(20)
    back = await house.joined(after=3)
    (told,) = await heard(present)
    assert told.endswith("!")
    assert (await heard(back))[0] == "3"


async def test_a_gap_stays_before_who_has_not_passed_it_when_another_comes_back_behind_it() -> None:
    house = House()
    present = await house.joined()
    house.group.feed(items(1, 2, 3))
    await house.settle()
    house.group.lose(20)
    house.history = items(*range(15, 21))
    back = await house.joined(after=14)
    assert await heard(back) == ["14", *(str(each) for each in range(15, 21))]
    assert await heard(present) == ["0", "20!"]


async def test_what_was_being_encoded_when_it_was_lost_is_not_told_behind_the_gap() -> None:
    house = House()
    present = await house.joined()
    house.meanwhile = lambda: house.group.lose(20)
    house.group.feed(items(1, 2))
    await house.settle()
    house.group.feed(items(21))
    await house.settle()
    told = await heard(present)
    assert told[-1] in ("21", "21!")
    assert house.group.frames == [(21, "21{}")]


async def test_a_group_that_is_left_while_it_encodes_listens_no_more() -> None:
    house = House()
    only = await house.joined()
    house.meanwhile = lambda: house.group.leave(only)
    house.group.feed(items(*range(1, 400)))
    await house.settle()
    assert not house.listening
    assert house.given_up == 1
    assert await house.group.mark(5, gap=True)
    assert not house.listening


@pytest.mark.parametrize("length", [10, RING_CHARACTERS // 4])
async def test_a_ring_is_small_in_number_and_in_characters(length: int) -> None:
    house = House()
    present = await house.joined()
    house.text = "x" * length
    for start in range(1, 40 if length > 100 else 3 * RING, 13):
        house.group.feed(items(*range(start, start + 13)))
        await house.settle()
        frames = house.group.frames
        assert len(frames) <= 2 * RING
        assert sum(len(frame.text) for frame in frames) <= 2 * RING_CHARACTERS
    assert present.take() is not None
    assert present.is_behind
