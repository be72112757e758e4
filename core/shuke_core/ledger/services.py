"""The verbs of the ledger: earn, spend, claw back, expire, merge. Each is one round trip.

Amounts are whole numbers of an asset (points). A cause is the business identity of a movement
(this order, this refund); the same cause never acts twice on an account. Who is merged is named by
their own account as before: what happens to it happens to that of who they are now.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch
from shuke_core.ledger.errors import AmountInvalid, BalanceInsufficient

POINTS = "points"


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something moves: a kind of fact and its id."""

    type: str
    id: UUID


@dataclass(frozen=True, slots=True)
class Earning:
    """What a member earns by one cause. The lot opens when it happened; no expiry means never.
    `campaign_id`: the campaign that it is earned by."""

    member_id: UUID
    amount: int
    cause_id: UUID
    happened_at: datetime
    expires_at: datetime | None
    campaign_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Booked:
    """An earning that was new."""

    entry_id: UUID
    account_id: UUID
    cause_id: UUID
    amount: int


async def earn(
    earnings: Sequence[Earning], *, cause_type: str, rule_id: UUID | None, asset: str = POINTS
) -> list[Booked]:
    """Books the earnings in one statement and settles debts from them; returns the new ones."""
    if not earnings:
        return []
    wrong = next((e.amount for e in earnings if e.amount <= 0), None)
    if wrong is not None:
        raise AmountInvalid(amount=wrong)
    now = clock.now()
    rows = await fetch(
        "SELECT * FROM ledger_earn($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        asset,
        [new_id() for _ in earnings],
        [new_id() for _ in earnings],
        [new_id() for _ in earnings],
        [e.member_id for e in earnings],
        [e.amount for e in earnings],
        cause_type,
        [e.cause_id for e in earnings],
        rule_id,
        [e.happened_at for e in earnings],
        [e.expires_at for e in earnings],
        now,
        [e.campaign_id for e in earnings],
    )
    in_debt = {row["account_id"]: row["cause_id"] for row in rows if row["in_debt"]}
    for account_id in sorted(in_debt):
        await fetch(
            "SELECT ledger_settle_debt($1, $2, $3, $4, $5, $6)",
            *(account_id, new_id(), cause_type, in_debt[account_id], now),
        )
    return [Booked(r["entry_id"], r["account_id"], r["cause_id"], r["amount"]) for r in rows]


async def spend(account_id: UUID, amount: int, cause: Cause) -> int:
    """Spends from the lots that expire soonest; returns what is left to spend.

    The same cause a second time changes nothing. Raises BalanceInsufficient, with nothing done.
    """
    if amount <= 0:
        raise AmountInvalid(amount=amount)
    rows = await fetch(
        "SELECT outcome, available FROM ledger_spend($1, $2, $3, $4, $5, $6, $7)",
        *(account_id, new_id(), amount, cause.type, cause.id, clock.now()),
    )
    if rows[0]["outcome"] == "insufficient":
        raise BalanceInsufficient(available=rows[0]["available"], wanted=amount)
    return int(rows[0]["available"])


async def claw_back(
    account_id: UUID,
    amount: int,
    *,
    first_from: UUID,
    cause: Cause,
    rule_id: UUID | None,
    happened_at: datetime,
) -> bool:
    """Takes back what was earned: from the lots of entry `first_from`, then others, then as debt.

    Returns False when this cause was taken back before; then nothing changes.
    """
    if amount <= 0:
        raise AmountInvalid(amount=amount)
    rows = await fetch(
        "SELECT ledger_claw_back($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) AS is_new",
        account_id,
        new_id(),
        amount,
        first_from,
        cause.type,
        cause.id,
        rule_id,
        happened_at,
        clock.now(),
    )
    return bool(rows[0]["is_new"])


async def expire_lots(run_id: UUID, limit: int = 500) -> tuple[int, int]:
    """Lets the lots lapse whose time has passed; returns accounts touched and points lapsed."""
    rows = await fetch("SELECT * FROM ledger_expire($1, $2, $3, $4)", run_id, clock.now(), limit)
    return int(rows[0]["accounts"]), int(rows[0]["points"])


async def merge_holdings(merge_id: UUID, survivor_id: UUID, absorbed_id: UUID) -> None:
    """All points and debts of the absorbed become the survivor's. Both members are locked already."""
    await fetch(
        "SELECT ledger_merge($1, $2, $3, $4, $5)",
        *(merge_id, survivor_id, absorbed_id, clock.now()),
    )


async def unmerge_holdings(merge_id: UUID, survivor_id: UUID, absorbed_id: UUID) -> None:
    """The absorbed get back what is left of what they brought. Both members are locked already."""
    await fetch(
        "SELECT ledger_unmerge($1, $2, $3, $4, $5)",
        *(merge_id, survivor_id, absorbed_id, clock.now()),
    )
