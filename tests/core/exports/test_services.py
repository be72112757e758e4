"""Exports without a client: who sees what, what ends one, how it fails, what is left of it."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.support.accounts import grant_for
from tests.support.exports import REASON, as_staff, asked_export, linked, ready_export, staff_id_of
from tests.support.scopes import divide
from tests.support.shop import Shop

from shuke_core.access.rights import FieldClass, Scope
from shuke_core.disclosure.limits import set_disclosure_limits
from shuke_core.exports import kinds, writing
from shuke_core.exports.asked import Asked, Batch
from shuke_core.exports.errors import (
    ExportLinkInvalid,
    ExportNotPermitted,
    ExportNotReady,
    ExportReasonMissing,
    ExportsTooMany,
    ExportTooLarge,
    ExportUnknown,
)
from shuke_core.exports.kinds import declare_export
from shuke_core.exports.services import make_link, request_export, revoke_export, take_link
from shuke_core.exports.writing import work_on_exports
from shuke_core.files.errors import FileUnknown
from shuke_core.files.lists import take_list
from shuke_core.files.services import (
    begin_file,
    delete_expired_files,
    file_card,
    read_chunk,
)
from shuke_core.kit import clock
from shuke_core.kit.crypto import CannotOpen
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch, unit_of_work
from shuke_core.staff.role_services import Grant, Wanted, create_role
from shuke_core.staff.services import add_staff, leave
from shuke_core.stepup.approvals import set_approval_limit
from shuke_core.stepup.errors import ApprovalRequired, StepUpRequired


async def hired(shop: Shop, handle: str, role: str) -> UUID:
    """Somebody new, or somebody's new role; their id."""
    async with unit_of_work(shop.tenant_id):
        await add_staff(handle, f"小{handle}", role)
        return await staff_id_of(handle)


async def lines(shop: Shop, export_id: UUID) -> list[str]:
    """The lines of the file without the first and the watermark."""
    (row,) = await shop.rows(
        "SELECT file_id FROM export WHERE tenant_id = $1 AND id = $2", export_id
    )
    async with unit_of_work(shop.tenant_id):
        card = await file_card(row["file_id"])
        text = b"".join([await read_chunk(card.id, n) for n in range(card.chunks)]).decode()
    return text.split("\r\n")[1:-2]


async def state(shop: Shop, export_id: UUID) -> tuple[str, str]:
    """State and reason, and that nothing is left of a file that has ended."""
    (row,) = await shop.rows(
        "SELECT state, reason, file_id FROM export WHERE tenant_id = $1 AND id = $2", export_id
    )
    chunks = await shop.rows("SELECT id FROM file_chunk WHERE tenant_id = $1")
    assert bool(chunks) is (row["state"] == "ready") or row["state"] == "waiting"
    return row["state"], row["reason"]


async def with_narrow_roles(shop: Shop) -> None:
    """Two roles that may export, of their own members and of their stores."""
    async with unit_of_work(shop.tenant_id):
        for key, scope in (("keeper", Scope.STORES), ("carer", Scope.OWN)):
            grants = (Grant("members.read", scope), Grant("exports.request", Scope.ALL))
            await create_role(None, key, Wanted(key, key, grants, (FieldClass.CONTACT,)))


@pytest.mark.parametrize(
    ("role", "seen"),
    [("carer", ["王0"]), ("keeper", ["王0", "王2"]), ("admin", ["王0", "王1", "王2"])],
)
async def test_a_file_has_the_members_that_its_asker_sees(
    role: str, seen: Sequence[str], shop: Shop
) -> None:
    await divide(shop)
    await with_narrow_roles(shop)
    ann = await hired(shop, "ann", role)
    export = await ready_export(shop, ann, ["name"])
    assert sorted(await lines(shop, export)) == seen
    one = await ready_export(shop, ann, ["name"], unassigned=True)
    assert await lines(shop, one) == [name for name in seen if name == "王2"]


async def test_the_scope_is_held_by_the_database_as_well(shop: Shop) -> None:
    """A kind whose words forget the scope shows no more for that."""
    await divide(shop)
    await with_narrow_roles(shop)
    ann, kind = await hired(shop, "ann", "carer"), Asked.of("members", ["name"], {}).kind
    forgetful = declare_export(
        *("forgetful", kind.label, kind.permission),
        table=kind.table, where=kind.where, newest=kind.newest,
        columns=list(kind.columns.values()), within=dict.fromkeys(kind.within, "true"),
    )  # fmt: skip
    async with unit_of_work(shop.tenant_id):
        await fetch(
            "INSERT INTO export (tenant_id, id, staff_id, kind, columns, filters, purpose, state, "
            "attempt, due_at, reason, rows, downloads, requested_at) VALUES ($1, $2, $3, $4, "
            "'[\"name\"]', '{}', 'x', 'waiting', 0, now(), '', 0, 0, now())",
            *((export := new_id()), ann, forgetful.key),
        )
    try:
        await shop.work("exports")
        assert await lines(shop, export) == ["王0"]
    finally:
        del kinds._declared["forgetful"]


async def test_rights_are_looked_at_when_it_is_written(shop: Shop) -> None:
    await shop.member("13800138000")
    me = await hired(shop, "me", "admin")
    async with unit_of_work(shop.tenant_id):
        export = await asked_export(me, ["phone"])
    await hired(shop, "me", "operator")
    await shop.work("exports")
    assert await state(shop, export) == ("dead", "EXPORT_NOT_PERMITTED")


async def test_rights_are_looked_at_when_it_is_fetched(shop: Shop) -> None:
    await shop.member("13800138000")
    me = await hired(shop, "me", "admin")
    export = await ready_export(shop, me, ["phone"])
    token = await linked(shop, me, export)
    await hired(shop, "me", "operator")
    async with unit_of_work(shop.tenant_id):
        as_staff(me)
        with pytest.raises(ExportNotPermitted):
            await make_link(export)
        with pytest.raises(ExportLinkInvalid):
            await take_link(token, "", "")


async def test_it_is_written_in_batches_and_goes_on_where_a_worker_died(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "ROWS", 3)
    monkeypatch.setattr(writing, "PAUSE_SECONDS", 0.0)
    for number in range(7):
        await shop.member(f"1380013800{number}")
    me = await hired(shop, "me", "admin")
    async with unit_of_work(shop.tenant_id):
        export = await asked_export(me, ["phone"])
    assert await work_on_exports(shop.tenant_id)
    asked = Asked.batch

    async def dies(*_: Any) -> Batch:
        raise RuntimeError("planted")

    monkeypatch.setattr(Asked, "batch", dies)
    assert await work_on_exports(shop.tenant_id)
    (row,) = await shop.rows("SELECT state, attempt, rows FROM export WHERE tenant_id = $1")
    assert row == {"state": "waiting", "attempt": 1, "rows": 3}
    monkeypatch.setattr(Asked, "batch", asked)
    await shop.work("exports")
    assert await lines(shop, export) == [f"1380013800{n}" for n in reversed(range(7))]


async def test_what_always_fails_is_given_up_and_nothing_is_left(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "PAUSE_SECONDS", 0.0)
    me = await hired(shop, "me", "admin")
    async with unit_of_work(shop.tenant_id):
        export = await asked_export(me)

    async def dies(*_: Any) -> Batch:
        raise RuntimeError("planted")

    monkeypatch.setattr(Asked, "batch", dies)
    for _ in range(writing.ATTEMPTS):
        assert await state(shop, export) != ("dead", "INTERNAL")
        assert await work_on_exports(shop.tenant_id)
    assert await state(shop, export) == ("dead", "INTERNAL")
    assert not await work_on_exports(shop.tenant_id)


async def test_a_cancelled_worker_gives_it_back(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    me = await hired(shop, "me", "admin")
    async with unit_of_work(shop.tenant_id):
        export = await asked_export(me)
    asked, begun = Asked.batch, asyncio.Event()

    async def hangs(*_: Any) -> Batch:
        begun.set()
        await asyncio.sleep(60)
        raise AssertionError

    monkeypatch.setattr(Asked, "batch", hangs)
    working = asyncio.create_task(work_on_exports(shop.tenant_id))
    await begun.wait()
    working.cancel()
    await asyncio.wait([working])
    monkeypatch.setattr(Asked, "batch", asked)
    await shop.work("exports")
    assert await state(shop, export) == ("ready", "")


async def test_a_revoked_one_leaves_nothing_and_its_links_end(shop: Shop) -> None:
    me, other = await hired(shop, "me", "admin"), await hired(shop, "other", "operator")
    export = await ready_export(shop, me)
    token = await linked(shop, me, export)
    async with unit_of_work(shop.tenant_id):
        as_staff(other)
        for unknown in (export, uuid4()):
            with pytest.raises(ExportUnknown):
                await revoke_export(unknown)
            with pytest.raises(ExportUnknown):
                await make_link(unknown)
    async with unit_of_work(shop.tenant_id):
        as_staff(other)
        await revoke_export(export, anybodys=True)
    assert await state(shop, export) == ("revoked", "")
    async with unit_of_work(shop.tenant_id):
        with pytest.raises(ExportLinkInvalid):
            await take_link(token, "", "")
        as_staff(me)
        with pytest.raises(ExportNotReady):
            await make_link(export)
        with pytest.raises(ExportUnknown):
            await revoke_export(export)


async def test_after_a_day_it_is_gone(shop: Shop) -> None:
    me = await hired(shop, "me", "admin")
    export = await ready_export(shop, me)
    token = await linked(shop, me, export)
    lives = (
        "SELECT expires_at - ready_at AS life, due_at = expires_at AS due FROM export "
        "WHERE tenant_id = $1"
    )
    assert await shop.rows(lives) == [{"life": timedelta(hours=24), "due": True}]
    await shop.rows(
        "UPDATE export SET expires_at = $2, due_at = $2 WHERE tenant_id = $1",
        clock.now() - timedelta(seconds=1),
    )
    async with unit_of_work(shop.tenant_id):  # before any worker came
        with pytest.raises(ExportLinkInvalid):
            await take_link(token, "", "")
        as_staff(me)
        with pytest.raises(ExportNotReady, match="expired"):
            await make_link(export)
    await shop.work("exports")
    assert await state(shop, export) == ("expired", "")


async def test_a_link_ends_after_five_minutes(shop: Shop) -> None:
    me = await hired(shop, "me", "admin")
    export = await ready_export(shop, me)
    token = await linked(shop, me, export)
    lives = "SELECT expires_at - created_at AS life FROM export_link WHERE tenant_id = $1"
    assert await shop.rows(lives) == [{"life": timedelta(minutes=5)}]
    await shop.rows("UPDATE export_link SET expires_at = $2 WHERE tenant_id = $1", clock.now())
    async with unit_of_work(shop.tenant_id):
        with pytest.raises(ExportLinkInvalid):
            await take_link(token, "", "")


async def test_whoever_leaves_leaves_no_export(shop: Shop) -> None:
    me = await hired(shop, "me", "admin")
    export = await ready_export(shop, me)
    async with unit_of_work(shop.tenant_id):
        await leave("me")
    assert await state(shop, export) == ("revoked", "")


async def test_limits(shop: Shop) -> None:
    for number in range(3):
        await shop.member(f"1380013800{number}")
    me = await hired(shop, "me", "operator")
    async with unit_of_work(shop.tenant_id):
        await set_disclosure_limits(None, 1, 1, 1, 2)
    async with unit_of_work(shop.tenant_id):
        with pytest.raises(ExportTooLarge, match="at most 2 rows"):
            await asked_export(me)
    async with unit_of_work(shop.tenant_id):
        await set_disclosure_limits(None, 1, 1, 1, 3)
        export = await asked_export(me)
    await shop.member("13900139000")  # it has grown meanwhile
    await shop.work("exports")
    assert await state(shop, export) == ("dead", "EXPORT_TOO_LARGE")
    async with unit_of_work(shop.tenant_id):
        await set_disclosure_limits(None, 1, 1, 1, 4)
        for _ in range(3):
            await asked_export(me)
        with pytest.raises(ExportsTooMany):
            await asked_export(me)


async def test_over_the_limit_of_rows_a_second_person_is_wanted(shop: Shop) -> None:
    for number in range(3):
        await shop.member(f"1380013800{number}")
    me = await hired(shop, "me", "admin")
    async with unit_of_work(shop.tenant_id):
        await set_approval_limit(None, "exports.reveal", 2)
        await asked_export(me, ["cardNo"])  # the other operation has a limit of its own
        with pytest.raises(ApprovalRequired):
            await asked_export(me, ["phone"])
    async with unit_of_work(shop.tenant_id):
        await set_approval_limit(None, "exports.reveal", 3)
        await asked_export(me, ["phone"])


async def test_a_reason_and_somebody_of_the_staff_are_wanted(shop: Shop) -> None:
    me = await hired(shop, "me", "admin")
    async with unit_of_work(shop.tenant_id):
        with pytest.raises(ExportNotPermitted):
            await request_export(None, "members", ["cardNo"], {}, REASON)
        as_staff(me)
        with pytest.raises(StepUpRequired):
            await request_export(None, "members", ["cardNo"], {}, REASON)
        await asked_export(me)
    async with unit_of_work(shop.tenant_id):
        given: dict[str, Any] = {
            "kind": "members",
            "columns": ["cardNo"],
            "filters": {},
            "reason": " ",
        }
        as_staff(me)
        with pytest.raises(ExportReasonMissing):
            await request_export(await grant_for(me, "exports.request", given), **given)


async def test_a_file_that_is_taken_into_use_while_it_is_swept_stays(shop: Shop) -> None:
    """The sweep does not wait for who holds it, and what was held is there afterwards."""
    me = new_id()
    async with unit_of_work(shop.tenant_id):
        held, free = [
            await begin_file(name, "text/csv", clock.now() + timedelta(days=1), uploaded_by=me)
            for name in ("a", "b")
        ]
    is_held, may_end = asyncio.Event(), asyncio.Event()

    async def uses() -> None:
        async with unit_of_work(shop.tenant_id):
            await take_list(held, me)
            is_held.set()
            await may_end.wait()

    using = asyncio.create_task(uses())
    await is_held.wait()
    try:
        with clock.held_at(clock.now() + timedelta(days=2)):
            async with asyncio.timeout(5), unit_of_work(shop.tenant_id):
                assert not await delete_expired_files()
    finally:
        may_end.set()
        await using
    left = await shop.rows("SELECT id FROM file WHERE tenant_id = $1")
    assert [row["id"] for row in left] == [held]
    assert free != held


async def test_files_that_nobody_takes_care_of_are_swept(shop: Shop) -> None:
    me = await hired(shop, "me", "admin")
    export = await ready_export(shop, me)
    (row,) = await shop.rows("SELECT file_id FROM export WHERE tenant_id = $1 AND id = $2", export)
    async with unit_of_work(shop.tenant_id):
        assert not await delete_expired_files()
        assert (await file_card(row["file_id"])).chunks == 1
        await fetch("UPDATE export SET file_id = NULL WHERE tenant_id = $1")
        await fetch("UPDATE file SET expires_at = $2 WHERE tenant_id = $1", clock.now())
        with pytest.raises(FileUnknown):
            await file_card(row["file_id"])
        assert not await delete_expired_files()
        with pytest.raises(FileUnknown):
            await read_chunk(row["file_id"], 0)


async def test_a_chunk_opens_in_its_place_only(shop: Shop) -> None:
    me = await hired(shop, "me", "admin")
    export = await ready_export(shop, me, ["maskedPhone"])
    (row,) = await shop.rows("SELECT c.sealed, c.file_id FROM file_chunk c WHERE c.tenant_id = $1")
    assert str(export).encode() not in row["sealed"]
    await shop.rows("UPDATE file_chunk SET number = 1 WHERE tenant_id = $1")
    async with unit_of_work(shop.tenant_id):
        with pytest.raises(CannotOpen):
            await read_chunk(row["file_id"], 1)
