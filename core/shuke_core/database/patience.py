"""How long changes of tables wait for their lock, and how often they come again.

Everybody who comes after a waiting ALTER TABLE waits behind it: so it never waits long, lets all
pass and tries again.
"""

from random import uniform

LOCK_TIMEOUT = "1s"
LOCK_ATTEMPTS = 10


def pause_after(attempt: int) -> float:
    """Seconds until the next attempt, drawn so that two who wait don't come together."""
    return uniform(0, min(10.0, 0.5 * 2**attempt))  # noqa: S311
