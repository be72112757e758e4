"""Argon2id in threads of its own: few at once, and few that wait, whatever comes in.

Each hash takes 19 MiB and one core for some 30 ms. Who waits holds a connection of the pool, so that
a crowd is refused before it stops everybody else.
"""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from shuke_core.credentials.errors import HashingBusy

AT_ONCE = 2
MOST_WAITING = 4

# OWASP's minimum for Argon2id: 19 MiB, two passes, one lane.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# Of a random password that nobody kept: who is not there takes as long to refuse as who is.
NOBODYS = (
    "$argon2id$v=19$m=19456,t=2,p=1$h8HWgKScdArF6UhPM5fqyQ"
    "$FOAciqoQHVNBAJvGVcNXZ9HtgFKd36e4Xc8UdW5D/kA"
)

_threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="shuke-argon2")
_inside = 0


@asynccontextmanager
async def turn() -> AsyncIterator[None]:
    """A place among those who hash; raises HashingBusy where all are taken. Take it before a lock."""
    global _inside
    if _inside >= AT_ONCE + MOST_WAITING:
        raise HashingBusy()
    _inside += 1
    try:
        yield
    finally:
        _inside -= 1


async def hashed(password: str) -> str:
    """The password's hash, with a salt of its own. Inside a `turn`."""
    return await asyncio.get_running_loop().run_in_executor(_threads, _hasher.hash, password)


async def matches(kept: str | None, password: str) -> bool:
    """Whether the kept hash is of this password; without one it takes as long and is False."""
    there = await asyncio.get_running_loop().run_in_executor(
        _threads, _verified, kept or NOBODYS, password
    )
    return there and kept is not None


def is_outdated(kept: str) -> bool:
    """Whether it was made with other parameters than those of today."""
    return _hasher.check_needs_rehash(kept)


def _verified(kept: str, password: str) -> bool:
    try:
        return _hasher.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False
