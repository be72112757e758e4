"""Drawn facts and drawn documents: small worlds whose values lie on the borders that rules ask about."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch
from shuke_core.rules.declare import RuleField
from shuke_core.rules.registry import MOMENT, Registry
from shuke_core.rules.times import At
from shuke_core.rules.vocabulary import (
    MEASURES,
    OF_LISTS,
    WITHOUT_VALUE,
    Measure,
    Op,
    Period,
    Unit,
    ValueType,
)

ZONES = [ZoneInfo(z) for z in ("Asia/Shanghai", "America/New_York", "Asia/Kathmandu")]
# The clocks of New York go forward on the first of these, a leap day, ends of months and years.
DAYS = [
    date(2026, 3, 8),
    date(2024, 2, 29),
    date(2026, 1, 31),
    date(2026, 12, 31),
    date(2026, 5, 4),
]
INSTANTS = [timedelta(0), timedelta(microseconds=-1), timedelta(hours=2, minutes=30)]
BACK = [0, 1, 2, 7, 30, 31, 59, 60, 365]
TEXTS = ["", "till", "shop", "A-1", "440305", "王小明", "O'Brien", "%_\\", "$1"]
NUMBERS = [0, 1, 2, 3, 5, 12, 29, 31, 100]
AMOUNTS = [0, 1, 999, 1000, 1001, 50_000]
DECIMALS = [Decimal("0.500"), Decimal(1), Decimal("1.125"), Decimal(2)]
STORES = ["S1", "S2", "S9"]


@st.composite
def moments(draw: st.DrawFn) -> At:
    """A moment at or about a midnight, in a zone."""
    zone = draw(st.sampled_from(ZONES))
    midnight = datetime.combine(draw(st.sampled_from(DAYS)), datetime.min.time(), zone)
    return At(midnight.astimezone(UTC) + draw(st.sampled_from(INSTANTS)), zone)


def times(at: At) -> st.SearchStrategy[datetime]:
    """Moments about the midnights that relative times lead to, and about now."""
    return st.builds(
        lambda back, off: at.start(at.today - timedelta(days=back)) + off,
        st.sampled_from([-1, -1, -1, *BACK]),  # tomorrow's midnight, where most periods end
        st.sampled_from([timedelta(0), *INSTANTS, timedelta(days=1)]),
    ) | st.sampled_from([at.now, at.now - timedelta(hours=2), at.now + timedelta(microseconds=1)])


def days(at: At) -> st.SearchStrategy[date]:
    return st.sampled_from([at.today - timedelta(days=back) for back in (-1, *BACK)])


@dataclass
class World:
    """Rows of tables, as they are inserted."""

    members: list[dict[str, Any]] = field(default_factory=list)
    orders: list[dict[str, Any]] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)
    channels: list[dict[str, Any]] = field(default_factory=list)


@st.composite
def worlds(draw: st.DrawFn, at: At) -> World:
    """Up to four members with orders, lines and channels; much is missing."""
    world = World()
    for _ in range(draw(st.integers(1, 4))):
        member = new_id()
        world.members.append(
            {
                "id": member,
                "joined_at": draw(times(at)),
                "name": draw(st.none() | st.sampled_from(TEXTS[3:])),
                "gender": draw(st.sampled_from([None, "female", "male", "other"])),
                "birthday": draw(st.none() | days(at)),
                "region": draw(st.sampled_from([None, "440305", "440300", "110101"])),
                "phone_masked": draw(st.sampled_from([None, "138****8000"])),
                "store": draw(st.sampled_from([None, "S1", "S2"])),
            }
        )
        for source in draw(st.lists(st.sampled_from(TEXTS[1:3]), max_size=2, unique=True)):
            world.channels.append(
                {
                    "member_id": member,
                    "source": source,
                    "orders": draw(st.sampled_from(NUMBERS)),
                    "spent_fen": draw(st.sampled_from(AMOUNTS)),
                    "last_at": draw(times(at)),
                }
            )
    owners = [*(each["id"] for each in world.members), None]
    for _ in range(draw(st.integers(0, 5))):
        order, total = new_id(), draw(st.sampled_from(AMOUNTS))
        world.orders.append(
            {
                "id": order,
                "member_id": draw(st.sampled_from(owners)),
                "source": draw(st.sampled_from(TEXTS[1:3])),
                "store": draw(st.sampled_from(STORES[:2])),
                "business_day": draw(days(at)),
                "state": draw(
                    st.sampled_from(["completed", "partly_refunded", "refunded", "paid"])
                ),
                "total_fen": total,
                "refunded_fen": min(total, draw(st.sampled_from([0, 0, 1]))),
                "placed_at": draw(times(at)),
            }
        )
        for line_no in range(draw(st.integers(0, 2))):
            world.lines.append(
                {
                    "order_id": order,
                    "line_no": line_no,
                    "sku": draw(st.none() | st.sampled_from(TEXTS)),
                    "name": draw(st.sampled_from(TEXTS)),
                    "quantity": draw(st.sampled_from(DECIMALS)),
                    "amount_fen": draw(st.sampled_from(AMOUNTS)),
                }
            )
    return world


async def enter(world: World) -> None:
    """Inserts a world into the tenant of the unit of work."""
    stores = {
        row["code"]: row["id"]
        for row in await fetch("SELECT code, id FROM store WHERE tenant_id = $1")
    }
    for each in world.members:
        await fetch(
            "INSERT INTO member (tenant_id, id, card_no, state, joined_at, version, name, gender, "
            "birthday, region, phone_masked, store_id) "
            "VALUES ($1, $2, $3, 'active', $4, 1, $5, $6, $7, $8, $9, $10)",
            *(each["id"], each["id"].hex[-16:], each["joined_at"], each["name"], each["gender"]),
            *(each["birthday"], each["region"], each["phone_masked"]),
            stores.get(each["store"]),
        )
    for each in world.orders:
        await fetch(
            "INSERT INTO orders (tenant_id, id, source, store_id, external_no, business_day, "
            "member_id, state, total_fen, paid_fen, refunded_fen, currency, placed_at, received_at, "
            "recorded_at, version, completed_at) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8::text, $9, $9, $10, 'CNY', $11::timestamptz, "
            "$11::timestamptz, $11::timestamptz, 1, "
            "CASE $8::text WHEN 'paid' THEN NULL ELSE $11::timestamptz END)",
            *(each["id"], each["source"], stores[each["store"]], each["id"].hex),
            *(each["business_day"], each["member_id"], each["state"], each["total_fen"]),
            *(each["refunded_fen"], each["placed_at"]),
        )
    for each in world.lines:
        await fetch(
            "INSERT INTO order_line (tenant_id, id, order_id, line_no, sku, name, quantity, "
            "amount_fen) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            *(new_id(), each["order_id"], each["line_no"], each["sku"], each["name"]),
            *(each["quantity"], each["amount_fen"]),
        )
    for each in world.channels:
        await fetch(
            "INSERT INTO retail_channel_purchases (tenant_id, id, member_id, source, orders, "
            "spent_fen, last_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            *(new_id(), *each.values()),
        )


# Documents


def literals(of: RuleField, at: At) -> st.SearchStrategy[Any]:
    """JSON values of the field's type, such as the worlds hold."""
    match of.type:
        case ValueType.CHOICE:
            return st.sampled_from(sorted(of.choices))
        case ValueType.STORE:
            return st.sampled_from(STORES)
        case ValueType.TEXT:
            return st.sampled_from(TEXTS)
        case ValueType.FLAG:
            return st.booleans()
        case ValueType.MONEY:
            return st.sampled_from(AMOUNTS)
        case ValueType.DECIMAL:
            return st.sampled_from([str(each) for each in DECIMALS])
        case ValueType.DATE:
            return days(at).map(str)
        case ValueType.TIME:
            return times(at).map(datetime.isoformat) | days(at).map(str)
    return st.sampled_from(NUMBERS)


def aways(of: RuleField) -> st.SearchStrategy[Any]:
    units = [each.value for each in Unit]
    if of.type is ValueType.DATE:
        units = [u for u in units if u not in ("minutes", "hours")]
    return st.builds(
        lambda way, number, unit: {way: number, "unit": unit},
        st.sampled_from(["ago", "ahead"]),
        st.sampled_from([0, 1, 2, 12, 30, 60]),
        st.sampled_from(units),
    )


@st.composite
def operands(draw: st.DrawFn, of: RuleField, op: Op, at: At, others: list[str]) -> Any:
    """A value for an operator; `others` are the fields that it may be compared with."""
    if op in OF_LISTS:
        return draw(st.lists(literals(of, at), max_size=3))
    if op is Op.BETWEEN:
        bound = st.none() | literals(of, at)
        if of.type.is_temporal:
            stretch = draw(
                st.none()
                | st.just({"period": "today"})
                | st.sampled_from([{"period": each.value} for each in Period])
                | st.builds(
                    lambda number, unit: {"last": number, "unit": unit},
                    st.sampled_from([0, 1, 7, 30, 60]),
                    st.sampled_from(["days", "weeks", "months", "years"]),
                )
            )
            if stretch is not None:
                return stretch
            bound |= aways(of)
        low, high = draw(bound), draw(bound)
        return {"from": draw(literals(of, at)) if low is high is None else low, "to": high}
    if others and op is not Op.STARTS_WITH and draw(st.integers(0, 4)) == 0:
        return {"field": draw(st.sampled_from(others))}
    if of.type.is_temporal and draw(st.booleans()):
        return draw(aways(of))
    return draw(literals(of, at))


def _near(registry: Registry, scope: tuple[str, ...]) -> set[str]:
    """The subjects that can be reached from these rows, and the moment."""
    near = {*scope}
    while more := {
        link.to for link in registry.links.values() if link.subject in near and link.to not in near
    }:
        near |= more
    return near | {MOMENT}


@st.composite
def documents(
    draw: st.DrawFn, registry: Registry, at: At, scope: tuple[str, ...], depth: int = 3
) -> dict[str, Any]:
    """A document about the innermost of these subjects."""
    near = _near(registry, scope)
    kinds = ["field"] * 4 + (["all", "any", "not", "facts", "facts"] if depth else [])
    kind = draw(st.sampled_from(kinds))
    below = documents(registry, at, scope, depth - 1) if depth else st.nothing()
    if kind in ("all", "any"):
        return {kind: draw(st.lists(below, max_size=3))}
    if kind == "not":
        return {"not": draw(below)}
    owners = near if len(scope) == 1 else {scope[-1]}  # within facts: those of the fact itself
    facts = [f for f in registry.facts.values() if f.offered and f.subject in owners]
    if kind == "facts" and facts:
        return draw(_quantified(registry, at, scope, depth, facts))
    fields = [each for each in registry.fields.values() if each.subject in near]
    of = draw(st.sampled_from(fields))
    more = (Op.BETWEEN,) * 4 if of.type is ValueType.TIME else ()
    op = draw(st.sampled_from((*of.allowed, *more)))
    told: dict[str, Any] = {"field": of.key, "op": op.value}
    if op not in WITHOUT_VALUE:
        told["value"] = draw(operands(of, op, at, _like(of, fields)))
    return told


def _like(of: RuleField, fields: list[RuleField]) -> list[str]:
    return [
        each.key
        for each in fields
        if each.type is of.type and dict(each.choices) == dict(of.choices)
    ]


@st.composite
def _quantified(
    draw: st.DrawFn,
    registry: Registry,
    at: At,
    scope: tuple[str, ...],
    depth: int,
    all_facts: list[Any],
) -> dict[str, Any]:
    facts = draw(st.sampled_from(all_facts))
    inner = [each for each in registry.fields.values() if each.subject == facts.each]
    outer = [each for each in registry.fields.values() if each.subject in _near(registry, scope)]
    measure = draw(st.sampled_from(Measure))
    told: dict[str, Any] = {"facts": facts.key, "measure": measure.value}
    if measure is Measure.COUNT:
        op = draw(st.sampled_from([Op.EQ, Op.NE, Op.LT, Op.LTE, Op.GT, Op.GTE, Op.BETWEEN]))
        of = RuleField("count", "", ValueType.NUMBER, {})
    else:
        of = draw(st.sampled_from([e for e in inner if e.type in MEASURES[measure]]))
        either = {Op.MISSING, Op.PRESENT}
        allowed = [op for op in of.allowed if op not in either or measure is not Measure.SUM]
        op = draw(st.sampled_from(allowed))
        told["of"] = of.key
    told["op"] = op.value
    if op not in WITHOUT_VALUE:
        told["value"] = draw(operands(of, op, at, _like(of, outer)))
    if draw(st.booleans()):
        told["where"] = draw(documents(registry, at, (*scope, facts.each), depth - 1))
    return told
