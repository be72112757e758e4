"""A tree of categories in a dict: what may be done to it, and what becomes of it."""

from dataclasses import dataclass, field
from uuid import UUID

from shuke_core.catalog.rules import DEEPEST


@dataclass(frozen=True, slots=True)
class Refused:
    """The code of a refusal."""

    code: str


@dataclass(slots=True)
class Model:
    """`nodes` are the parent and the name of each category."""

    nodes: dict[UUID, tuple[UUID | None, str]] = field(default_factory=dict)

    def _way(self, category: UUID | None) -> list[UUID]:
        """The category and those above it."""
        way = []
        while category is not None:
            way.append(category)
            category = self.nodes[category][0]
        return way

    def _height(self, category: UUID) -> int:
        below = [each for each, (parent, _) in self.nodes.items() if parent == category]
        return 1 + max((self._height(each) for each in below), default=0)

    def _is_taken(self, parent: UUID | None, name: str, but: UUID | None = None) -> bool:
        return any(each != but and it == (parent, name) for each, it in self.nodes.items())

    def would_refuse(
        self, verb: str, chosen: UUID | None, parent: UUID | None, name: str
    ) -> Refused | None:
        """Why the step is refused, or None."""
        if verb == "create":
            if self._is_taken(parent, name):
                return Refused("CATEGORY_NAME_TAKEN")
            too_deep = len(self._way(parent)) + 1 > DEEPEST
            return Refused("CATEGORY_TOO_DEEP") if too_deep else None
        assert chosen is not None
        if verb == "move":
            if chosen in self._way(parent):
                return Refused("CATEGORY_CYCLIC")
            if len(self._way(parent)) + self._height(chosen) > DEEPEST:
                return Refused("CATEGORY_TOO_DEEP")
            taken = self._is_taken(parent, self.nodes[chosen][1], chosen)
            return Refused("CATEGORY_NAME_TAKEN") if taken else None
        if verb == "rename":
            taken = self._is_taken(self.nodes[chosen][0], name, chosen)
            return Refused("CATEGORY_NAME_TAKEN") if taken else None
        return Refused("CATEGORY_IN_USE") if self._height(chosen) > 1 else None

    def does(self, verb: str, chosen: UUID | None, parent: UUID | None, name: str) -> None:
        """The step, which is not refused."""
        assert chosen is not None
        if verb == "create":
            self.nodes[chosen] = (parent, name)
        elif verb == "move":
            self.nodes[chosen] = (parent, self.nodes[chosen][1])
        elif verb == "rename":
            self.nodes[chosen] = (self.nodes[chosen][0], name)
        else:
            del self.nodes[chosen]
