"""What WeChat says of a code, with the mini-program of the tenant; who is told when it says no."""

import pytest
from tests.support.shop import Shop
from tests.support.wechat import Phones, with_mini_program

from shuke_core.kit.transactions import unit_of_work
from shuke_core.members.errors import PhoneUnreadable
from shuke_core.wechat.client import VerifiedPhone, WechatClient
from shuke_core.wechat.errors import (
    MiniProgramInvalid,
    MiniProgramUnknown,
    WechatCodeInvalid,
    WechatUnavailable,
)
from shuke_core.wechat.programs import set_mini_program, switch_off
from shuke_core.wechat.services import person_of_code, phone_of_code

ALERTS = "SELECT kind, subject, role, resolved_at IS NULL AS stands FROM alert WHERE tenant_id = $1"


async def test_a_person_and_a_phone(shop: Shop, phones: Phones) -> None:
    app_id = await with_mini_program(shop, phones, bound=True)
    person = await person_of_code(shop.tenant_id, app_id, await phones.log_in(app_id, "li"))
    assert person.app_id == app_id
    assert person.unionid is not None
    code = await phones.press(app_id, "li", "13800138000")
    told = await phone_of_code(shop.tenant_id, app_id, code)
    assert (told.phone.e164, told.phone.masked, told.inactive_months) == (
        "+8613800138000",
        "138****8000",
        12,
    )


async def test_a_phone_of_another_country_is_whole(shop: Shop, phones: Phones) -> None:
    app_id = await with_mini_program(shop, phones)
    code = await phones.press(app_id, "li", "91234567", "852")
    assert (await phone_of_code(shop.tenant_id, app_id, code)).phone.e164 == "+85291234567"


async def test_a_number_that_can_be_nobodys_is_refused(shop: Shop, phones: Phones) -> None:
    app_id = await with_mini_program(shop, phones)
    code = await phones.press(app_id, "li", "01012345678")
    with pytest.raises(PhoneUnreadable):
        await phone_of_code(shop.tenant_id, app_id, code)


async def test_another_tenants_mini_program_is_unknown(
    shop: Shop, other_shop: Shop, phones: Phones
) -> None:
    app_id = await with_mini_program(other_shop, phones)
    code = await phones.log_in(app_id, "li")
    with pytest.raises(MiniProgramUnknown):
        await person_of_code(shop.tenant_id, app_id, code)
    assert await phones.calls("/sns/jscode2session") == 0


async def test_one_that_is_off_is_unknown_until_it_is_set_again(shop: Shop, phones: Phones) -> None:
    app = await phones.new_app()
    async with unit_of_work(shop.tenant_id):
        assert await set_mini_program(app.app_id, app.secret)
        await switch_off(app.app_id)
    code = await phones.log_in(app.app_id, "li")
    with pytest.raises(MiniProgramUnknown):
        await person_of_code(shop.tenant_id, app.app_id, code)
    async with unit_of_work(shop.tenant_id):
        assert not await set_mini_program(app.app_id, app.secret, 6)
    assert await person_of_code(shop.tenant_id, app.app_id, code)


@pytest.mark.parametrize("code", ["", "x" * 201, "a\nb"])
async def test_what_can_be_no_code_is_not_asked_about(
    code: str, shop: Shop, phones: Phones
) -> None:
    app_id = await with_mini_program(shop, phones)
    with pytest.raises(WechatCodeInvalid):
        await person_of_code(shop.tenant_id, app_id, code)
    assert await phones.calls("/sns/jscode2session") == 0


async def test_a_stale_token_is_renewed_once_and_the_phone_comes(
    shop: Shop, phones: Phones
) -> None:
    app_id = await with_mini_program(shop, phones)
    await phone_of_code(shop.tenant_id, app_id, await phones.press(app_id, "li", "13800138000"))
    await phones.act("end-tokens")
    code = await phones.press(app_id, "li", "13800138000")
    assert (await phone_of_code(shop.tenant_id, app_id, code)).phone.e164 == "+8613800138000"
    assert await phones.calls("/cgi-bin/stable_token") == 2


async def test_a_phone_that_was_verified_for_another_mini_program_is_refused(
    shop: Shop, phones: Phones, monkeypatch: pytest.MonkeyPatch
) -> None:
    app_id = await with_mini_program(shop, phones)

    async def foreign(self: WechatClient, token: str, code: str) -> VerifiedPhone:
        return VerifiedPhone("86", "13800138000", "wx0000000000000000")

    monkeypatch.setattr(WechatClient, "phone_of_code", foreign)
    with pytest.raises(WechatCodeInvalid):
        await phone_of_code(shop.tenant_id, app_id, "c")


@pytest.mark.parametrize("fails", [40125, 40164, 40243, 50004])
async def test_what_only_the_operator_can_mend_is_told_to_administrators(
    fails: int, shop: Shop, phones: Phones, caplog: pytest.LogCaptureFixture
) -> None:
    app = await phones.new_app(fails=fails)
    async with unit_of_work(shop.tenant_id):
        await set_mini_program(app.app_id, app.secret)
    for _ in range(2):
        with pytest.raises(WechatUnavailable) as refused:
            await person_of_code(shop.tenant_id, app.app_id, await phones.log_in(app.app_id, "li"))
        assert str(fails) not in str(refused.value)
    subject = f"mini_program:{app.app_id}"
    alert = {"kind": "wechat.misconfigured", "subject": subject, "role": "admin"}
    assert await shop.rows(ALERTS) == [{**alert, "stands": True}]
    assert f"errcode {fails}" in caplog.text
    assert app.secret not in caplog.text
    async with unit_of_work(shop.tenant_id):
        await set_mini_program(app.app_id, app.secret)
    assert await shop.rows(ALERTS) == [{**alert, "stands": False}]


@pytest.mark.parametrize(
    ("app_id", "secret", "months"),
    [("gh_1234567", "s" * 32, 12), ("wx12345678", "short", 12), ("wx12345678", "s" * 32, 0),
     ("wx12345678", "with blanks in it, say", 12), ("wx12345678", "s" * 32, 121)],
)  # fmt: skip
async def test_what_can_be_no_mini_program_is_refused(
    app_id: str, secret: str, months: int, shop: Shop
) -> None:
    async with unit_of_work(shop.tenant_id):
        with pytest.raises(MiniProgramInvalid):
            await set_mini_program(app_id, secret, months)
    assert await shop.rows("SELECT id FROM mini_program WHERE tenant_id = $1") == []
