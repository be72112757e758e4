"""A state machine of one line: whoever joins, leaves or comes back is told the list but for its gaps."""

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from shuke_core.kit.ids import new_id
from shuke_core.live.topics import Item, Topic
from shuke_schema.live.lines import Line

KEY, OTHER = "mine", "another's"


@dataclass
class Heard:
    """A listener and what it was told; `after` is where it began, `lost` where gaps stand."""

    after: int
    items: list[int] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)

    def feed(self, items: list[Item]) -> None:
        self.items += [item.position for item in items]

    def lose(self, position: int) -> None:
        self.lost.append(position)

    __hash__ = object.__hash__


class OneLine(RuleBasedStateMachine):
    """The line of a topic against the list of all that ever lay in its stream."""

    def __init__(self) -> None:
        super().__init__()
        self.line = Line(new_id(), Topic("t", frozenset(), "k"))
        self.line.position = 0
        self.stream: list[Item] = []
        self.missed: set[int] = set()  # lay in the stream while the line lost it
        self.listeners: list[Heard] = []
        self.position = 0

    @rule()
    def join(self) -> None:
        heard = Heard(self.position)
        self.listeners.append(heard)
        self.line.listeners[KEY].add(heard)

    @precondition(lambda self: self.listeners)
    @rule(nth=st.integers(0, 99))
    def leave(self, nth: int) -> None:
        heard = self.listeners.pop(nth % len(self.listeners))
        self.line.listeners[KEY].discard(heard)

    @rule(keys=st.lists(st.sampled_from([KEY, OTHER]), min_size=1, max_size=40))
    def tell(self, keys: list[str]) -> None:
        items = []
        for key in keys:
            self.position += 1
            items.append(Item(self.position, "x", key, b"{}", ""))
        self.stream += items
        self.line.tell(items)

    @rule(count=st.integers(1, 30))
    def lose(self, count: int) -> None:
        for _ in range(count):
            self.position += 1
            self.stream.append(Item(self.position, "x", KEY, b"{}", ""))
            self.missed.add(self.position)
        self.line.lose(self.position)

    @rule(back=st.integers(1, 60))
    def come_back(self, back: int) -> None:
        """What lies before the floor is read again and kept."""
        after = max(0, self.line.floor - back)
        older = [i for i in self.stream if after < i.position <= self.line.floor]
        self.line.keep_older(older, after)

    @rule(back=st.integers(0, 80))
    def replay(self, back: int) -> None:
        after = max(self.line.floor, self.position - back)
        told = [item.position for item in self.line.kept(KEY, after, self.position)]
        assert told == [i.position for i in self.stream if i.key == KEY and after < i.position]

    @invariant()
    def each_list_is_the_streams_but_for_its_gaps(self) -> None:
        for heard in self.listeners:
            assert heard.items == [
                i.position
                for i in self.stream
                if i.key == KEY and i.position > heard.after and i.position not in self.missed
            ]
            marked = {gap for gap in self.missed if gap > heard.after}
            assert not marked or max(marked) <= max(heard.lost)


TestOneLine = OneLine.TestCase
TestOneLine.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
