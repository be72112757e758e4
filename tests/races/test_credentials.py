"""What is good once is taken once, however many try at the same moment; and each wrong way to do it,
which the same race finds."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from functools import partial
from uuid import UUID

import pytest
from tests.support.accounts import PASSWORD, Jumps, Person, grant_for, hired, jumping, person, race
from tests.support.shop import Shop

from shuke_core.audit.actors import Actor, act_as
from shuke_core.credentials import second_factor as factor
from shuke_core.credentials.locks import MOST_FAILURES, STRANGERS, Try, failed, take_try
from shuke_core.credentials.totp import matching_step
from shuke_core.idempotency.services import fingerprint
from shuke_core.kit import clock
from shuke_core.kit.crypto import token_digest
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch, fetch_one, unit_of_work
from shuke_core.staff.administration import let_go
from shuke_core.staff.codes import make_code, use_code
from shuke_core.staff.errors import LastAdmin
from shuke_core.staff.roles import ready_made_role, rights_of
from shuke_core.staff.services import leave
from shuke_core.stepup.approvals import ask_approval, set_approval_limit
from shuke_core.stepup.errors import ApprovalRequired, StepUpRequired
from shuke_core.stepup.grants import use_grant
from shuke_schema.projection.arguments import NOBODY

TIMES = 12
OPERATION = "staff.change_role"
Once = Callable[[], Awaitable[bool]]


@pytest.fixture
def jumps(monkeypatch: pytest.MonkeyPatch) -> Iterator[Jumps]:
    with jumping(monkeypatch) as jumps:
        yield jumps


async def _pause() -> None:
    """Between looking and acting, as long as others need to look as well."""
    await fetch("SELECT pg_sleep(0.05) WHERE $1::uuid IS NOT NULL")


async def _taken(shop: Shop, act: Once) -> int:
    return sum(await race(shop, TIMES, lambda _: act()))


# Codes of the second factor


async def _looked_then_took(staff_id: UUID, code: str) -> bool:
    row = await fetch_one(
        "SELECT id, secret, step FROM credential WHERE tenant_id = $1 AND staff_id = $2", staff_id
    )
    assert row is not None
    step = matching_step(await factor._opened(row), code, clock.now())
    await _pause()
    if step is None or step <= row["step"]:
        return False
    await fetch("UPDATE credential SET step = $3 WHERE tenant_id = $1 AND id = $2", row["id"], step)
    return True


async def test_one_code_lets_one_in(shop: Shop, jumps: Jumps) -> None:
    lina = await person(shop, jumps, "lina")
    for _ in range(3):
        assert await _taken(shop, partial(factor.take_code, lina.id, lina.code())) == 1


async def test_the_race_finds_a_step_that_is_read_before_the_lock(shop: Shop, jumps: Jumps) -> None:
    lina = await person(shop, jumps, "lina")
    code = lina.code()
    assert await _taken(shop, lambda: _looked_then_took(lina.id, code)) > 1


async def test_one_recovery_code_lets_one_in(shop: Shop, jumps: Jumps) -> None:
    lina = await person(shop, jumps, "lina")
    codes = await lina.acts(lambda: factor.renew_recovery_codes(lina.id))
    assert await _taken(shop, lambda: factor.take_recovery_code(lina.id, codes[0])) == 1


# Invites


async def test_one_invite_is_accepted_once(shop: Shop) -> None:
    staff_id = await hired(shop, "lina")
    async with unit_of_work(shop.tenant_id):
        code = (await make_code(staff_id, "invite")).code

    async def use() -> bool:
        return await use_code(code, "invite") is not None

    assert await _taken(shop, use) == 1


async def test_the_race_finds_a_code_that_is_looked_up_first(shop: Shop) -> None:
    staff_id = await hired(shop, "lina")
    async with unit_of_work(shop.tenant_id):
        code = (await make_code(staff_id, "invite")).code

    async def use() -> bool:
        row = await fetch_one(
            "SELECT id FROM staff_code WHERE tenant_id = $1 AND digest = $2 AND used_at IS NULL",
            token_digest(code),
        )
        await _pause()
        if row is not None:
            await fetch(
                "UPDATE staff_code SET used_at = $3 WHERE tenant_id = $1 AND id = $2",
                *(row["id"], clock.now()),
            )
        return row is not None

    assert await _taken(shop, use) > 1


# Tries


async def _tries(shop: Shop, take: Callable[[UUID], Awaitable[Try]]) -> int:
    """How many of three times as many wrong tries as there may be were looked at."""
    staff_id = await hired(shop, "lina")

    async def one(_: int) -> bool:
        made = await take(staff_id)
        await failed(made)
        return not made.is_locked

    return sum(await race(shop, 3 * MOST_FAILURES, one))


async def test_just_ten_wrong_tries_are_looked_at(shop: Shop) -> None:
    assert await _tries(shop, lambda whom: take_try(whom, STRANGERS)) == MOST_FAILURES


async def test_the_race_finds_tries_that_are_counted_late(shop: Shop) -> None:
    async def take(staff_id: UUID) -> Try:
        row = await fetch_one(
            "SELECT failures, locks, until FROM credential_lock "
            "WHERE tenant_id = $1 AND staff_id = $2 AND place = $3",
            *(staff_id, STRANGERS),
        )
        await _pause()
        await take_try(staff_id, STRANGERS)
        seen = row or {"failures": 0, "locks": 0, "until": None}
        return Try(staff_id, STRANGERS, **seen)

    assert await _tries(shop, take) > MOST_FAILURES


# Grants and approvals


async def _boss(shop: Shop, jumps: Jumps) -> tuple[Person, UUID, dict[str, str]]:
    """An administrator with a confirmed grant for a change of role."""
    boss = await person(shop, jumps, "boss", "admin")
    arguments = {"staff": str(new_id()), "role": "admin"}
    async with unit_of_work(shop.tenant_id):
        grant = await grant_for(boss.id, OPERATION, arguments)
    return boss, grant, arguments


async def test_one_grant_is_used_once(shop: Shop, jumps: Jumps) -> None:
    boss, grant, arguments = await _boss(shop, jumps)

    async def use() -> bool:
        act_as(Actor("staff", boss.id, "boss", "here"))
        try:
            await use_grant(grant, OPERATION, arguments, None)
        except StepUpRequired:
            return False
        return True

    assert await _taken(shop, use) == 1


async def test_the_race_finds_a_grant_that_is_looked_at_first(shop: Shop, jumps: Jumps) -> None:
    _, grant, arguments = await _boss(shop, jumps)

    async def use() -> bool:
        row = await fetch_one(
            "SELECT id FROM step_up WHERE tenant_id = $1 AND id = $2 AND fingerprint = $3 "
            "AND used_at IS NULL",
            *(grant, await fingerprint(arguments)),
        )
        await _pause()
        await fetch(
            "UPDATE step_up SET used_at = $3 WHERE tenant_id = $1 AND id = $2", grant, clock.now()
        )
        return row is not None

    assert await _taken(shop, use) > 1


async def test_one_approval_is_used_once_though_each_has_a_grant(shop: Shop, jumps: Jumps) -> None:
    boss, _, arguments = await _boss(shop, jumps)
    rights = rights_of(ready_made_role("admin"), NOBODY)
    async with unit_of_work(shop.tenant_id):
        await set_approval_limit(None, OPERATION, 0)
        approval = await ask_approval(boss.id, OPERATION, arguments, "busy", rights)
        await fetch(
            "UPDATE approval SET state = 'approved' WHERE tenant_id = $1 AND id = $2", approval
        )
        grants = [await grant_for(boss.id, OPERATION, arguments) for _ in range(TIMES)]

    async def use(nth: int) -> bool:
        act_as(Actor("staff", boss.id, "boss", "here"))
        try:
            await use_grant(grants[nth], OPERATION, arguments, 1)
        except ApprovalRequired:
            return False
        return True

    assert sum(await race(shop, TIMES, use)) == 1


# The last administrator


async def _admins_left(shop: Shop, go: Callable[[UUID], Awaitable[None]]) -> int:
    """How many are left of nine administrators, each of whom is let go at the same moment."""
    admins = [await hired(shop, f"boss-{nth}", "admin", PASSWORD) for nth in range(9)]

    async def one(nth: int) -> None:
        with suppress(LastAdmin):
            await go(admins[nth])

    await race(shop, len(admins), one)
    rows = await shop.rows(
        "SELECT count(*) AS n FROM staff WHERE tenant_id = $1 AND state = 'active'"
    )
    left: int = rows[0]["n"]
    return left


async def test_one_administrator_stays(shop: Shop) -> None:
    assert await _admins_left(shop, let_go) == 1


async def test_the_race_finds_admins_that_are_counted_without_a_lock(shop: Shop) -> None:
    async def go(staff_id: UUID) -> None:
        others = await fetch(
            "SELECT handle, id FROM staff WHERE tenant_id = $1 AND state = 'active'"
        )
        await _pause()
        if len(others) == 1:
            raise LastAdmin()
        await leave(next(each["handle"] for each in others if each["id"] == staff_id))

    assert await _admins_left(shop, go) == 0
