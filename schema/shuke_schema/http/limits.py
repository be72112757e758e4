"""How much one request, one caller and one tenant may ask of the service; the documented defaults."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Bucket:
    """So much at once (`burst`), and so much comes back each second."""

    burst: int
    per_second: float

    def times(self, scale: float) -> "Bucket":
        """So many times as much, at once and each second."""
        return Bucket(max(1, round(self.burst * scale)), self.per_second * scale)


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of an audience. Counts of a document are those with its fragments spread."""

    body_bytes: int = 256 * 1024
    json_depth: int = 20
    json_values: int = 10_000
    characters: int = 32_768
    tokens: int = 1_000
    comments: int = 200
    literal_depth: int = 10
    aliases: int = 15
    directives: int = 20
    depth: int = 10
    introspection_depth: int = 20
    root_fields: int = 10
    selections: int = 1_000
    repeats: int = 100
    cost: int = 5_000
    list_size: int = 10  # what a list without a page size is taken for
    mutation_cost: int = 10
    errors_shown: int = 10
    deadline_seconds: float = 10.0
    # In units of cost. A phone network may hide thousands of members behind one source address.
    caller: Bucket = Bucket(20_000, 1_000)
    source: Bucket = Bucket(1_000_000, 200_000)
    tenant: Bucket = Bucket(2_000_000, 400_000)

    def at_rate(self, scale: float) -> "Limits":
        """These, with rates of so many times: what one document may be stays what it is."""
        return replace(
            self,
            caller=self.caller.times(scale),
            source=self.source.times(scale),
            tenant=self.tenant.times(scale),
        )


MEMBER = Limits()
# Staff look at whole lists of members, and a shop has few of them.
STAFF = Limits(
    tokens=2_000, aliases=30, selections=2_000, cost=20_000, caller=Bucket(100_000, 5_000)
)
