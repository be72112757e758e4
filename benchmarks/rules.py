"""The rows `rules`: one document of twenty conditions over a large tenant, and 200 rules over one order.

`rules.members` counts for whom the document holds, as the app role, against the statement that
somebody would write for it by hand; both must count the same. `rules.order` decides in memory.
"""

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import asyncpg

from benchmarks.data import FILLED, Shop, fill, open_shop
from benchmarks.servers import Effort, Stand
from benchmarks.suite import LIMIT, OURS, Contestant, Row, alternate, row_of
from shuke_core.database.config import credentials
from shuke_core.kit.transactions import fetch_value, unit_of_work
from shuke_core.rules.checking import check
from shuke_core.rules.document import Rule
from shuke_core.rules.in_memory import decide
from shuke_core.rules.in_sql import Condition, condition_of
from shuke_core.rules.queries import at_now
from shuke_core.rules.registry import Registry, registry_with
from shuke_core.rules.times import At

GOAL = 0.8
RULES = 200
_NUMBER = 930
_GENDERS = ("female", "male")
_REGIONS = ("440305", "310115", "110101", "330106")
_PROFILES = """
UPDATE member SET
       gender = CASE WHEN hashtext(id::text) % 5 = 0 THEN NULL
                     WHEN hashtext(id::text) % 2 = 0 THEN 'female' ELSE 'male' END,
       region = (ARRAY['440305', '310115', '110101', '330106', NULL])[1 + abs(hashtext(card_no)) % 5],
       birthday = CASE WHEN hashtext(card_no) % 7 <> 0
                       THEN date '1960-01-01' + abs(hashtext(id::text)) % 18000 END,
       name = 'M' || card_no,
       store_id = ('{stores}'::uuid[])[1 + abs(hashtext(card_no)) % 5]
 WHERE tenant_id = '{tenant}'
"""


class CountsDiffer(Exception):
    """The two do not count the same members, so comparing their speed says nothing."""


def _said(field: str, op: str, *value: Any) -> dict[str, Any]:
    return {"field": field, "op": op, **({"value": value[0]} if value else {})}


def _orders(op: str, value: Any, *where: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"facts": "member.orders", "op": op, "value": value, "where": {"all": [*where]}, **more}


# Twenty conditions, those inside of facts among them.
DOCUMENT = {
    "all": [
        _said("member.joined_at", "lt", {"ago": 30, "unit": "days"}),
        _said("member.has_phone", "eq", True),
        _said("member.name", "starts_with", "M"),
        {
            "any": [
                _said("member.gender", "eq", "female"),
                _said("member.gender", "missing"),
                _said("member.birthday", "gte", "1990-01-01"),
            ]
        },
        {
            "any": [
                _said("member.region", "in", list(_REGIONS[:3])),
                _said("member.region", "starts_with", "33"),
                _said("member.store", "in", ["S1", "S2"]),
            ]
        },
        {"not": _said("member.birthday_month", "in", [1, 2])},
        _said("member.points", "between", {"from": 500, "to": 3_000}),
        _orders(
            "gte",
            1,
            _said("order.placed_at", "between", {"last": 200, "unit": "days"}),
            _said("order.total", "gte", 25_000),
        ),
        _orders(
            "eq",
            0,
            _said("order.placed_at", "gte", {"ago": 20, "unit": "days"}),
            _said("order.source", "ne", "shop"),
        ),
        _orders(
            "gte",
            50_000,
            _said("order.placed_at", "gte", {"ago": 1, "unit": "years"}),
            _said("order.state", "ne", "refunded"),
            measure="sum",
            of="order.total",
        ),
    ]
}

# What somebody would write who knows the tables; the days are worked out as the rule has them.
_BY_HAND = """
SELECT count(*) FROM member m
 WHERE m.tenant_id = $1 AND m.state = 'active'
   AND m.joined_at < $2 AND m.phone_masked IS NOT NULL AND starts_with(m.name, $3)
   AND (m.gender = $4 OR m.gender IS NULL OR m.birthday >= $5)
   AND (m.region = ANY ($6::text[]) OR starts_with(m.region, $7) OR m.store_id = ANY (ARRAY(
        SELECT s.id FROM store s WHERE s.tenant_id = $1 AND s.code = ANY ($8::text[]))))
   AND NOT (extract(month FROM m.birthday) = ANY ($9::int[]))
   AND (SELECT a.available FROM ledger_account a WHERE a.tenant_id = $1 AND a.member_id = m.id
           AND a.asset = 'points') BETWEEN $10 AND $11
   AND EXISTS (SELECT FROM orders o WHERE o.tenant_id = $1 AND o.member_id = m.id
                      AND o.completed_at IS NOT NULL
                  AND o.placed_at >= $12 AND o.placed_at < $13 AND o.total_fen >= $14)
   AND NOT EXISTS (SELECT FROM orders o WHERE o.tenant_id = $1 AND o.member_id = m.id
                      AND o.completed_at IS NOT NULL
                      AND o.placed_at >= $15 AND o.source <> $16)
   AND (SELECT sum(o.total_fen) FROM orders o WHERE o.tenant_id = $1 AND o.member_id = m.id
                      AND o.completed_at IS NOT NULL
           AND o.placed_at >= $17 AND o.state <> $18) >= $19
"""


def _values(at: At) -> list[object]:
    def back(days: int) -> object:
        return at.start(at.today - timedelta(days=days))

    today = at.today
    year = at.start(today.replace(year=today.year - 1))
    born = today.replace(year=1990, month=1, day=1)
    return [
        *(back(30), "M", "female", born),
        *(list(_REGIONS[:3]), "33", ["S1", "S2"], [1, 2], 500, 3_000),
        *(back(200), back(-1), 25_000, back(20), "shop", year, "refunded", 50_000),
    ]


def _through(shop: Shop, text: str, values: Sequence[object], seconds: float) -> Contestant:
    """Counts a second."""

    async def counts() -> float:
        done, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            async with unit_of_work(shop.tenant_id):
                await fetch_value(text, *values)
            done += 1
        return done / (time.perf_counter() - start)

    return counts


def _compiled(condition: Condition) -> tuple[str, list[Any]]:
    text, values = condition.numbered("m")
    return (
        f"SELECT count(*) FROM member m WHERE m.tenant_id = $1 AND m.state = 'active' AND {text}",
        values,
    )


def rules_of_orders(registry: Registry) -> list[Rule]:
    """Two hundred rules that ask five things of an order, its lines and the moment."""

    def document(n: int) -> dict[str, Any]:
        sold = _said("line.sku", "in", [f"A-{n}", f"A-{n + 1}"])
        return {
            "all": [
                _said("order.total", "gte", 100 * n),
                _said("order.source", "in", ["till", "shop"]),
                _said("order.placed_at", "between", {"last": n % 60, "unit": "days"}),
                _said("moment.weekday", "in", [1, 2, 3, 4, 5, 6, 7]),
                {"not": {"facts": "order.lines", "op": "eq", "value": 0, "where": sold}},
            ]
        }

    return [check(document(n), "order", registry, None) for n in range(RULES)]


def order_in_memory(at: At) -> dict[str, Any]:
    """An order of three lines, of which some rules hold."""
    lines = [{"sku": f"A-{n}"} for n in (7, 70, 140)]
    return {
        "total_fen": 12_500,
        "source": "till",
        "placed_at": at.now - timedelta(minutes=5),
        "order.lines": lines,
    }


def _orders_a_second(rules: Sequence[Rule], at: At, seconds: float) -> Callable[[], Any]:
    async def orders() -> float:
        done, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            moment = At(at.now, at.zone)  # each order has a moment of its own
            row = order_in_memory(moment)
            for rule in rules:
                decide(rule, row, moment)
            done += 1
        return done / (time.perf_counter() - start)

    return orders


async def run(here: Stand, effort: Effort, _: Sequence[Shop]) -> list[Row]:
    """Counts a second over the large tenant; orders a second against two hundred rules."""
    shop = await open_shop(here, _NUMBER, effort.members)
    owner = await asyncpg.connect(**credentials(here.places.owner()))
    try:
        await fill(owner, shop)
        async with owner.transaction():
            await owner.execute(f"SET LOCAL shuke.tenant_id = '{shop.tenant_id}'")
            stores = f"{{{','.join(map(str, shop.stores.values()))}}}"
            await owner.execute(_PROFILES.format(tenant=shop.tenant_id, stores=stores))
        await owner.execute(f"VACUUM (ANALYZE) {', '.join(FILLED)}")
    finally:
        await owner.close()
    registry = registry_with(frozenset())
    async with unit_of_work(shop.tenant_id):
        at = await at_now()
        text, values = _compiled(
            condition_of(check(DOCUMENT, "member", registry, None), registry, at)
        )
        by_hand = _values(at)
        ours, theirs = await fetch_value(text, *values), await fetch_value(_BY_HAND, *by_hand)
    if ours != theirs or not ours:
        raise CountsDiffer(f"{ours} and {theirs}")
    contest = {
        OURS: _through(shop, text, values, effort.seconds),
        LIMIT: _through(shop, _BY_HAND, by_hand, effort.seconds),
    }
    for warm in contest.values():
        await warm()
    members = await alternate(effort.rounds, contest)
    orders = _orders_a_second(rules_of_orders(registry), at, effort.seconds)
    in_memory = await alternate(effort.rounds, {OURS: orders})
    return [
        row_of("rules.members", "counts/s", members, GOAL),
        row_of("rules.order", "orders/s", in_memory),
    ]
