"""Whether this process can serve: the database answers in time and is migrated. Redis is told of."""

import asyncio
from dataclasses import dataclass

from shuke_core.app import installed_apps
from shuke_core.database.recorded import brought_along
from shuke_core.kit.faults import PASSING
from shuke_core.kit.transactions import directory_work, fetch_across

DEADLINE_SECONDS = 2.0
SHARED_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Readiness:
    """`reasons` not to send requests here; empty means ready."""

    reasons: tuple[str, ...]

    @property
    def is_ready(self) -> bool:
        return not self.reasons


class Looks:
    """Looks at the database for whoever asks: all who ask within a second share one look, so that
    asking often costs no more connections than asking once."""

    def __init__(self) -> None:
        self._latest: asyncio.Task[Readiness] | None = None
        self._begun = 0.0

    async def ready(self) -> Readiness:
        """How it is, in time: the look goes on by itself when nobody waits for it any more.

        A statement to a server that is frozen can't be given up at once: even cancelling it waits
        for an answer. Until such a look is over there is no other, so it holds one connection.
        """
        now = asyncio.get_running_loop().time()
        if self._latest is None or (self._latest.done() and now - self._begun >= SHARED_SECONDS):
            self._latest, self._begun = asyncio.create_task(look()), now
        left = self._begun + DEADLINE_SECONDS - now
        await asyncio.wait([self._latest], timeout=max(0.0, left))
        if self._latest.done():
            return self._latest.result()
        return _late()


def _late() -> Readiness:
    return Readiness((f"the database does not answer within {DEADLINE_SECONDS:g} s",))


async def look() -> Readiness:
    """Asks the database, through the same pool that requests wait for."""
    try:
        async with asyncio.timeout(DEADLINE_SECONDS), directory_work():
            rows = await fetch_across("SELECT app, name FROM tortoise_migrations")
    except TimeoutError:
        return _late()
    except PASSING:
        return Readiness(("the database can't be reached",))
    there = {(row["app"], row["name"]) for row in rows}
    missing = [name for name in brought_along(installed_apps()) if name not in there]
    if missing:
        return Readiness((f"{len(missing)} migrations are missing",))
    return Readiness(())
