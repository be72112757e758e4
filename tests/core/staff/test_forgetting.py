"""Tokens, codes and step-ups are forgotten a month after their end, and no sooner."""

from datetime import timedelta

from tests.support.accounts import grant_for, hired
from tests.support.shop import Shop

from shuke_core.kit import clock
from shuke_core.kit.transactions import unit_of_work
from shuke_core.staff.codes import make_code
from shuke_core.staff.jobs import forget_expired
from shuke_core.staff.sessions import open_session

_KEPT = (
    "SELECT (SELECT count(*) FROM staff_token WHERE tenant_id = $1) AS tokens, "
    "(SELECT count(*) FROM staff_code WHERE tenant_id = $1) AS codes, "
    "(SELECT count(*) FROM step_up WHERE tenant_id = $1) AS step_ups"
)


async def test_what_is_long_past_its_end_is_forgotten(shop: Shop) -> None:
    staff_id = await hired(shop, "lina")  # with an invite that was used
    async with unit_of_work(shop.tenant_id):
        await open_session(staff_id, must_enrol=False)
        await make_code(staff_id, "reset")
        await grant_for(staff_id, "staff.change_role", {})
    start = clock.now()

    async def after(days: float) -> list[dict[str, int]]:
        with clock.held_at(start + timedelta(days=days)):
            async with unit_of_work(shop.tenant_id):
                assert not await forget_expired()
        return await shop.rows(_KEPT)

    assert await after(31) == [{"tokens": 1, "codes": 2, "step_ups": 1}]
    assert await after(31.9) == [{"tokens": 0, "codes": 2, "step_ups": 0}]
    assert await after(32.1) == [{"tokens": 0, "codes": 1, "step_ups": 0}]
    assert await after(38.1) == [{"tokens": 0, "codes": 0, "step_ups": 0}]
