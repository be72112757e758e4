"""Failures of plugins: collected while a unit of work runs, written in one statement at its end.

So the rows that all readers of a tenant share are locked for a moment, and in one order. A failing
part of the unit takes back nothing of this: what failed in it is what is to be told.
"""

import logging
from dataclasses import dataclass, field

from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.kit.masking import reason_of
from shuke_core.kit.metrics import HOOK_FAULTS
from shuke_core.kit.transactions import NoUnitOfWork, current_unit, fetch

_NAME = "plugin_faults"
_MOST_PLACE = 80

log = logging.getLogger("shuke.plugins")


@dataclass(slots=True)
class Faults:
    """Of one unit of work: by key and place how often, and why the last time; who was late."""

    noted: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)
    late: set[str] = field(default_factory=set)

    def note(self, key: str, place: str, fault: BaseException) -> bool:
        """Counts one; says whether it is the first of its key and place."""
        times, _ = self.noted.get((key, place[:_MOST_PLACE]), (0, ""))
        self.noted[key, place[:_MOST_PLACE]] = times + 1, reason_of(fault)
        return times == 0

    async def __call__(self) -> None:
        """Writes them, sorted, so that two units wait for each other and never in a ring."""
        rows = sorted((*at, *told) for at, told in self.noted.items())
        if not rows:
            return
        await fetch(
            "INSERT INTO plugin_fault (tenant_id, id, key, place, times, reason, last_at) "
            "SELECT $1, t.*, $7 FROM unnest($2::uuid[], $3::text[], $4::text[], $5::int[], "
            "$6::text[]) AS t ON CONFLICT (tenant_id, key, place) DO UPDATE SET "
            "times = plugin_fault.times + excluded.times, reason = excluded.reason, "
            "last_at = excluded.last_at",
            [new_id() for _ in rows],
            *(list(column) for column in zip(*rows, strict=True)),
            clock.now(),
        )


def faults_here() -> Faults:
    """Those of the open unit of work."""
    lasting = current_unit().lasting
    if _NAME not in lasting:
        lasting[_NAME] = Faults()
    faults = lasting[_NAME]
    assert isinstance(faults, Faults)  # noqa: S101
    return faults


def contain(key: str, place: str, fault: BaseException) -> None:
    """Counts a failure of a plugin at a place (a hook, a field of the API); logs the first of the
    unit there, since a list of a hundred fails a hundred times alike."""
    HOOK_FAULTS.labels(key, place).inc()
    try:
        is_first = faults_here().note(key, place, fault)
    except NoUnitOfWork:  # a live update that asks the database nothing has no place to keep it
        is_first = True
    if is_first:
        log.error("a plugin failed", extra={"plugin": key, "place": place}, exc_info=fault)


def too_late(key: str, seconds: float) -> TimeoutError:
    """The fault of a plugin that was not done in time; its other fields of this unit aren't asked."""
    faults_here().late.add(key)
    return TimeoutError(f"not done in {seconds} s")
