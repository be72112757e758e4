"""One list is taken into use once, however many ask at the same moment."""

import asyncio
from uuid import UUID

import pytest
from tests.support.exports import staff_id_of
from tests.support.imports import stored
from tests.support.shop import Shop

from shuke_core.files import lists
from shuke_core.files.errors import FileUnknown
from shuke_core.files.services import FileCard, file_card
from shuke_core.kit.transactions import fetch, fetch_value, unit_of_work

pytestmark = pytest.mark.slow

TAKERS = 10


async def _taken(shop: Shop) -> int:
    """How many of ten who want the same list at the same moment get it."""
    await shop.staff_login()
    async with unit_of_work(shop.tenant_id):
        uploader = await staff_id_of("admin")
        file_id = await stored(b"code,name,price\nA,x,1\n")

    async def take() -> bool:
        try:
            async with unit_of_work(shop.tenant_id):
                await lists.take_list(file_id, uploader)
        except FileUnknown:
            return False
        return True

    return sum(await asyncio.gather(*(take() for _ in range(TAKERS))))


async def test_a_list_is_one_takers_alone(shop: Shop) -> None:
    for _ in range(5):
        assert await _taken(shop) == 1


async def test_a_variant_that_looks_before_it_takes_is_found(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def looks_first(file_id: UUID, uploader_id: UUID | None) -> FileCard:
        sent_by = "SELECT uploaded_by FROM file WHERE tenant_id = $1 AND id = $2"
        if await fetch_value(sent_by, file_id) != uploader_id:
            raise FileUnknown()
        await asyncio.sleep(0.05)
        await fetch("UPDATE file SET uploaded_by = NULL WHERE tenant_id = $1 AND id = $2", file_id)
        card = await file_card(file_id)
        assert card is not None
        return card

    monkeypatch.setattr(lists, "take_list", looks_first)
    assert await _taken(shop) > 1
