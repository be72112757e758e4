"""The client of WeChat against the simulated one: every answer, every errcode, nothing in logs."""

import logging
from typing import Any

import httpx
import pytest
from tests.support.wechat import Phones

from shuke_core.wechat.client import (
    AppSecret,
    IssuedToken,
    Misconfigured,
    TokenRefused,
    WechatClient,
    current_wechat,
)
from shuke_core.wechat.errors import (
    WechatBlocked,
    WechatBusy,
    WechatCodeInvalid,
    WechatTooOften,
)

APP = AppSecret("wx0123456789abcdef", "s" * 32)


def _answering(*answers: Any, status: int = 200) -> tuple[WechatClient, list[httpx.Request]]:
    """A client whose WeChat answers so, one after another, and what it was asked."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        told = answers[min(len(asked), len(answers) - 1)]
        asked.append(request)
        if isinstance(told, Exception):
            raise told
        if isinstance(told, bytes):
            return httpx.Response(status, content=told)
        return httpx.Response(status, json=told, headers={"content-type": "text/plain"})

    return WechatClient("http://wechat", transport=httpx.MockTransport(answer)), asked


async def test_a_code_says_who_logged_in_once(phones: Phones) -> None:
    app = await phones.new_app()
    code = await phones.log_in(app.app_id, "li")
    session = await current_wechat().session_of_code(app, code)
    again = await current_wechat().session_of_code(app, await phones.log_in(app.app_id, "li"))
    assert (session.openid, session.unionid) == (again.openid, None)
    with pytest.raises(WechatCodeInvalid):  # 40163
        await current_wechat().session_of_code(app, code)


async def test_people_of_a_bound_mini_program_have_a_unionid(phones: Phones) -> None:
    one, other = await phones.new_app(bound=True), await phones.new_app(bound=True)
    told = [
        await current_wechat().session_of_code(app, await phones.log_in(app.app_id, "li"))
        for app in (one, other)
    ]
    assert told[0].unionid == told[1].unionid is not None
    assert told[0].openid != told[1].openid


async def test_codes_that_are_made_up_old_or_of_another_app_are_refused(phones: Phones) -> None:
    app, other = await phones.new_app(), await phones.new_app()
    old = await phones.log_in(app.app_id, "li")
    await phones.act("forward", seconds=301)
    foreign = await phones.log_in(other.app_id, "li")
    button = await phones.press(app.app_id, "li", "13800138000")
    for code in ("made-up", old, foreign, button):
        with pytest.raises(WechatCodeInvalid):  # 40029
            await current_wechat().session_of_code(app, code)


async def test_a_blocked_account_and_too_many_tries(phones: Phones) -> None:
    app = await phones.new_app()
    await phones.act("block", user="bad")
    with pytest.raises(WechatBlocked):  # 40226
        await current_wechat().session_of_code(app, await phones.log_in(app.app_id, "bad"))
    for _ in range(100):
        await current_wechat().session_of_code(app, await phones.log_in(app.app_id, "li"))
    with pytest.raises(WechatTooOften):  # 45011
        await current_wechat().session_of_code(app, await phones.log_in(app.app_id, "li"))
    await phones.act("forward", seconds=60)
    await current_wechat().session_of_code(app, await phones.log_in(app.app_id, "li"))


async def test_busy_is_asked_once_more(phones: Phones) -> None:
    app = await phones.new_app()
    await phones.act("busy", times=1)
    assert await current_wechat().session_of_code(app, await phones.log_in(app.app_id, "li"))
    await phones.act("busy", times=2)
    with pytest.raises(WechatBusy):
        await current_wechat().session_of_code(app, await phones.log_in(app.app_id, "li"))
    assert await phones.calls("/sns/jscode2session") == 4


async def test_a_token_is_the_same_until_its_last_five_minutes(phones: Phones) -> None:
    app, wechat = await phones.new_app(), current_wechat()
    first = await wechat.stable_token(app)
    assert (first.expires_in, (await wechat.stable_token(app)).token) == (7200, first.token)
    forced = await wechat.stable_token(app, force=True)
    assert forced.token != first.token
    assert (await wechat.stable_token(app, force=True)).token == forced.token  # within 30 s
    await phones.act("forward", seconds=7200 - 299)
    assert (await wechat.stable_token(app)).token != forced.token


async def test_a_phone_comes_with_its_country_and_mini_program(phones: Phones) -> None:
    app, wechat = await phones.new_app(), current_wechat()
    token = (await wechat.stable_token(app)).token
    code = await phones.press(app.app_id, "li", "13800138000")
    phone = await wechat.phone_of_code(token, code)
    assert (phone.country, phone.number, phone.app_id) == ("86", "13800138000", app.app_id)
    foreign = await phones.press(app.app_id, "li", "91234567", "852")
    assert (await wechat.phone_of_code(token, foreign)).country == "852"
    with pytest.raises(WechatCodeInvalid):
        await wechat.phone_of_code(token, code)


async def test_tokens_that_hold_no_more_are_refused(phones: Phones) -> None:
    app, wechat = await phones.new_app(), current_wechat()
    token = (await wechat.stable_token(app)).token
    await phones.act("forward", seconds=7201)
    for each in (token, "made-up"):  # 42001, 40001
        with pytest.raises(TokenRefused):
            await wechat.phone_of_code(each, await phones.press(app.app_id, "li", "13800138000"))


@pytest.mark.parametrize("errcode", [40001, 40013, 40125, 40164, 40243, 41002, 48001, 50004, 99999])
async def test_what_the_operator_must_mend_is_told_apart(errcode: int) -> None:
    wechat, asked = _answering({"errcode": errcode, "errmsg": "words rid: 1-2-3"})
    for call in (wechat.session_of_code(APP, "c"), wechat.stable_token(APP)):
        with pytest.raises(Misconfigured) as refused:
            await call
        assert (refused.value.errcode, refused.value.words) == (errcode, "words rid: 1-2-3")
    assert len(asked) == 2
    await wechat.close()


@pytest.mark.parametrize(
    ("errcode", "kind"),
    [(40001, TokenRefused), (40014, TokenRefused), (42001, TokenRefused),
     (40029, WechatCodeInvalid), (40163, WechatCodeInvalid), (45009, WechatTooOften),
     (45011, WechatTooOften), (40226, WechatBlocked), (-1, WechatBusy)],
)  # fmt: skip
async def test_each_code_of_a_call_by_token_has_its_error(
    errcode: int, kind: type[Exception]
) -> None:
    wechat, asked = _answering({"errcode": errcode, "errmsg": "x"})
    with pytest.raises(kind):
        await wechat.phone_of_code("t", "c")
    assert len(asked) == (2 if errcode == -1 else 1)
    await wechat.close()


@pytest.mark.parametrize(
    "answer",
    [b"", b"<html>", b"[]", {}, {"openid": ""}, {"openid": 7}, httpx.ConnectTimeout("x"),
     httpx.ReadError("x")],
)  # fmt: skip
async def test_what_is_no_answer_is_busy(answer: Any) -> None:
    wechat, _ = _answering(answer)
    with pytest.raises(WechatBusy) as refused:
        await wechat.session_of_code(APP, "c")
    assert refused.value.__cause__ is None
    await wechat.close()


async def test_an_http_error_is_busy_whatever_it_carries() -> None:
    wechat, _ = _answering({"openid": "o123456", "session_key": "k"}, status=502)
    with pytest.raises(WechatBusy):
        await wechat.session_of_code(APP, "c")
    await wechat.close()


@pytest.mark.parametrize(
    "phone",
    [{}, {"purePhoneNumber": "13800138000"},
     {"purePhoneNumber": "13800138000", "watermark": {}}, {"watermark": {"appid": "wx"}}],
)  # fmt: skip
async def test_a_phone_without_its_mini_program_is_none(phone: Any) -> None:
    wechat, _ = _answering({"errcode": 0, "phone_info": phone})
    with pytest.raises(WechatBusy):
        await wechat.phone_of_code("t", "c")
    await wechat.close()


async def test_neither_secret_nor_token_reaches_a_log(
    phones: Phones, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    app, wechat = await phones.new_app(), current_wechat()
    code = await phones.log_in(app.app_id, "li")
    await wechat.session_of_code(app, code)
    issued = await wechat.stable_token(app)
    await wechat.phone_of_code(issued.token, await phones.press(app.app_id, "li", "13800138000"))
    for secret in (app.secret, code, issued.token, "13800138000"):
        assert secret not in caplog.text
        assert secret not in f"{app!r}{issued!r}"
    assert repr(IssuedToken("t", 1)) == "IssuedToken(expires_in=1)"
