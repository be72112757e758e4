"""Reads of the ledger: points as the API shows them, a member's balance, what a cause earned."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from uuid import UUID

from shuke_core.kit import clock
from shuke_core.kit.transactions import fetch, fetch_one
from shuke_core.ledger.services import POINTS
from shuke_core.members.following import member_now
from shuke_core.members.queries import Member
from shuke_core.projection.declare import (
    ID,
    Long,
    Page,
    Projection,
    column,
    inline,
    many,
    pages,
    sql,
)
from shuke_core.projection.reads import Read

# Just what a spend may take now. Lots whose time has passed do not count, even before the nightly
# run; nor do lots that open later (a till whose clock is ahead).
_SPENDABLE = """
    this.available - coalesce((
        SELECT sum(l.remaining) FROM ledger_lot l
         WHERE l.tenant_id = :tenant AND l.account_id = this.id AND l.remaining > 0
           AND (l.expires_at <= :now OR l.opens_at > :now)), 0)
"""
_LONGEST_LOOK_DAYS = 730


def spendable(account: str, tenant: str, now: str) -> str:
    """What a spend may take now of the account of that alias, as SQL for another room's statement."""
    asked = {"this.": f"{account}.", ":tenant": tenant, ":now": now}
    sql = _SPENDABLE
    for said, meant in asked.items():
        sql = sql.replace(said, meant)
    return f"({sql})::int8"


class EntryKind(Enum):
    """What moved the points."""

    EARN = "earn"
    SPEND = "spend"
    CLAW_BACK = "claw_back"
    SETTLE = "settle"
    EXPIRE = "expire"
    MERGE_OUT = "merge_out"
    MERGE_IN = "merge_in"
    UNSETTLE = "unsettle"


class ExpiringPoints(Projection, table="ledger_lot"):
    """Points that lapse together."""

    points: Long = column("remaining")
    expires_at: datetime = sql("this.expires_at")  # its readers ask for those that expire


class PointsEntry(Projection, table="ledger_entry"):
    """One movement of points."""

    id: ID
    kind: EntryKind
    points: Long = column("amount")
    at: datetime = column("happened_at")


class Points(Projection, table="ledger_account"):
    """The points of a member. Without an account yet they are zero, and nothing moved."""

    balance: Long = sql(f"coalesce({_SPENDABLE}, 0)::int8")
    debt: Long = sql("coalesce(this.debt, 0)")
    expiring_soon: list[ExpiringPoints] = many(
        "this.account_id = parent.id",
        "this.remaining > 0",
        "this.expires_at > :now",
        "this.expires_at <= :now"
        f" + make_interval(days => least(greatest(:days, 0), {_LONGEST_LOOK_DAYS}))",
        order="this.expires_at, this.id",
        limit=50,
    )
    entries: Page[PointsEntry] = pages("this.account_id = parent.id", newest="happened_at")


class MemberPoints(Projection, joins=Member):
    """A member's points."""

    points: Points = inline("this.member_id = parent.id", f"this.asset = '{POINTS}'")


def points_of_member(member_id: UUID) -> Read:
    """The points of a member who has an account."""
    return Read.one(
        Points,
        *("this.member_id = :member_id", f"this.asset = '{POINTS}'"),
        given={"member_id": member_id},
    )


@dataclass(frozen=True, slots=True)
class Balance:
    """What a member can spend now, and what they owe. No account yet means zero."""

    account_id: UUID | None
    available: int
    debt: int


@dataclass(frozen=True, slots=True)
class Earned:
    """What a cause earned, and what was taken back of it so far by causes of its own."""

    entry_id: UUID
    account_id: UUID
    member_id: UUID
    cause_id: UUID
    amount: int
    rule_id: UUID | None


@dataclass(frozen=True, slots=True)
class Movement:
    """One entry of a cause that moves many accounts, and whose it is."""

    member_id: UUID
    amount: int
    happened_at: datetime


async def balance_of(member_id: UUID, asset: str = POINTS) -> Balance:
    """The member's balance: just what a spend may take now."""
    row = await fetch_one(
        f"SELECT this.id, this.debt, {spendable('this', '$1', '$4')} AS available "
        "FROM ledger_account this "
        "WHERE this.tenant_id = $1 AND this.member_id = $2 AND this.asset = $3",
        *(await member_now(member_id), asset, clock.now()),
    )
    return Balance(row["id"], row["available"], row["debt"]) if row else Balance(None, 0, 0)


async def earned_by(
    cause_type: str, cause_ids: Sequence[UUID], asset: str = POINTS
) -> dict[UUID, Earned]:
    """For each cause that earned something of the asset: its entry, account, amount and rule."""
    rows = await fetch(
        "SELECT e.id AS entry_id, e.account_id, a.member_id, e.cause_id, e.amount, e.rule_id "
        "FROM ledger_entry e JOIN ledger_account a ON a.tenant_id = e.tenant_id "
        "AND a.id = e.account_id WHERE e.tenant_id = $1 AND e.cause_type = $2 "
        "AND e.cause_id = ANY ($3::uuid[]) AND e.kind = 'earn' AND a.asset = $4",
        *(cause_type, list(cause_ids), asset),
    )
    return {row["cause_id"]: Earned(**row) for row in rows}


async def entries_of(cause_type: str, cause_id: UUID, asset: str = POINTS) -> list[Movement]:
    """What one cause has moved of the asset, such as a night's run."""
    rows = await fetch(
        "SELECT a.member_id, e.amount, e.happened_at FROM ledger_entry e "
        "JOIN ledger_account a ON a.tenant_id = e.tenant_id AND a.id = e.account_id "
        "WHERE e.tenant_id = $1 AND e.cause_type = $2 AND e.cause_id = $3 AND a.asset = $4 "
        "ORDER BY a.id",
        *(cause_type, cause_id, asset),
    )
    return [Movement(**row) for row in rows]
