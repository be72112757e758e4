"""Avatars: an upload is used once, by who sent it; merges, undos and erasures act on the file."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from tests.core.profiles.test_services import PHONE, act, faults
from tests.support.pictures import JPEG, png
from tests.support.shop import Shop

from shuke_core.audit.actors import Actor, act_as
from shuke_core.audit.queries import Search, acts_before, opened_changes
from shuke_core.files import uploads
from shuke_core.files.errors import FileUnknown, PictureLinkInvalid
from shuke_core.files.links import STEP_SECONDS, link_to, linked_picture
from shuke_core.files.pictures import read_picture
from shuke_core.files.services import begin_file, delete_expired_files
from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch, unit_of_work
from shuke_core.members.errors import MemberUnknown
from shuke_core.merging.rules import FieldRule
from shuke_core.merging.services import merge_members, undo_merge
from shuke_core.merging.window import DAYS, set_undo_days
from shuke_core.personal_data.document import document_of
from shuke_core.personal_data.erasure import erase
from shuke_core.profiles.avatars import upload_own_picture, upload_picture
from shuke_core.profiles.errors import MemberChanged
from shuke_core.profiles.queries import values_of
from shuke_core.profiles.services import update_member, update_own_profile

OTHER = "13900139000"
PICTURE = read_picture(JPEG)


async def sent(shop: Shop, member: UUID) -> UUID:
    return (await act(shop, upload_own_picture(member, PICTURE))).id


async def shown(shop: Shop, member: UUID) -> UUID:
    """The member shows a picture from now on; its file."""
    file_id = await sent(shop, member)
    await act(shop, update_own_profile(member, {"avatar": str(file_id)}))
    return file_id


async def avatar(shop: Shop, member: UUID) -> object:
    return (await act(shop, values_of([member])))[member].get("avatar")


async def files(shop: Shop) -> dict[UUID, bool]:
    """Every file there is, and whether it has no end."""
    rows = await shop.rows("SELECT id, expires_at FROM file WHERE tenant_id = $1")
    return {row["id"]: row["expires_at"] is None for row in rows}


async def sweep(shop: Shop) -> None:
    await act(shop, delete_expired_files())


async def test_an_upload_becomes_the_picture_and_the_former_one_goes(shop: Shop) -> None:
    member = await shop.member(PHONE)
    first = await shown(shop, member)
    assert (await avatar(shop, member), await files(shop)) == (first, {first: True})
    again = await act(shop, update_own_profile(member, {"avatar": str(first)}))
    second = await shown(shop, member)
    assert (await avatar(shop, member), await files(shop)) == (second, {second: True})
    assert await act(shop, update_own_profile(member, {"avatar": None})) == again + 2
    assert (await avatar(shop, member), await files(shop)) == (None, {})


async def test_nobody_else_may_use_it_and_nobody_twice(shop: Shop, other_shop: Shop) -> None:
    member, other = await shop.member(PHONE), await shop.member(OTHER)
    stranger = await other_shop.member(PHONE)
    file_id = str(await sent(shop, member))
    unknown = {"avatar": "FILE_UNKNOWN"}
    for said in (file_id, str(new_id()), "../../etc", ""):
        assert await faults(shop, update_own_profile(other, {"avatar": said})) == unknown
    assert await faults(other_shop, update_own_profile(stranger, {"avatar": file_id})) == unknown
    await act(shop, update_own_profile(member, {"avatar": file_id}))
    await act(shop, update_own_profile(member, {"avatar": None}))
    assert await faults(shop, update_own_profile(member, {"avatar": file_id})) == unknown
    export = await act(shop, begin_file("a.csv", "text/csv", None))
    assert await faults(shop, update_own_profile(member, {"avatar": str(export)})) == unknown


async def test_with_a_fault_elsewhere_nothing_is_used(shop: Shop) -> None:
    member = await shop.member(PHONE)
    file_id = await sent(shop, member)
    said = {"avatar": str(file_id), "region": "440399"}
    assert await faults(shop, update_own_profile(member, said)) == {
        "region": "PROFILE_VALUE_INVALID"
    }
    assert (await avatar(shop, member), await files(shop)) == (None, {file_id: False})
    await act(shop, update_own_profile(member, {"avatar": str(file_id)}))
    assert await avatar(shop, member) == file_id


async def test_unused_uploads_are_forgotten_after_a_day_and_few_are_kept(shop: Shop) -> None:
    member = await shop.member(PHONE)
    kept = await shown(shop, member)
    all_sent = [await sent(shop, member) for _ in range(uploads.MOST_UNUSED + 2)]
    newest = all_sent[-uploads.MOST_UNUSED :]
    assert await files(shop) == {kept: True, **dict.fromkeys(newest, False)}
    await sweep(shop)
    assert len(await files(shop)) == 1 + uploads.MOST_UNUSED
    with clock.held_at(clock.now() + timedelta(days=1, seconds=1)):
        said = {"avatar": str(newest[0])}
        assert await faults(shop, update_own_profile(member, said)) == {"avatar": "FILE_UNKNOWN"}
        await sweep(shop)
    assert await files(shop) == {kept: True}


async def test_a_visitor_and_nobody_may_not_send(shop: Shop) -> None:
    member = await shop.member(PHONE)
    await shop.rows("UPDATE member SET state = 'visitor' WHERE tenant_id = $1")
    for who in (member, new_id()):
        with pytest.raises(MemberUnknown):
            await sent(shop, who)
    assert await files(shop) == {}


async def test_staff_give_a_member_what_they_have_sent_themselves(shop: Shop) -> None:
    member = await shop.member(PHONE)
    me, colleague = new_id(), new_id()

    async def edit(staff: UUID, file_id: UUID, version: int) -> int:
        act_as(Actor("staff", staff, "somebody"))
        return await update_member(member, version, {"avatar": str(file_id)})

    file_id = (await act(shop, upload_picture(me, PICTURE))).id
    assert await faults(shop, edit(colleague, file_id, 1)) == {"avatar": "FILE_UNKNOWN"}
    with pytest.raises(MemberChanged):
        await act(shop, edit(me, file_id, 9))
    assert await act(shop, edit(me, file_id, 1)) == 2
    rows = await shop.rows("SELECT member_id, uploaded_by FROM file WHERE tenant_id = $1")
    assert rows == [{"member_id": member, "uploaded_by": None}]
    async with unit_of_work(shop.tenant_id):
        (entry, *_) = await acts_before(Search(), None, 1)
        changes = (await opened_changes([entry]))[entry.id]
    assert changes == {"avatar": [None, "***"]}


async def test_of_two_who_use_one_upload_at_once_one_has_it(shop: Shop) -> None:
    members = [await shop.member(f"1380013800{nth}") for nth in range(8)]
    staff = new_id()
    file_id = (await act(shop, upload_picture(staff, PICTURE))).id

    async def edit(member: UUID) -> bool:
        async with unit_of_work(shop.tenant_id):
            act_as(Actor("staff", staff, "somebody"))
            await update_member(member, 1, {"avatar": str(file_id)})
        return True

    done = await asyncio.gather(*(edit(each) for each in members), return_exceptions=True)
    assert [each for each in done if each is True] == [True]
    have = await shop.rows("SELECT id FROM member WHERE tenant_id = $1 AND avatar = $2", file_id)
    whose = await shop.rows("SELECT member_id AS id FROM file WHERE tenant_id = $1")
    assert have == whose
    assert len(have) == 1


async def test_a_merge_fills_the_picture_and_its_undo_gives_it_back(shop: Shop) -> None:
    kept, gone = await shop.member(PHONE), await shop.member(OTHER)
    file_id = await shown(shop, gone)
    merge_id = await act(shop, merge_members(kept, gone))
    assert await avatar(shop, kept) == file_id
    newer = await shown(shop, kept)
    assert await files(shop) == {file_id: True, newer: True}  # the other goes on naming it
    await act(shop, undo_merge(merge_id))
    assert (await avatar(shop, kept), await avatar(shop, gone)) == (newer, file_id)
    assert await files(shop) == {file_id: True, newer: True}


async def test_a_picture_that_a_merge_puts_aside_is_kept_for_its_undo(shop: Shop) -> None:
    await act(shop, set_undo_days(90))
    kept, gone = await shop.member(PHONE), await shop.member(OTHER)
    own, others = await shown(shop, kept), await shown(shop, gone)
    unused = await sent(shop, kept)
    choices = {"avatar": FieldRule.ABSORBED}
    merge_id = await act(shop, merge_members(kept, gone, choices))
    assert await avatar(shop, kept) == others
    assert await files(shop) == {own: False, others: True, unused: False}
    with clock.held_at(clock.now() + timedelta(days=90, minutes=-1)):
        await sweep(shop)
        assert await files(shop) == {own: False, others: True}
        await act(shop, undo_merge(merge_id))
    assert (await avatar(shop, kept), await avatar(shop, gone)) == (own, others)
    assert await files(shop) == {own: True, others: True}


async def test_what_a_merge_put_aside_goes_when_it_can_not_be_undone_any_more(shop: Shop) -> None:
    kept, gone = await shop.member(PHONE), await shop.member(OTHER)
    await shown(shop, kept)
    others = await shown(shop, gone)
    await act(shop, merge_members(kept, gone, {"avatar": FieldRule.ABSORBED}))
    with clock.held_at(clock.now() + timedelta(days=DAYS + 2)):
        await sweep(shop)
    assert (await avatar(shop, kept), await files(shop)) == (others, {others: True})


async def test_an_erasure_takes_every_picture_and_upload(shop: Shop) -> None:
    member, gone, other = [await shop.member(each) for each in (PHONE, OTHER, "13700137000")]
    await shown(shop, member)
    await shown(shop, gone)
    await sent(shop, member)
    left = await shown(shop, other)
    await act(shop, merge_members(member, gone, {"avatar": FieldRule.ABSORBED}))
    await act(shop, erase(member, "asked for"))
    assert await files(shop) == {left: True}
    chunks = await shop.rows("SELECT DISTINCT file_id FROM file_chunk WHERE tenant_id = $1")
    assert chunks == [{"file_id": left}]


async def test_an_erasure_waits_for_an_upload_and_finds_it(shop: Shop) -> None:
    member = await shop.member(PHONE)
    uploading = asyncio.Event()

    async def erase_meanwhile() -> None:
        await uploading.wait()
        await act(shop, erase(member, "asked for"))

    erasing = asyncio.create_task(erase_meanwhile())
    async with unit_of_work(shop.tenant_id):
        await upload_own_picture(member, PICTURE)
        uploading.set()
        await asyncio.sleep(0.1)
        assert not erasing.done()
    await erasing
    assert await files(shop) == {}
    with pytest.raises(MemberUnknown):
        await sent(shop, member)


async def test_a_member_is_handed_what_is_kept_of_their_pictures(shop: Shop) -> None:
    member = await shop.member(PHONE)
    await shown(shop, member)
    document = await act(shop, document_of(member))
    (held,) = [each for each in document["holdings"] if each["key"] == "file"]
    (row,) = held["rows"]
    assert (row["type"], row["bytes"]) == ("image/jpeg", len(PICTURE.data))


async def test_a_link_shows_the_picture_for_an_hour_to_two(shop: Shop, other_shop: Shop) -> None:
    member = await shop.member(PHONE)
    large = read_picture(png(extra=b""))
    file_id = await shown(shop, member)
    hour = clock.now().replace(minute=0, second=0, microsecond=0)
    with clock.held_at(hour):
        link = await act(shop, link_to(file_id))
    with clock.held_at(hour + timedelta(seconds=STEP_SECONDS - 1)):
        assert await act(shop, link_to(file_id)) == link
    with clock.held_at(hour + timedelta(seconds=STEP_SECONDS)):
        assert await act(shop, link_to(file_id)) != link
    assert link.expires_at == hour + timedelta(seconds=2 * STEP_SECONDS)
    picture = await act(shop, linked_picture(link.token))
    assert (picture.content_type, picture.data) == ("image/jpeg", PICTURE.data)
    assert large.content_type == "image/png"
    with clock.held_at(link.expires_at), pytest.raises(PictureLinkInvalid):
        await act(shop, linked_picture(link.token))
    for shop_asked, token in (
        (other_shop, link.token),
        (shop, link.token[:-1] + ("A" if link.token[-1] != "A" else "B")),
        (shop, "A" * 48),
        (shop, "é" * 48),
        (shop, ""),
    ):
        with pytest.raises(PictureLinkInvalid):
            await act(shop_asked, linked_picture(token))
    await act(shop, update_own_profile(member, {"avatar": None}))
    with pytest.raises(PictureLinkInvalid):
        await act(shop, linked_picture(link.token))


async def test_no_link_leads_to_an_upload_or_an_export(shop: Shop) -> None:
    member = await shop.member(PHONE)
    unused = await sent(shop, member)
    async with unit_of_work(shop.tenant_id):
        export = await begin_file("a.csv", "text/csv", None)
        named = await begin_file("a.csv", "text/csv", None, member_id=member)
    for file_id in (unused, export, named, new_id()):
        link = await act(shop, link_to(file_id))
        with pytest.raises(PictureLinkInvalid):
            await act(shop, linked_picture(link.token))


async def test_a_file_that_goes_while_it_is_read_is_no_picture(shop: Shop) -> None:
    member = await shop.member(PHONE)
    file_id = await shown(shop, member)
    link = await act(shop, link_to(file_id))
    await shop.rows("DELETE FROM file_chunk WHERE tenant_id = $1")
    with pytest.raises(PictureLinkInvalid):
        await act(shop, linked_picture(link.token))
    with pytest.raises(FileUnknown):
        await act(shop, uploads.check_upload(file_id, member))
    async with unit_of_work(shop.tenant_id):
        assert await fetch("SELECT id FROM file WHERE tenant_id = $1 AND id = $2", file_id)
