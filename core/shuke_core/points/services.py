"""The verbs of points: set the rule, earn for orders, take back for refunds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from shuke_core.audit.services import record
from shuke_core.blocks.queries import BlockPurpose, blocks_of
from shuke_core.events.outbox import announce
from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.kit.locking import lock_until_commit
from shuke_core.kit.transactions import fetch
from shuke_core.ledger.queries import earned_by, entries_of
from shuke_core.ledger.services import Cause, Earning, claw_back, earn, expire_lots
from shuke_core.members.following import hold_members
from shuke_core.points.errors import EarningRuleInvalid, EarningRuleMissing
from shuke_core.points.events import PointsMoved
from shuke_core.points.rules import points_for, points_to_take_back
from shuke_core.points.withholding import withheld_of
from shuke_core.tenants.queries import this_tenant

ORDER = "order"
REFUND = "refund"
EXPIRY = "expiry"
WITHHELD = "points.withheld"
_LONGEST_LIFE_DAYS = 3_650
_HIGHEST_RATE = Decimal(1000)


@dataclass(frozen=True, slots=True)
class Rule:
    """One version of the earning rule. No `expires_after_days` means that points never lapse; what it
    rates is of the campaign `campaign_id`, unless the order says another."""

    id: UUID
    points_per_yuan: Decimal
    expires_after_days: int | None
    campaign_id: UUID | None = None


async def set_earning_rule(
    points_per_yuan: Decimal, expires_after_days: int | None, campaign_id: UUID | None = None
) -> bool:
    """Puts a new version of the rule in force from now on; False when it says the same already.

    The rate has up to three places; a life of N days ends at the tenant's midnight after day N. The
    points of a rule that is of a campaign count for that campaign.
    """
    if not 0 <= points_per_yuan <= _HIGHEST_RATE or points_per_yuan != round(points_per_yuan, 3):
        raise EarningRuleInvalid(
            problem=f"{points_per_yuan} points per yuan: use 0 to 1000, up to three places."
        )
    if expires_after_days is not None and not 1 <= expires_after_days <= _LONGEST_LIFE_DAYS:
        raise EarningRuleInvalid(
            problem=f"A life of {expires_after_days} days: use 1 to {_LONGEST_LIFE_DAYS}."
        )
    await lock_until_commit("earning_rule")
    rows = await fetch(
        """
        INSERT INTO earning_rule (tenant_id, id, version, points_per_yuan, expires_after_days,
                                  valid_from, campaign_id)
        SELECT $1, $2, coalesce(max(r.version), 0) + 1, $3, $4, $5, $6
          FROM earning_rule r WHERE r.tenant_id = $1
        HAVING NOT EXISTS (
            SELECT FROM earning_rule n
             WHERE n.tenant_id = $1 AND n.points_per_yuan = $3
               AND n.expires_after_days IS NOT DISTINCT FROM $4
               AND n.campaign_id IS NOT DISTINCT FROM $6
               AND n.version = (SELECT max(version) FROM earning_rule WHERE tenant_id = $1))
        RETURNING id
        """,
        *(new_id(), points_per_yuan, expires_after_days, clock.now(), campaign_id),
    )
    return bool(rows)


async def rule_in_force() -> Rule:
    """The version that rates what arrives now; raises EarningRuleMissing."""
    return _rule_at(await _rules(), clock.now())


async def _rules() -> list[tuple[datetime, Rule]]:
    """Every version with the moment from which it holds, newest first; EarningRuleMissing."""
    rows = await fetch(
        "SELECT id, points_per_yuan, expires_after_days, campaign_id, valid_from FROM earning_rule "
        "WHERE tenant_id = $1 ORDER BY version DESC"
    )
    if not rows:
        raise EarningRuleMissing()
    return [(row.pop("valid_from"), Rule(**row)) for row in rows]


def _rule_at(rules: Sequence[tuple[datetime, Rule]], moment: datetime) -> Rule:
    """The version in force at the moment; before the first one, the first."""
    return next((rule for valid_from, rule in rules if valid_from <= moment), rules[-1][1])


def _expiry(day: date, rule: Rule, zone: ZoneInfo) -> datetime | None:
    if rule.expires_after_days is None:
        return None
    return clock.day_after(day, rule.expires_after_days, zone)


async def life_of_points(moment: datetime) -> datetime | None:
    """When points lapse that are earned at the moment; None for never. EarningRuleMissing."""
    zone = (await this_tenant()).zone
    return _expiry(moment.astimezone(zone).date(), _rule_at(await _rules(), moment), zone)


async def earn_for_orders(orders: Sequence[dict[str, Any]]) -> int:
    """Books what the orders earn (payloads of `order.completed` and `order.claimed`); returns how many
    were new.

    An order is rated by the rule of the moment it was received, however late the worker comes to
    it; its points live from its own business day. Orders without a member earn when claimed, withheld
    ones (`withholding`) never. What is received while a member is blocked for points earns nothing,
    then or later: the audit says so. The points are of the campaign that the order says, else of that of
    the rule.
    """
    if not orders:
        return 0
    rules, tenant = await _rules(), await this_tenant()
    withheld = await withheld_of(UUID(order["order_id"]) for order in orders)
    buyers = {UUID(order["member_id"]) for order in orders if order["member_id"] is not None}
    now = await hold_members(buyers)  # who was merged since they bought earns as who they are now
    blocks = await blocks_of(set(now.values()), BlockPurpose.POINTS) if buyers else {}
    earnings: dict[Rule, list[Earning]] = {}
    for order in orders:
        received_at = datetime.fromisoformat(order["received_at"])
        rule = _rule_at(rules, received_at)
        points = points_for(order["total_fen"], rule.points_per_yuan)
        if order["member_id"] is None or points <= 0 or UUID(order["order_id"]) in withheld:
            continue
        member_id, order_id = UUID(order["member_id"]), UUID(order["order_id"])
        if member_id not in now:  # erased since: the order is kept, and nobody's
            continue
        block = blocks.get(now[member_id])
        if block is not None and block.holds_at(received_at):
            await record(WITHHELD, f"order:{order_id}", member_id=member_id, reason=block.reason)
            continue
        earnings.setdefault(rule, []).append(
            Earning(
                member_id,
                points,
                order_id,
                datetime.fromisoformat(order["placed_at"]),
                _expiry(date.fromisoformat(order["business_day"]), rule, tenant.zone),
                _campaign(order) or rule.campaign_id,
            )
        )
    done = 0
    for rule, of_rule in earnings.items():
        earned = {earning.cause_id: earning for earning in of_rule}
        for booked in await earn(of_rule, cause_type=ORDER, rule_id=rule.id):
            earning = earned[booked.cause_id]
            announce(
                PointsMoved(
                    now[earning.member_id],
                    "earn",
                    booked.amount,
                    ORDER,
                    booked.cause_id,
                    earning.happened_at,
                )
            )
            done += 1
    return done


def _campaign(order: dict[str, Any]) -> UUID | None:
    """The campaign that the order says it was made in; facts of before say nothing of it."""
    said = order.get("campaign_id")
    return UUID(said) if said else None


async def take_back_for_refunds(refunds: Sequence[dict[str, Any]]) -> int:
    """Takes back what refunded parts of orders had earned (payloads of `order.refunded`).

    By the rate the order was rated with, whatever the rule says today; returns how many were new.
    """
    if not refunds:
        return 0
    earned = await earned_by(ORDER, [UUID(refund["order_id"]) for refund in refunds])
    rates = await _rates({e.rule_id for e in earned.values() if e.rule_id})
    now = await hold_members(each.member_id for each in earned.values())
    done = 0
    for refund in refunds:
        origin = earned.get(UUID(refund["order_id"]))
        if origin is None or origin.rule_id is None:
            continue
        points = points_to_take_back(
            refund["total_fen"],
            refund["refunded_before_fen"],
            refund["refunded_fen"],
            rates[origin.rule_id],
        )
        if points <= 0:
            continue
        refund_id, at = UUID(refund["refund_id"]), datetime.fromisoformat(refund["refunded_at"])
        if await claw_back(
            origin.account_id,
            points,
            first_from=origin.entry_id,
            cause=Cause(REFUND, refund_id),
            rule_id=origin.rule_id,
            happened_at=at,
        ):
            announce(
                PointsMoved(now[origin.member_id], "claw_back", -points, REFUND, refund_id, at)
            )
            done += 1
    return done


async def let_lapse(run_id: UUID) -> int:
    """Lets the points of up to 500 accounts lapse whose time has passed; returns of how many."""
    accounts, _ = await expire_lots(run_id)
    for entry in await entries_of(EXPIRY, run_id) if accounts else ():
        announce(
            PointsMoved(entry.member_id, "expire", entry.amount, EXPIRY, run_id, entry.happened_at)
        )
    return accounts


async def _rates(rule_ids: set[UUID]) -> dict[UUID, Decimal]:
    rows = await fetch(
        "SELECT id, points_per_yuan FROM earning_rule WHERE tenant_id = $1 "
        "AND id = ANY ($2::uuid[])",
        list(rule_ids),
    )
    return {row["id"]: row["points_per_yuan"] for row in rows}
