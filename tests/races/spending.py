"""A race of spends over one account, and ledger functions that are wrong on purpose."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from importlib.resources import files
from typing import Any
from uuid import UUID

import asyncpg
from tests.support.shop import Shop

from shuke_core.database.config import credentials
from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch, in_unit_of_work
from shuke_core.ledger.errors import BalanceInsufficient
from shuke_core.ledger.services import Cause, Earning, earn
from shuke_core.places import Places

Spend = Callable[[UUID, int, Cause], Awaitable[int]]
LOT, LOTS, AMOUNT, SPENDERS = 10, 5, 7, 12
ACCEPTED = LOT * LOTS // AMOUNT

LOCK = (
    "PERFORM 1 FROM ledger_account a WHERE a.tenant_id = p_tenant AND a.id = p_account FOR UPDATE;"
)
TAKE = "PERFORM ledger_take_from_lots(p_tenant, p_account, p_entry, p_amount, NULL, p_now);"
PAUSE = "PERFORM pg_sleep(0.03);"


async def race_spends(shop: Shop, spend: Spend, *, rounds: int) -> list[str]:
    """Twelve spend 7 each of 5 lots of 10, so that 7 must succeed; says what was not as it must be.

    A sixth lot has lapsed without being swept, so the account's row alone refuses no spend.
    """
    faults: list[str] = []
    for _ in range(rounds):
        faults += await _round(shop, spend)
    faults += [str(difference) for difference in (await shop.verified()).found]
    return faults


async def _round(shop: Shop, spend: Spend) -> list[str]:
    account_id = await _account(shop)
    causes = [Cause("redemption", new_id()) for _ in range(SPENDERS)]

    async def one(cause: Cause) -> object:
        try:
            return await in_unit_of_work(shop.tenant_id, lambda: spend(account_id, AMOUNT, cause))
        except (BalanceInsufficient, asyncpg.PostgresError) as failure:
            return failure

    answers = await asyncio.gather(*(one(cause) for cause in causes))
    broken = [repr(a) for a in answers if isinstance(a, asyncpg.PostgresError)]
    accepted = {c.id for c, a in zip(causes, answers, strict=True) if isinstance(a, int)}
    booked = await shop.rows(
        "SELECT cause_id, amount FROM ledger_entry "
        "WHERE tenant_id = $1 AND account_id = $2 AND kind = 'spend'",
        account_id,
    )
    lots = await shop.rows(
        "SELECT l.amount, l.remaining, coalesce(sum(o.amount), 0)::bigint AS taken "
        "FROM ledger_lot l LEFT JOIN ledger_allocation o "
        "ON o.tenant_id = l.tenant_id AND o.lot_id = l.id "
        "WHERE l.tenant_id = $1 AND l.account_id = $2 AND l.amount = $3 "
        "GROUP BY l.id, l.amount, l.remaining, l.expires_at ORDER BY l.expires_at",
        *(account_id, LOT),
    )
    faults = [f"a spend failed: {failure}" for failure in broken]
    if len(accepted) != ACCEPTED:
        faults.append(f"{len(accepted)} spends were accepted, not {ACCEPTED}")
    if sorted(row["cause_id"] for row in booked) != sorted(accepted):
        faults.append(f"{len(accepted)} were acknowledged and {len(booked)} booked")
    if any(row["amount"] != -AMOUNT for row in booked):
        faults.append("a spend was booked with another amount")
    remaining = [row["remaining"] for row in lots]
    if remaining != [0, 0, 0, 0, LOT * LOTS - ACCEPTED * AMOUNT]:
        faults.append(f"the lots hold {remaining}")
    faults += [f"a lot of {LOT} gave {r['taken']}" for r in lots if r["taken"] > r["amount"]]
    return faults


async def _account(shop: Shop) -> UUID:
    """A new member's account with five lots that lapse one after another, and one lapsed lot."""
    member_id = await shop.member(f"139{new_id().int % 10**8:08}")
    now = clock.now()
    lots = [(LOT, now + timedelta(days=day)) for day in range(1, LOTS + 1)]
    lots.append((SPENDERS * AMOUNT, now - timedelta(seconds=1)))
    booked = await in_unit_of_work(
        shop.tenant_id,
        lambda: earn(
            [
                Earning(member_id, amount, new_id(), now - timedelta(days=1), expires_at)
                for amount, expires_at in lots
            ],
            cause_type="order",
            rule_id=None,
        ),
    )
    return booked[0].account_id


def spend_with(function: str) -> Spend:
    """The verb `spend` over another function than `ledger_spend`."""

    async def spend(account_id: UUID, amount: int, cause: Cause) -> int:
        rows = await fetch(
            f"SELECT outcome, available FROM {function}($1, $2, $3, $4, $5, $6, $7)",
            *(account_id, new_id(), amount, cause.type, cause.id, clock.now()),
        )
        if rows[0]["outcome"] == "insufficient":
            raise BalanceInsufficient(available=rows[0]["available"], wanted=amount)
        return int(rows[0]["available"])

    return spend


def _changed(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, f"functions.sql does not hold once: {old}"
    return text.replace(old, new)


def _text_of(function: str) -> str:
    source = (files("shuke_core.ledger") / "functions.sql").read_text()
    found = re.search(rf"CREATE OR REPLACE FUNCTION {function}\(.*?^END \$\$;", source, re.S | re.M)
    assert found is not None, f"functions.sql does not hold {function}"
    return found.group()


def _picking() -> str:
    """How `ledger_take_from_lots` picks lots, as the head of a statement."""
    head, _, rest = _text_of("ledger_take_from_lots").partition("    WITH usable AS (")
    assert head
    assert rest
    picking, _, _ = rest.partition(", lowered AS (")
    return "WITH usable AS (" + picking.replace("p_first_entry", "NULL::uuid").replace(
        "p_usable_at", "p_now"
    )


def slow_spend() -> str:
    """The right one, with a pause between the lock and what it reads."""
    text = _changed(_text_of("ledger_spend"), "ledger_spend(", "ledger_spend_slow(")
    return _changed(text, LOCK, LOCK + PAUSE)


def spend_picks_first(lowered: str) -> str:
    """Picks the lots, pauses, and locks then; `lowered` is what it writes as the lot's remaining."""
    text = _changed(_text_of("ledger_spend"), "ledger_spend(", "ledger_spend_broken(")
    text = _changed(text, "    usable bigint;", "    usable bigint; picked jsonb;")
    pick = (
        f"{_picking()} SELECT jsonb_agg(jsonb_build_object('id', c.id, 'part', c.part, "
        "'held', l.remaining)) INTO picked FROM chosen c "
        "JOIN ledger_lot l ON l.tenant_id = p_tenant AND l.id = c.id;"
    )
    text = _changed(text, LOCK, f"{pick} {PAUSE} {LOCK}")
    chosen = "jsonb_to_recordset(picked) AS c(id uuid, part bigint, held bigint)"
    return _changed(
        text,
        TAKE,
        f"UPDATE ledger_lot l SET remaining = {lowered} FROM {chosen} "
        "WHERE l.tenant_id = p_tenant AND l.id = c.id; "
        "INSERT INTO ledger_allocation (tenant_id, id, entry_id, lot_id, amount) "
        f"SELECT p_tenant, gen_random_uuid(), p_entry, c.id, c.part FROM {chosen};",
    )


def spend_counts_first() -> str:
    """Reads what is there, pauses, and locks just before it writes."""
    text = _changed(_text_of("ledger_spend"), "ledger_spend(", "ledger_spend_broken(")
    text = _changed(text, LOCK, "")
    return _changed(
        text, "    INSERT INTO ledger_entry", f"    {PAUSE} {LOCK}\n    INSERT INTO ledger_entry"
    )


@asynccontextmanager
async def put_in_place(places: Places, definition: str) -> Any:
    """Holds the function in this worker's database, until the block ends; yields its name."""
    name = re.search(r"FUNCTION (\w+)\(", definition)
    assert name is not None
    owner = await asyncpg.connect(**credentials(places.owner()))
    try:
        await owner.execute(definition)
        try:
            yield name.group(1)
        finally:
            await owner.execute(f"DROP FUNCTION {name.group(1)}")
    finally:
        await owner.close()
