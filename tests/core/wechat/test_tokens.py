"""One token for all: asked for once however many want it, asked for anew when it must be."""

import asyncio
from datetime import timedelta

import pytest
from tests.support.shop import Shop
from tests.support.wechat import Phones, with_mini_program

from shuke_core.kit import clock
from shuke_core.kit.transactions import unit_of_work
from shuke_core.wechat.client import Misconfigured
from shuke_core.wechat.errors import WechatBusy
from shuke_core.wechat.programs import MiniProgram, mini_program_of
from shuke_core.wechat.tokens import access_token

PATH = "/cgi-bin/stable_token"


async def _program(shop: Shop, phones: Phones, **how: object) -> MiniProgram:
    app_id = await with_mini_program(shop, phones, **how)
    async with unit_of_work(shop.tenant_id):
        return await mini_program_of(app_id)


async def test_eight_at_once_ask_wechat_once(shop: Shop, phones: Phones) -> None:
    program = await _program(shop, phones)
    tokens = await asyncio.gather(*(access_token(shop.tenant_id, program) for _ in range(8)))
    assert len(set(tokens)) == 1
    assert await phones.calls(PATH) == 1
    assert await access_token(shop.tenant_id, program) == tokens[0]
    assert await phones.calls(PATH) == 1


async def test_eight_whose_token_was_refused_ask_once_more(shop: Shop, phones: Phones) -> None:
    program = await _program(shop, phones)
    token = await access_token(shop.tenant_id, program)
    await phones.act("end-tokens")
    fresh = await asyncio.gather(
        *(access_token(shop.tenant_id, program, refused=token) for _ in range(8))
    )
    assert len(set(fresh)) == 1
    assert fresh[0] != token
    assert await phones.calls(PATH) == 2


async def test_a_token_that_wechat_itself_holds_for_good_is_forced(
    shop: Shop, phones: Phones
) -> None:
    program = await _program(shop, phones)
    token = await access_token(shop.tenant_id, program)
    await phones.act("end-tokens", quietly=True)
    assert await access_token(shop.tenant_id, program, refused=token) != token
    assert await phones.calls(PATH) == 3  # the same one, then by force


async def test_near_its_end_it_is_renewed_and_not_with_every_request(
    shop: Shop, phones: Phones
) -> None:
    program = await _program(shop, phones)
    before = clock.now()
    token = await access_token(shop.tenant_id, program)
    after = clock.now()
    with clock.held_at(before + timedelta(seconds=7200 - 301)):
        assert await access_token(shop.tenant_id, program) == token
    assert await phones.calls(PATH) == 1
    with clock.held_at(after + timedelta(seconds=7200 - 299)):  # our clock is ahead of WeChat's
        assert await access_token(shop.tenant_id, program) == token
        assert await access_token(shop.tenant_id, program) == token
    assert await phones.calls(PATH) == 2


async def test_while_one_renews_the_others_go_on_with_the_old_one(
    shop: Shop, phones: Phones
) -> None:
    program = await _program(shop, phones)
    token = await access_token(shop.tenant_id, program)
    await shop.rows(
        "UPDATE wechat_token SET refresh_at = now() - interval '1 s', leased_by = id, "
        "leased_until = now() + interval '1 hour' WHERE tenant_id = $1 RETURNING id"
    )
    assert await access_token(shop.tenant_id, program) == token
    assert await phones.calls(PATH) == 1


async def test_a_lease_that_ran_out_is_taken_over(shop: Shop, phones: Phones) -> None:
    program = await _program(shop, phones)
    await shop.rows(
        "UPDATE wechat_token SET leased_by = id, leased_until = now() - interval '1 s' "
        "WHERE tenant_id = $1 RETURNING id"
    )
    assert await access_token(shop.tenant_id, program)


@pytest.mark.parametrize(("fails", "kind"), [(40243, Misconfigured), (-1, WechatBusy)])
async def test_a_refusal_gives_the_lease_back(
    shop: Shop, phones: Phones, fails: int, kind: type[Exception]
) -> None:
    program = await _program(shop, phones, fails=fails)
    with pytest.raises(kind):
        await access_token(shop.tenant_id, program)
    found = await shop.rows("SELECT leased_by, sealed FROM wechat_token WHERE tenant_id = $1")
    assert found == [{"leased_by": None, "sealed": None}]


async def test_the_token_lies_sealed(shop: Shop, phones: Phones) -> None:
    program = await _program(shop, phones)
    token = await access_token(shop.tenant_id, program)
    rows = await shop.rows("SELECT sealed FROM wechat_token WHERE tenant_id = $1")
    assert token.encode() not in bytes(rows[0]["sealed"])
    rows = await shop.rows("SELECT sealed FROM mini_program WHERE tenant_id = $1")
    assert program.app.secret.encode() not in bytes(rows[0]["sealed"])
