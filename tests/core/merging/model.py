"""People as they should be: who owns which identity and which points, in plain Python.

Members are numbers, in the order in which they joined; points are lots, in the order of their
earning, which remember whose they were at first.
"""

from dataclasses import dataclass, field

Identity = tuple[str, str, int]  # kind, issuer, number


@dataclass
class ModelLot:
    """Points of one earning; `number` stays with them wherever they go."""

    number: int
    holder: int
    remaining: int


@dataclass
class ModelMerge:
    """What a merge did, which is what its undo reads."""

    survivor: int
    absorbed: int
    identities: set[Identity]
    aliases: set[int]
    lots: set[int]
    undone: bool = False


@dataclass
class ModelPeople:
    """All members of a tenant."""

    owner: dict[Identity, int] = field(default_factory=dict)
    into: list[int | None] = field(default_factory=list)
    shows_phone: list[bool] = field(default_factory=list)
    lots: list[ModelLot] = field(default_factory=list)
    merges: list[ModelMerge] = field(default_factory=list)
    gone: set[int] = field(default_factory=set)

    @property
    def there(self) -> list[int]:
        """Whoever was not erased, merged ones included."""
        return [number for number in range(len(self.into)) if number not in self.gone]

    def now(self, member: int) -> int:
        """Who that is now."""
        into = self.into[member]
        return member if into is None else into

    def identify(self, identity: Identity) -> int:
        if identity not in self.owner:
            self.owner[identity] = len(self.into)
            self.into.append(None)
            self.shows_phone.append(identity[0] == "phone")
        return self.owner[identity]

    def bind(self, identity: Identity, member: int) -> bool:
        """Whether it was nobody's."""
        is_new = identity not in self.owner
        self.owner.setdefault(identity, self.now(member))
        return is_new

    def earn(self, member: int, amount: int) -> None:
        self.lots.append(ModelLot(len(self.lots), self.now(member), amount))

    def balance(self, member: int) -> int:
        return sum(lot.remaining for lot in self.lots if lot.holder == member)

    def spend(self, member: int, amount: int) -> bool:
        """Whether there was enough. The oldest points go first."""
        who = self.now(member)
        if self.balance(who) < amount:
            return False
        for lot in self.lots:
            if lot.holder == who:
                part = min(lot.remaining, amount)
                lot.remaining -= part
                amount -= part
        return True

    def merge(self, survivor: int, absorbed: int) -> bool:
        """Whether they were two."""
        one, other = self.now(survivor), self.now(absorbed)
        if one == other:
            return False
        merge = ModelMerge(
            one,
            other,
            {identity for identity, owner in self.owner.items() if owner == other},
            {member for member, into in enumerate(self.into) if into == other},
            {lot.number for lot in self.lots if lot.holder == other and lot.remaining},
        )
        self.merges.append(merge)
        self.into[other] = one
        for member in merge.aliases:
            self.into[member] = one
        for identity in merge.identities:
            self.owner[identity] = one
        for number in merge.lots:
            self.lots[number].holder = one
        self.shows_phone[one] |= self.shows_phone[other]
        return True

    def lose(self, identity: Identity, member: int) -> bool:
        """Whether it was theirs. Nothing gives it back: an undo least of all."""
        who = self.now(member)
        if self.owner.get(identity) != who:
            return False
        del self.owner[identity]
        for merge in self.merges:
            merge.identities.discard(identity)
        self.shows_phone[who] = self.has_phone(who)
        return True

    def has_phone(self, member: int) -> bool:
        return any(kind == "phone" and owner == member for (kind, *_), owner in self.owner.items())

    def erase(self, member: int) -> None:
        """They go, with whoever was merged into them; their points stay in the sum, nobody's."""
        who = self.now(member)
        self.gone |= {who} | {number for number, into in enumerate(self.into) if into == who}
        self.owner = {known: owner for known, owner in self.owner.items() if owner != who}

    def undo(self, nth: int) -> bool:
        """Whether it could be undone: once, and not while the survivor is somebody else."""
        merge = self.merges[nth]
        one, other = merge.survivor, merge.absorbed
        if merge.undone or one in self.gone or self.into[one] is not None:
            return False
        merge.undone = True
        self.into[other] = None
        for member in merge.aliases:
            if self.into[member] == one:
                self.into[member] = other
        for identity in merge.identities:
            if self.owner.get(identity) == one:
                self.owner[identity] = other
        for number in merge.lots:
            if self.lots[number].holder == one:
                self.lots[number].holder = other
        for each in (one, other):
            self.shows_phone[each] = self.has_phone(each)
        return True
