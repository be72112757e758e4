"""Sealed texts of one answer are opened together, and fail alone."""

import asyncio
from uuid import UUID

import pytest
from tests.support.shop import Shop

from shuke_core.kit.crypto import CannotOpen
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import unit_of_work
from shuke_core.members.texts import SealedText, open_texts, seal_text
from shuke_schema.members.texts import opened

PHONE = "13800138000"


async def _sealed(text: str, row_id: UUID, member: UUID) -> str:
    return "\\x" + (await seal_text(text, "task", row_id, "note", member)).hex()


async def test_a_text_that_does_not_open_spoils_none_beside_it(shop: Shop) -> None:
    one, other = await shop.member(PHONE), await shop.member("13900139000")
    first, second, third = new_id(), new_id(), new_id()
    async with unit_of_work(shop.tenant_id):
        rows = [
            (first, one, await _sealed("一", first, one)),
            (second, one, await _sealed("二", second, other)),  # of a key that the reader lacks
            (third, one, await _sealed("三", third, one)),
        ]
        said = await asyncio.gather(
            *(opened("task", str(row), "note", str(who), text) for row, who, text in rows),
            return_exceptions=True,
        )
        assert (said[0], said[2]) == ("一", "三")
        assert isinstance(said[1], CannotOpen)
        texts = [SealedText("task", row, "note", who, bytes.fromhex(t[2:])) for row, who, t in rows]
        assert await open_texts(texts[::2]) == ["一", "三"]
        with pytest.raises(CannotOpen):
            await open_texts(texts)
