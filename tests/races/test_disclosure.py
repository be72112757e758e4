"""Many use one link at once, and many reveal at once; each beside a wrong way that the race finds."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest
from tests.support.accounts import race
from tests.support.exports import as_staff, asked_export, linked, ready_export, staff_id_of
from tests.support.shop import Shop

from shuke_core.disclosure.limits import set_disclosure_limits
from shuke_core.exports.errors import ExportLinkInvalid
from shuke_core.exports.services import take_link
from shuke_core.exports.writing import work_on_exports
from shuke_core.files.services import append_to_file, begin_file, file_card, read_chunk
from shuke_core.kit import clock
from shuke_core.kit.crypto import token_digest
from shuke_core.kit.transactions import fetch, fetch_one, unit_of_work
from shuke_core.reveals import services as reveals
from shuke_core.reveals.errors import RevealsTooMany
from shuke_core.staff.services import add_staff

RACERS = 10
Take = Callable[[str], Awaitable[object]]


async def _boss(shop: Shop) -> UUID:
    async with unit_of_work(shop.tenant_id):
        await add_staff("boss", "王芳", "admin")
        return await staff_id_of("boss")


async def take(token: str) -> object:
    return await take_link(token, "203.0.113.7", "")


async def take_looking_first(token: str) -> object:
    """Wrong: looks whether the link is used, and notes the use after."""
    row = await fetch_one(
        "SELECT export_id FROM export_link WHERE tenant_id = $1 AND digest = $2 "
        "AND used_at IS NULL",
        token_digest(token),
    )
    if row is None:
        raise ExportLinkInvalid()
    await asyncio.sleep(0.02)
    await fetch(
        "UPDATE export_link SET used_at = $3 WHERE tenant_id = $1 AND digest = $2",
        *(token_digest(token), clock.now()),
    )
    return row


async def _fetched(shop: Shop, boss: UUID, export: UUID, take: Take) -> int:
    """How many of ten who use one link at once are let in."""
    token = await linked(shop, boss, export)

    async def one(_: int) -> bool:
        try:
            await take(token)
        except ExportLinkInvalid:
            return False
        return True

    return sum(await race(shop, RACERS, one))


async def test_a_link_lets_one_of_many_in(shop: Shop) -> None:
    boss = await _boss(shop)
    export = await ready_export(shop, boss)
    assert [await _fetched(shop, boss, export, take) for _ in range(5)] == [1] * 5
    rows = await shop.rows(
        "SELECT downloads, (SELECT count(*) FROM audit_entry WHERE tenant_id = $1 "
        "AND act = 'export.downloaded') AS recorded FROM export WHERE tenant_id = $1"
    )
    assert rows == [{"downloads": 5, "recorded": 5}]


async def test_the_race_finds_links_that_are_looked_at_first(shop: Shop) -> None:
    boss = await _boss(shop)
    export = await ready_export(shop, boss)
    found = [await _fetched(shop, boss, export, take_looking_first) for _ in range(3)]
    assert max(found) > 1


async def _revealed(shop: Shop, boss: UUID) -> int:
    """How many of ten reveals at once are answered, where five are allowed."""
    member = await shop.member("13800138000")
    async with unit_of_work(shop.tenant_id):
        await set_disclosure_limits(None, 5, 5, 50, 10)

    async def one(_: int) -> bool:
        as_staff(boss)
        try:
            return await reveals.reveal_phone(boss, member, "回访") == "+8613800138000"
        except RevealsTooMany:
            return False

    return sum(await race(shop, RACERS, one))


async def test_many_reveals_at_once_stay_within_the_limit(shop: Shop) -> None:
    assert await _revealed(shop, await _boss(shop)) == 5


async def test_the_race_finds_reveals_that_are_counted_without_a_lock(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_lock(_: str) -> None:
        await asyncio.sleep(0.02)

    monkeypatch.setattr(reveals, "lock_until_commit", no_lock)
    assert await _revealed(shop, await _boss(shop)) > 5


async def test_many_workers_write_one_export_once(shop: Shop) -> None:
    for number in range(12):
        await shop.member(f"138001380{number:02}")
    boss = await _boss(shop)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("shuke_core.exports.writing.ROWS", 2)
        async with unit_of_work(shop.tenant_id):
            await asked_export(boss, ["maskedPhone"])

        async def worker() -> None:
            idle = 0
            while idle < 3:
                idle = 0 if await work_on_exports(shop.tenant_id) else idle + 1
                await asyncio.sleep(0.005)

        await asyncio.gather(*(worker() for _ in range(8)))
    (row,) = await shop.rows("SELECT state, rows, file_id FROM export WHERE tenant_id = $1")
    assert (row["state"], row["rows"]) == ("ready", 12)
    async with unit_of_work(shop.tenant_id):
        card = await file_card(row["file_id"])
        text = b"".join([await read_chunk(card.id, n) for n in range(card.chunks)]).decode()
    lines = text.split("\r\n")
    assert lines[1:13] == [f"138****80{number:02}" for number in reversed(range(12))]
    assert len(lines) == 15  # the first line, twelve, the watermark, and what follows the last


async def test_many_append_to_one_file_and_nothing_is_lost(shop: Shop) -> None:
    async with unit_of_work(shop.tenant_id):
        file_id = await begin_file("x.bin", "application/octet-stream", None)
    await race(shop, RACERS, lambda nth: append_to_file(file_id, bytes([nth]) * 100))
    async with unit_of_work(shop.tenant_id):
        card = await file_card(file_id)
        chunks = [await read_chunk(file_id, number) for number in range(card.chunks)]
    assert (card.size, sorted(chunks)) == (1_000, [bytes([n]) * 100 for n in range(RACERS)])
