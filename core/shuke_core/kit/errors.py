"""The root of what can go wrong on purpose: each error has a stable code and carries objects."""

from typing import ClassVar


class ShukeError(Exception):
    """An expected failure. `code` is part of the API and never changes its meaning.

    Subclasses set `code` and `sentence`, a template over the keyword arguments that the raiser
    hands in; they stay readable as attributes of `facts`.
    """

    code: ClassVar[str]
    sentence: ClassVar[str]

    def __init__(self, **facts: object) -> None:
        self.facts = facts
        super().__init__(self.sentence.format(**facts))
