"""What happens when somebody leaves: domains above say what becomes of what was theirs.

A domain registers in its room `services`; it runs inside the unit in which the person leaves, so
that at no moment somebody who has left still has it.
"""

from collections.abc import Awaitable, Callable
from uuid import UUID

Heritage = Callable[[UUID, UUID | None], Awaitable[object]]

_registered: list[Heritage] = []


def when_somebody_leaves(pass_on: Heritage) -> Heritage:
    """Registers `pass_on(who, to)`; `to` None: to nobody. It may refuse, and then nobody leaves."""
    _registered.append(pass_on)
    return pass_on


async def pass_everything_on(staff_id: UUID, to: UUID | None) -> None:
    """Lets every domain pass on what was theirs."""
    for pass_on in _registered:
        await pass_on(staff_id, to)
