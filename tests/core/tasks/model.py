"""A small model of tasks: what is whose, how far, and what is told when. No database, no locks."""

from dataclasses import dataclass, field

ENDED = frozenset({"done", "cancelled"})


@dataclass
class ModelTask:
    """Times are minutes. `person` and people are numbers; every task has the one role."""

    created: int
    due: int
    person: int | None
    is_inquiry: bool
    state: str = "open"
    version: int = 1
    is_touched: bool = False
    waiting: dict[str, int] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=lambda: ["created"])

    def __post_init__(self) -> None:
        self.waiting = {
            "before": self.due - min(15, (self.due - self.created) // 2),
            "due": self.due,
        }

    def claim(self, who: int) -> str | None:
        if self.state in ENDED:
            return "TASK_ENDED"
        if self.person == who:
            return None
        if self.person is not None:
            return "TASK_TAKEN"
        self.person, self.is_touched = who, True
        return self._step("claimed")

    def start(self, who: int) -> str | None:
        if refused := self._refused(who, self.version):
            return refused
        if self.state == "started":
            return None
        self.state, self.is_touched = "started", True
        return self._step("started")

    def hand_over(self, who: int, to: int | None, version: int) -> str | None:
        if refused := self._refused(who, version):
            return refused
        self.person, self.state = to, "open"
        return self._step("handed_over")

    def end(self, who: int, state: str, version: int) -> str | None:
        if refused := self._refused(who, version):
            return refused
        self.state, self.is_touched, self.waiting = state, True, {}
        return self._step(state)

    def remind(self, now: int) -> None:
        """What a worker does that comes by."""
        due = sorted(kind for kind, at in self.waiting.items() if at <= now)
        for kind in due:
            del self.waiting[kind]
        if "due" in due and self.is_inquiry and not self.is_touched:
            self.person = None
            self._step("escalated")
            self.told.append("escalated")
        elif due:
            self.told.append("due" if "due" in due else "reminded")

    def _refused(self, who: int, version: int) -> str | None:
        if self.person != who:
            return "TASK_UNKNOWN"
        if self.state in ENDED:
            return "TASK_ENDED"
        return None if version == self.version else "TASK_CHANGED"

    def _step(self, act: str) -> str | None:
        """Nothing refuses it."""
        self.version += 1
        self.steps.append(act)
        return None
