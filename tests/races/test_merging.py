"""Merges race with those who write for the absorbed: nothing is lost, nothing left behind."""

import asyncio
from uuid import UUID

import pytest
from tests.races.merging import lock_nothing, race_merges
from tests.support.shop import Shop

from shuke_core.members.moving import move_holdings
from shuke_core.merging import services

_move = move_holdings


async def moving_slowly(
    merge_id: UUID, survivor_id: UUID, absorbed_id: UUID, *, noted: bool
) -> None:
    """Leaves time between what is moved and the commit, for who writes meanwhile."""
    await _move(merge_id, survivor_id, absorbed_id, noted=noted)
    await asyncio.sleep(0.1)


@pytest.mark.slow
@pytest.mark.parametrize("slowly", [False, True])
async def test_what_is_written_meanwhile_is_the_survivors(
    slowly: bool, shop: Shop, soak: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if slowly:
        monkeypatch.setattr(services, "move_holdings", moving_slowly)
    assert await race_merges(shop, rounds=61 if soak else 9) == []


@pytest.mark.slow
async def test_the_race_finds_a_merge_that_does_not_lock_first(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "move_holdings", moving_slowly)
    monkeypatch.setattr(services, "_lock", lock_nothing)
    faults = await race_merges(shop, rounds=9)
    assert any("belong to nobody any more" in fault for fault in faults)
