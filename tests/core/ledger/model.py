"""The ledger as it should be: accounts, lots and debt in plain Python, without a database.

Members and causes are small numbers; lots keep the order in which they were opened.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime

NEVER = datetime.max.replace(tzinfo=UTC)
Fact = tuple[str, int, int]


@dataclass
class ModelLot:
    """Points of one earning. `number` counts lots as they are opened."""

    number: int
    cause: int
    amount: int
    remaining: int
    opens_at: datetime
    expires_at: datetime | None

    def usable_at(self, moment: datetime) -> bool:
        """Open already and not lapsed yet."""
        return self.opens_at <= moment and (self.expires_at is None or self.expires_at > moment)

    def due_at(self, moment: datetime) -> bool:
        """To be swept: lapsed, with something left."""
        return self.remaining > 0 and self.expires_at is not None and self.expires_at <= moment


@dataclass
class ModelAccount:
    """What one member holds and owes."""

    lots: list[ModelLot] = field(default_factory=list)
    debt: int = 0

    @property
    def available(self) -> int:
        return sum(lot.remaining for lot in self.lots)

    def spendable(self, moment: datetime) -> int:
        """What a spend may take at that moment."""
        return sum(lot.remaining for lot in self.lots if lot.usable_at(moment))

    def take(self, amount: int, lots: list[ModelLot], first: int | None = None) -> int:
        """Takes from `lots`, those of the cause `first` first, then soonest expiry, then oldest."""
        left = amount
        for lot in sorted(
            lots,
            key=lambda lot: (
                lot.cause != first,
                lot.expires_at or NEVER,
                lot.number,
            ),
        ):
            part = min(lot.remaining, left)
            lot.remaining -= part
            left -= part
        return amount - left


@dataclass
class ModelLedger:
    """All accounts of a tenant, and which causes have acted."""

    accounts: dict[int, ModelAccount] = field(default_factory=dict)
    facts: set[Fact] = field(default_factory=set)
    opened: int = 0

    def _is_new(self, kind: str, cause: int, member: int) -> bool:
        fact = (kind, cause, member)
        known = fact in self.facts
        self.facts.add(fact)
        return not known

    def earn(
        self, batch: list[tuple[int, int, int, datetime, datetime | None]]
    ) -> set[tuple[int, int]]:
        """(member, amount, cause, opens, expires) each; returns the new (member, cause)."""
        new = set()
        for member, amount, cause, opens_at, expires_at in batch:
            account = self.accounts.setdefault(member, ModelAccount())
            if self._is_new("earn", cause, member):
                self.opened += 1
                account.lots.append(
                    ModelLot(self.opened, cause, amount, amount, opens_at, expires_at)
                )
                new.add((member, cause))
        for account in self.accounts.values():
            account.debt -= account.take(account.debt, account.lots)
        return new

    def spend(self, member: int, amount: int, cause: int, now: datetime) -> int | None:
        """What is left to spend; None when there is not enough."""
        account = self.accounts[member]
        usable = account.spendable(now)
        if ("spend", cause, member) in self.facts:
            return usable
        if usable < amount:
            return None
        self.facts.add(("spend", cause, member))
        account.take(amount, [lot for lot in account.lots if lot.usable_at(now)])
        return usable - amount

    def claw_back(self, member: int, amount: int, first: int, cause: int) -> bool:
        """Whether it was new. What the lots do not hold is owed."""
        account = self.accounts[member]
        if not self._is_new("claw_back", cause, member):
            return False
        account.debt += amount - account.take(amount, account.lots, first)
        return True

    def expire(self, now: datetime) -> tuple[int, int]:
        """(accounts touched, points lapsed)."""
        due = {
            member: [lot for lot in account.lots if lot.due_at(now)]
            for member, account in self.accounts.items()
        }
        lapsed = sum(lot.remaining for lots in due.values() for lot in lots)
        for lots in due.values():
            for lot in lots:
                lot.remaining = 0
        return sum(bool(lots) for lots in due.values()), lapsed
