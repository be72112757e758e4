"""Rotation of keys: nothing is unreadable at any moment, and whoever was stopped goes on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
import pytest_asyncio
from tests.support.full_tenants import full_tenant
from tests.support.scratch import connection_to
from tests.support.sealed import sealed_columns, unreadable
from tests.support.shop import Shop

from shuke_core.audit.chain import verify_chain
from shuke_core.kit.crypto import CannotOpen, Place, new_key
from shuke_core.kit.transactions import fetch_value, in_unit_of_work, unit_of_work
from shuke_core.members.plain import plain_phones
from shuke_core.places import master_key
from shuke_core.runtime import Runtime
from shuke_core.tenants.errors import MasterKeyWrong
from shuke_core.tenants.keyring import forget_keys, tenant_keys, use_master_key
from shuke_core.tenants.master_keys import MasterKey
from shuke_core.upkeep import rotation
from shuke_core.upkeep.rotation import (
    begin_renewal,
    key_status,
    rewrap_member_keys,
    rewrap_tenant_keys,
    seals_from,
)

PEOPLE = 8


@pytest.fixture
def old(runtime: Runtime) -> MasterKey:
    return master_key(runtime.settings, may_make=False)


@pytest_asyncio.fixture
async def new(shop: Shop, old: MasterKey) -> AsyncIterator[MasterKey]:
    """Another master key; afterwards the shop is wrapped by the first one again."""
    fresh = MasterKey(new_key())
    yield fresh
    use_master_key(old, [fresh])
    await in_unit_of_work(shop.tenant_id, rewrap_tenant_keys)
    use_master_key(old)


async def _status(shop: Shop) -> rotation.KeyStatus:
    async with unit_of_work(shop.tenant_id):
        return await key_status()


async def _phones(shop: Shop, member_ids: set[UUID]) -> list[str]:
    async with unit_of_work(shop.tenant_id):
        return sorted(str(each) for each in (await plain_phones(list(member_ids))).values())


async def _busy(shop: Shop, during: Callable[[], Awaitable[object]]) -> list[str]:
    """Eight at once sign people up and read everybody's phone while `during` goes on; returns the
    phones that were signed up."""
    over, members, numbers = asyncio.Event(), set[UUID](), list[str]()

    async def channel(nth: int) -> None:
        turn = 0
        while not over.is_set() or turn < 3:
            phone = f"138{nth:02}{turn:06}"
            member_id = await shop.member(phone)
            members.add(member_id)
            numbers.append(phone)
            assert await _phones(shop, {member_id}) == [f"+86{phone}"]
            turn += 1

    channels = [asyncio.create_task(channel(nth)) for nth in range(PEOPLE)]
    await during()
    over.set()
    await asyncio.gather(*channels)
    assert await _phones(shop, members) == sorted(f"+86{phone}" for phone in numbers)
    return numbers


async def _rewrap_all(shop: Shop) -> None:
    while (await _status(shop)).member_keys_left:
        after = await in_unit_of_work(shop.tenant_id, rewrap_member_keys)
        while after is not None:
            after = await in_unit_of_work(shop.tenant_id, partial(rewrap_member_keys, after))


async def test_the_master_key_rotates_under_sign_ups_and_reads(
    shop: Shop, old: MasterKey, new: MasterKey
) -> None:
    await shop.member("13900000000")
    use_master_key(new, [old])
    assert (await _status(shop)).other_masters == (old.id,)

    async def rotate() -> None:
        for _ in range(3):
            await in_unit_of_work(shop.tenant_id, rewrap_tenant_keys)
            forget_keys(shop.tenant_id)

    await _busy(shop, rotate)
    assert (await _status(shop)).other_masters == ()
    use_master_key(new)
    assert await _phones(shop, {await shop.member("13900000000")}) == ["+8613900000000"]


async def test_either_master_key_reads_while_tenants_are_half_through(
    shop: Shop, other_shop: Shop, old: MasterKey, new: MasterKey
) -> None:
    use_master_key(new, [old])
    assert await in_unit_of_work(shop.tenant_id, rewrap_tenant_keys) == 1
    assert await in_unit_of_work(shop.tenant_id, rewrap_tenant_keys) == 0
    for each in (new, old), (old, new):
        use_master_key(each[0], each[1:])
        for tenant in (shop, other_shop):
            async with unit_of_work(tenant.tenant_id):
                assert (await tenant_keys()).others == ()


async def test_without_the_former_key_nothing_is_read_or_changed(
    shop: Shop, old: MasterKey, new: MasterKey
) -> None:
    use_master_key(new)
    for work in (tenant_keys, rewrap_tenant_keys):
        with pytest.raises(MasterKeyWrong) as refused:
            await in_unit_of_work(shop.tenant_id, work)
        assert old.id in str(refused.value)
        assert "SHUKE_FORMER_MASTER_KEYS" in str(refused.value)
    use_master_key(new, [MasterKey(new_key())])
    with pytest.raises(MasterKeyWrong):
        await in_unit_of_work(shop.tenant_id, rewrap_tenant_keys)
    use_master_key(old)
    assert (await _status(shop)).other_masters == ()


async def test_the_audit_chain_verifies_when_the_former_key_is_gone(
    shop: Shop, old: MasterKey, new: MasterKey
) -> None:
    for _ in range(2):
        await shop.work("relay", "reactions")
    use_master_key(new)
    async with unit_of_work(shop.tenant_id):
        before = await verify_chain()
    assert any(old.id in fault for fault in before.faults), before
    use_master_key(new, [old])
    await in_unit_of_work(shop.tenant_id, rewrap_tenant_keys)
    use_master_key(new)
    for _ in range(2):
        await shop.work("relay", "reactions")  # the rotation's own entry, made with the new key
    async with unit_of_work(shop.tenant_id):
        after = await verify_chain()
    assert (after.faults, after.unsealed) == ((), 0)
    assert after.head.position > before.head.position > 0


async def test_a_sealing_key_is_renewed_under_sign_ups_and_reads(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "NOTICE", timedelta(seconds=1))
    monkeypatch.setattr(rotation, "BATCH", 5)
    async with unit_of_work(shop.tenant_id):
        first = (await tenant_keys()).id

    async def renew() -> None:
        assert await in_unit_of_work(shop.tenant_id, begin_renewal)
        forget_keys(shop.tenant_id)
        async with unit_of_work(shop.tenant_id):
            assert (await tenant_keys()).id == first  # not before its time
            assert await seals_from() is not None
        await asyncio.sleep(1.2)
        await _rewrap_all(shop)

    await _busy(shop, renew)
    await _rewrap_all(shop)
    async with unit_of_work(shop.tenant_id):
        assert (await tenant_keys()).id != first
        assert (
            await fetch_value(
                "SELECT count(DISTINCT tenant_key_id) FROM member_key WHERE tenant_id = $1"
            )
            == 1
        )
    assert (await _status(shop)).generation == 1


async def test_a_renewal_that_was_stopped_goes_on_with_the_same_key(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "NOTICE", timedelta(0))
    monkeypatch.setattr(rotation, "BATCH", 2)
    members = {await shop.member(f"1370000000{nth}") for nth in range(7)}
    assert await in_unit_of_work(shop.tenant_id, begin_renewal)
    assert await in_unit_of_work(shop.tenant_id, rewrap_member_keys) is not None

    async def killed() -> None:
        await rewrap_member_keys()
        raise KeyboardInterrupt

    with suppress(KeyboardInterrupt):
        await in_unit_of_work(shop.tenant_id, killed)
    assert (await _status(shop)).member_keys_left == 5
    assert len(await _phones(shop, members)) == 7
    assert not await in_unit_of_work(shop.tenant_id, begin_renewal)
    await _rewrap_all(shop)
    assert await _status(shop) == rotation.KeyStatus(1, (), 0)
    assert len(await _phones(shop, members)) == 7
    assert await in_unit_of_work(shop.tenant_id, begin_renewal)
    assert (await _status(shop)).generation == 2


async def test_without_notice_another_process_could_not_open(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with unit_of_work(shop.tenant_id):
        elsewhere = await tenant_keys()  # what a process holds that read before the renewal

    async def opens_elsewhere() -> bool:
        forget_keys(shop.tenant_id)
        member_id = await shop.member("13700000000")
        row = (
            await shop.rows(
                "SELECT id, wrapped FROM member_key WHERE tenant_id = $1 AND member_id = $2",
                member_id,
            )
        )[0]
        try:
            elsewhere.open(
                row["wrapped"], Place(shop.tenant_id, "member_key", row["id"], "wrapped")
            )
        except CannotOpen:
            return False
        return True

    assert await in_unit_of_work(shop.tenant_id, begin_renewal)
    assert await opens_elsewhere()
    for table in ("sealing_key", "member_key", "member_identity"):
        await shop.rows(f"DELETE FROM {table} WHERE tenant_id = $1 RETURNING id")
    monkeypatch.setattr(rotation, "NOTICE", timedelta(0))
    assert await in_unit_of_work(shop.tenant_id, begin_renewal)
    assert not await opens_elsewhere()


async def test_after_both_rotations_every_sealed_value_opens(
    runtime: Runtime, old: MasterKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "NOTICE", timedelta(0))
    tenant = await full_tenant(runtime)
    async with connection_to(runtime.places.owner()) as db:
        columns = await sealed_columns(db)
    fresh = MasterKey(new_key())
    try:
        use_master_key(fresh, [old])
        await in_unit_of_work(tenant.tenant_id, rewrap_tenant_keys)
        await in_unit_of_work(tenant.tenant_id, begin_renewal)
        await _rewrap_all(tenant.shop)
        use_master_key(fresh)
        found = await unreadable(tenant.tenant_id, columns)
    finally:
        use_master_key(old, [fresh])
        await in_unit_of_work(tenant.tenant_id, rewrap_tenant_keys)
        use_master_key(old)
    assert {name: counts for name, counts in found.items() if counts[0]} == {}
    assert {"member_identity.sealed", "integration_secret.sealed", "credential.secret"} <= set(
        found
    )
    assert {"audit_entry.changes", "file_chunk.sealed", "member_key.wrapped"} <= set(found)
