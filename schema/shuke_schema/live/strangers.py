"""Strangers: sockets on which nobody has said yet who is there. So many are let in, and no more."""

from collections import Counter


class Strangers:
    """Counted in all, and by source address."""

    def __init__(self, most: int, most_of_address: int) -> None:
        self._most, self._most_of_address = most, most_of_address
        self._by_address: Counter[str] = Counter()
        self.count = 0

    def enter(self, address: str) -> bool:
        """Counts one more; False when there are too many already."""
        if self.count >= self._most or self._by_address[address] >= self._most_of_address:
            return False
        self.count += 1
        self._by_address[address] += 1
        return True

    def leave(self, address: str) -> None:
        """It is known who is there, or the socket is closed."""
        self.count -= 1
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]
