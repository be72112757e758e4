"""The demo's numbers: what its own data must lead to, and where the server came to others."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Self

from .operator import LedgerNumbers, TenantNumbers
from .tickets import Ticket
from .till import Status


@dataclass(frozen=True, slots=True)
class Expected:
    """What a server that cleans well and loses nothing must come to.

    A customer all of whose tickets are beyond cleaning does not become a member.
    """

    sent: int
    accepted: int
    quarantined: int
    members: int
    points: int
    """One point per whole yuan of each accepted ticket."""

    @classmethod
    def of(cls, tickets: Iterable[Ticket]) -> Self:
        sent = accepted = points = 0
        phones: set[str] = set()
        for ticket in tickets:
            sent += 1
            if ticket.readable:
                accepted += 1
                phones.add(ticket.phone)
                points += ticket.fen // 100
        return cls(sent, accepted, sent - accepted, len(phones), points)


@dataclass(frozen=True, slots=True)
class Seconds:
    """The time from a webhook's arrival to its points, in seconds."""

    p50: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class Report:
    """What the server came to; `as_json` is the last line of `shuke demo --check`."""

    orders_sent: int
    orders_accepted: int
    orders_quarantined: int
    members: int
    points_issued: int
    ledger_differences: int
    webhook_to_points_seconds: Seconds
    seconds: float
    contradictions: tuple[str, ...]

    @classmethod
    def of(
        cls,
        expected: Expected,
        status: Status,
        tenant: TenantNumbers,
        ledger: LedgerNumbers,
        webhook_to_points: Seconds,
        seconds: float,
    ) -> Self:
        return cls(
            orders_sent=expected.sent,
            orders_accepted=status.accepted,
            orders_quarantined=status.quarantined,
            members=tenant.members,
            points_issued=ledger.issued,
            ledger_differences=ledger.differences,
            webhook_to_points_seconds=webhook_to_points,
            seconds=round(seconds, 1),
            contradictions=tuple(
                _contradictions(expected, status, tenant, ledger, webhook_to_points)
            ),
        )

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def _contradictions(
    expected: Expected,
    status: Status,
    tenant: TenantNumbers,
    ledger: LedgerNumbers,
    webhook_to_points: Seconds,
) -> Iterable[str]:
    answered = status.accepted + status.quarantined
    if answered != expected.sent:
        yield (
            f"{expected.sent} tickets were sent, but {status.accepted} accepted and "
            f"{status.quarantined} quarantined make {answered}."
        )
    compared = (
        ("orders accepted", status.accepted, expected.accepted),
        ("orders quarantined", status.quarantined, expected.quarantined),
        ("orders of the tenant", tenant.orders, expected.accepted),
        ("members", tenant.members, expected.members),
        ("points issued", ledger.issued, expected.points),
        ("dead messages", status.dead, 0),
        ("differences in the ledger", ledger.differences, 0),
    )
    for what, found, wanted in compared:
        if found != wanted:
            yield f"{what}: {found} instead of {wanted}."
    if webhook_to_points.p50 is None or webhook_to_points.p99 is None:
        yield "The server doesn't tell the time from webhook to points."
