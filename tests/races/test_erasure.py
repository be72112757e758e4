"""Somebody is erased while tickets of theirs arrive: there is no half a person afterwards."""

import asyncio
from uuid import UUID

import asyncpg
import pytest
from tests.support.shop import Shop

from shuke_core.integrations import intake
from shuke_core.integrations.intake import Fate, RawTicket, take_in
from shuke_core.integrations.ticket_facts import Rejected
from shuke_core.kit import clock
from shuke_core.kit.transactions import in_unit_of_work
from shuke_core.personal_data.erasure import erase

PHONE = "13800138000"
CONNECTIONS = 10


async def _arrives(shop: Shop) -> Fate | Rejected:
    """One ticket in a unit of its own, tried again as the inbox does when its member went away."""
    ticket = RawTicket(shop.ticket(phone=PHONE), clock.now())
    for _ in range(5):
        try:
            (fate,) = await in_unit_of_work(shop.tenant_id, lambda: take_in("till", [ticket]))
        except (asyncpg.ForeignKeyViolationError, KeyError):
            continue
        return fate
    raise AssertionError("a ticket found no end")


async def _erased(shop: Shop, member_id: UUID) -> None:
    await asyncio.sleep(0.005)
    await in_unit_of_work(shop.tenant_id, lambda: erase(member_id, "asked for"))


async def _raced(shop: Shop) -> list[Fate | Rejected]:
    member_id = await shop.member(PHONE)
    *fates, _ = await asyncio.gather(
        *(_arrives(shop) for _ in range(CONNECTIONS)), _erased(shop, member_id)
    )
    fates.append(await _arrives(shop))
    return fates  # type: ignore[return-value]


async def _halves(shop: Shop) -> list[dict[str, object]]:
    """Members other than random subjects, and orders of nobody's."""
    return await shop.rows(
        "SELECT m.id, 'a member' AS what FROM member m WHERE m.tenant_id = $1 AND m.state <> 'erased' "
        "UNION ALL SELECT i.id, 'an identity' FROM member_identity i WHERE i.tenant_id = $1 "
        "UNION ALL SELECT k.id, 'a key' FROM member_key k WHERE k.tenant_id = $1 "
        "UNION ALL SELECT o.id, 'an order' FROM orders o WHERE o.tenant_id = $1 AND NOT EXISTS "
        "(SELECT FROM member m WHERE m.tenant_id = $1 AND m.id = o.member_id AND m.state = 'erased')"
    )


async def test_tickets_that_arrive_meanwhile_leave_no_half_person(shop: Shop) -> None:
    for _ in range(4):
        fates = await _raced(shop)
        assert await _halves(shop) == []
        assert fates[-1] == Rejected("phone", "SUBJECT_ERASED", "")
        accepted = [fate for fate in fates if fate is Fate.ACCEPTED]
        waiting = [fate for fate in fates if isinstance(fate, Rejected)]
        assert len(accepted) + len(waiting) == CONNECTIONS + 1
        await shop.rows("DELETE FROM suppressed_identity WHERE tenant_id = $1 RETURNING id")


async def test_without_suppression_the_person_is_made_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def of_nobody(_: object) -> set[object]:
        return set()

    monkeypatch.setattr(intake, "suppressed", of_nobody)
    await _raced(shop)
    assert "a member" in {each["what"] for each in await _halves(shop)}
