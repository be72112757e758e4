"""How much one socket, one caller and one process may hold and send; the documented defaults."""

from dataclasses import dataclass

from shuke_schema.http.limits import Bucket

FRAME_BYTES = 65_536
RING = 1_024  # updates that a group keeps: whoever is further behind passes a gap
RING_CHARACTERS = 524_288  # of all its updates together: the same
RUN = 128  # updates that are made in one go
RECENT = 4_096  # items of a topic that a process keeps for those who come back


_MESSAGES = Bucket(100, 20.0)


@dataclass(frozen=True, slots=True)
class LiveLimits:
    """The limits of sockets. `sockets` is that of the process, `of_caller` that of one person."""

    sockets: int = 10_000
    of_caller: int = 20
    operations: int = 50
    groups: int = 50  # that one person is in, before a new one is refused
    unread: int = 64  # answers to pings and the like that wait for a client to read them
    messages: Bucket = _MESSAGES
    init_seconds: float = 5.0
    close_seconds: float = 5.0  # how long a peer that does not read may hold up its close
    part_seconds: float = 2.0  # at the end of the process: to encode last words, and to send them
    sweep_seconds: float = 2.0
    looks_at_once: int = 3  # tenants whose tokens are looked at together
    look_seconds: float = 3.0  # for one tenant's; then the others get their turn
    confirmed_seconds: float = 5.0  # nothing is sent on a token that was not confirmed since
    strangers: int = 2_000  # sockets of which nobody has said yet who is there
    strangers_of_address: int = 200  # of them, from one source address
    runs_that_read: int = 3  # of the pool's connections
