"""One key, one act: done once, answered alike, whoever asks again and when."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from tests.support.shop import Shop

from shuke_core.idempotency.errors import IdempotencyKeyInvalid, IdempotencyKeyReused
from shuke_core.idempotency.services import Outcome, forget_keys, once
from shuke_core.kit import clock
from shuke_core.kit.transactions import fetch, unit_of_work
from shuke_core.tenants.errors import StoreCodeInvalid
from shuke_core.tenants.services import add_store

_COUNT = "UPDATE store SET name = name || 'I' WHERE tenant_id = $1 AND code = 'S1' RETURNING name"


async def _one_more() -> Mapping[str, Any]:
    rows = await fetch(_COUNT)
    return {"length": len(rows[0]["name"])}


async def _ask(shop: Shop, key: str = "k-1", caller: str = "staff:1", **arguments: Any) -> Outcome:
    async with unit_of_work(shop.tenant_id):
        return await once(caller, "countUp", key, arguments, _one_more, refusals=())


async def _times(shop: Shop) -> int:
    rows = await shop.rows("SELECT name FROM store WHERE tenant_id = $1 AND code = 'S1'")
    return str(rows[0]["name"]).count("I")


async def test_asked_twice_it_is_done_once_and_answered_alike(shop: Shop) -> None:
    first = await _ask(shop, amount=1)
    assert await _ask(shop, amount=1) == first == Outcome({"length": 3})
    assert await _times(shop) == 1


async def test_another_caller_key_or_operation_is_another_act(shop: Shop) -> None:
    await _ask(shop)
    await _ask(shop, caller="staff:2")
    await _ask(shop, key="k-2")
    async with unit_of_work(shop.tenant_id):
        await once("staff:1", "countMore", "k-1", {}, _one_more, refusals=())
    assert await _times(shop) == 4


async def test_other_arguments_under_the_key_are_refused(shop: Shop) -> None:
    await _ask(shop, amount=1, of={"a": 1, "b": 2})
    await _ask(shop, of={"b": 2, "a": 1}, amount=1)  # in another order they are the same
    with pytest.raises(IdempotencyKeyReused):
        await _ask(shop, amount=2)
    assert await _times(shop) == 1


async def test_a_refusal_is_an_outcome_and_nothing_of_the_act_stays(shop: Shop) -> None:
    asked = 0

    async def refused() -> Mapping[str, Any]:
        nonlocal asked
        asked += 1
        await _one_more()
        await add_store("\n", "x")
        return {}

    answers = []
    for _ in range(2):
        async with unit_of_work(shop.tenant_id):
            answers.append(
                await once(
                    "staff:1", "addStore", "k-1", {}, refused, refusals={StoreCodeInvalid.code}
                )
            )
    assert answers[0] == answers[1]
    assert (answers[0].code, answers[0].result) == (StoreCodeInvalid.code, {})
    assert "can't be the code of a store" in str(answers[0].sentence)
    assert (asked, await _times(shop)) == (1, 0)


async def test_a_failure_that_nobody_listed_is_no_outcome(shop: Shop) -> None:
    asked = 0

    async def away() -> Mapping[str, Any]:
        nonlocal asked
        asked += 1
        await add_store("\n", "x")
        return {}

    for _ in range(2):
        with pytest.raises(StoreCodeInvalid):
            async with unit_of_work(shop.tenant_id):
                await once("staff:1", "addStore", "k-1", {}, away, refusals={"OTHER"})
    assert asked == 2


async def test_what_was_rolled_back_was_never_asked(shop: Shop) -> None:
    async def broken_off() -> None:
        async with unit_of_work(shop.tenant_id):
            await once("staff:1", "countUp", "k-1", {}, _one_more, refusals=())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await broken_off()
    assert await _times(shop) == 0
    await _ask(shop)
    assert await _times(shop) == 1


@pytest.mark.parametrize("key", ["", "a b", "键", "k" * 101, "k\n"])
async def test_a_key_that_can_not_be_one_is_refused(shop: Shop, key: str) -> None:
    with pytest.raises(IdempotencyKeyInvalid):
        await _ask(shop, key=key)


async def test_keys_are_forgotten_after_a_week(shop: Shop) -> None:
    await _ask(shop)
    async with unit_of_work(shop.tenant_id):
        assert not await forget_keys()
    with clock.held_at(clock.now() + timedelta(days=8)):
        async with unit_of_work(shop.tenant_id):
            assert await forget_keys()
    await _ask(shop)
    assert await _times(shop) == 2


async def _race(shop: Shop, ask: Any) -> int:
    """Ten keys, each asked twelve times at once; how often the act was done."""
    await asyncio.gather(*(ask(shop, key=f"k-{n % 10}") for n in range(120)))
    return await _times(shop)


async def test_asked_twelve_times_at_once_it_is_done_once(shop: Shop) -> None:
    assert await _race(shop, _ask) == 10


async def test_looking_first_and_writing_after_would_act_again(shop: Shop) -> None:
    """The broken variant: without the unique key deciding, the race is lost."""

    async def look_first(shop: Shop, key: str) -> None:
        async with unit_of_work(shop.tenant_id):
            seen = await fetch(
                "SELECT id FROM idempotency_key WHERE tenant_id = $1 AND key = $2", key
            )
            await asyncio.sleep(0.005)
            if not seen:
                await _one_more()
                await fetch(
                    "INSERT INTO idempotency_key (tenant_id, id, caller, operation, key, "
                    "fingerprint, result, created_at) VALUES ($1, $2, $3, 'x', $4, '', '{}', now())",
                    *(uuid4(), str(uuid4()), key),
                )

    assert await _race(shop, look_first) > 10
