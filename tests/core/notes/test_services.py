"""Notes: sealed under the member's key, never changed, taken back by who wrote them alone."""

from uuid import UUID

import pytest
from tests.support.exports import as_staff
from tests.support.shop import Shop

from shuke_core.audit.queries import Search, acts_before, opened_entries
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch_value, unit_of_work
from shuke_core.members.errors import MemberUnknown
from shuke_core.members.texts import SealedText, open_texts
from shuke_core.notes.errors import NoteOfAnother, NoteTextInvalid, NoteUnknown
from shuke_core.notes.services import add_note, remove_note

PHONE = "13800138000"
TEXT = "爱喝龙井\n不吃花生"


async def _write(shop: Shop, member: UUID, author: UUID) -> UUID:
    async with unit_of_work(shop.tenant_id):
        as_staff(author)
        return await add_note(member, f" {TEXT} ")


async def test_a_note_is_sealed_and_says_who_and_when(shop: Shop) -> None:
    member, author = await shop.member(PHONE), new_id()
    note = await _write(shop, member, author)
    (row,) = await shop.rows("SELECT * FROM member_note WHERE tenant_id = $1")
    assert (row["id"], row["member_id"], row["actor_id"]) == (note, member, author)
    assert row["actor_name"] == "somebody"
    assert "龙井".encode() not in row["sealed"]
    sealed = SealedText("member_note", note, "sealed", member, row["sealed"])
    async with unit_of_work(shop.tenant_id):
        assert await open_texts([sealed]) == [TEXT]
        await fetch_value("DELETE FROM member_key WHERE tenant_id = $1 RETURNING 1")
        assert await open_texts([sealed]) == [None]


async def test_who_wrote_it_takes_it_back(shop: Shop) -> None:
    member, author = await shop.member(PHONE), new_id()
    note = await _write(shop, member, author)
    async with unit_of_work(shop.tenant_id):
        as_staff(new_id())
        with pytest.raises(NoteOfAnother):
            await remove_note(note)
        as_staff(author)
        assert await remove_note(note) == member
        with pytest.raises(NoteUnknown):
            await remove_note(note)
    assert await shop.rows("SELECT id FROM member_note WHERE tenant_id = $1") == []
    async with unit_of_work(shop.tenant_id):
        acts = await acts_before(Search(subject=f"note:{note}", member_id=member), None, 9)
        told = await opened_entries(acts)
        assert await acts_before(Search(subject=f"note:{note}"), None, 9) == []
    assert [row.act for row in acts] == ["note.removed", "note.written"]
    assert {told[row.id].subject for row in acts} == {f"note:{note}"}


async def test_what_says_nothing_and_who_is_not_there(shop: Shop, other_shop: Shop) -> None:
    member, theirs = await shop.member(PHONE), await other_shop.member(PHONE)
    async with unit_of_work(shop.tenant_id):
        for text in ("", " \n ", "x" * 2_001):
            with pytest.raises(NoteTextInvalid):
                await add_note(member, text)
        with pytest.raises(MemberUnknown):
            await add_note(theirs, "x")
    assert await shop.rows("SELECT id FROM member_note WHERE tenant_id = $1") == []
