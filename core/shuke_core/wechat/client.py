"""WeChat's server API over HTTP: paths, fields and error codes as its documentation has them.

Errors come with status 200 and an `errcode`; whatever the content type says, the body is JSON. The
secret and the token travel in addresses, so that no address may reach a log.
"""

import logging
from dataclasses import dataclass
from typing import Any, Final

import httpx
import orjson

from shuke_core.wechat.errors import (
    WechatBlocked,
    WechatBusy,
    WechatCodeInvalid,
    WechatTooOften,
)

_TIMEOUT: Final = httpx.Timeout(5.0, connect=2.0)
_BUSY: Final = -1
_TOKEN_BAD: Final = frozenset({40001, 40014, 42001})
_FAILURES: Final = {
    40029: WechatCodeInvalid,
    40163: WechatCodeInvalid,
    40226: WechatBlocked,
    45009: WechatTooOften,
    45011: WechatTooOften,
    _BUSY: WechatBusy,
}
_LONGEST_WORDS = 200

# httpx writes the address of each request at INFO, httpcore at DEBUG.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class TokenRefused(Exception):
    """The access token holds no more: one that is new may."""


class Misconfigured(Exception):
    """WeChat does not serve this mini-program as it is set up here (secret, address list, rights):
    nothing that whoever logs in could mend. `errcode` and WeChat's own words."""

    def __init__(self, errcode: int, words: str) -> None:
        self.errcode, self.words = errcode, words
        super().__init__(f"{errcode}: {words}")


@dataclass(frozen=True, slots=True)
class AppSecret:
    """What a mini-program shows itself by. The secret is never printed."""

    app_id: str
    secret: str

    def __repr__(self) -> str:
        return f"AppSecret({self.app_id!r})"


@dataclass(frozen=True, slots=True)
class Session:
    """Who has logged in. WeChat's `session_key` is not kept: nothing needs it."""

    openid: str
    unionid: str | None


@dataclass(frozen=True, slots=True)
class VerifiedPhone:
    """A phone that WeChat has verified; `country` is its calling code, without a plus."""

    country: str
    number: str
    app_id: str


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """An access token and how many seconds it lives from now on."""

    token: str
    expires_in: int

    def __repr__(self) -> str:
        return f"IssuedToken(expires_in={self.expires_in})"


class WechatClient:
    """Calls WeChat at `base_url`. What is busy is asked once more; nothing else is tried twice.

    Each call raises WechatBusy for an answer that does not come or can't be read, the errors of
    `errors.py` by WeChat's codes, TokenRefused, and Misconfigured for every other code.
    """

    def __init__(self, base_url: str, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._http = httpx.AsyncClient(base_url=base_url, timeout=_TIMEOUT, transport=transport)

    async def close(self) -> None:
        """Lets the connections go."""
        await self._http.aclose()

    async def session_of_code(self, app: AppSecret, code: str) -> Session:
        """Whose the code of `wx.login` is: `GET /sns/jscode2session`. A code is good once."""
        told = await self._call(
            "GET",
            "/sns/jscode2session",
            params={
                "appid": app.app_id,
                "secret": app.secret,
                "js_code": code,
                "grant_type": "authorization_code",
            },
        )
        return Session(_text(told, "openid"), told.get("unionid") or None)

    async def phone_of_code(self, token: str, code: str) -> VerifiedPhone:
        """The phone of a button's code: `POST /wxa/business/getuserphonenumber`; good once."""
        told = await self._call(
            "POST",
            "/wxa/business/getuserphonenumber",
            params={"access_token": token},
            json={"code": code},
            by_token=True,
        )
        phone = _object(told, "phone_info")
        return VerifiedPhone(
            str(phone.get("countryCode") or "86").removeprefix("+"),  # text, and at times a number
            _text(phone, "purePhoneNumber"),
            _text(_object(phone, "watermark"), "appid"),
        )

    async def stable_token(self, app: AppSecret, *, force: bool = False) -> IssuedToken:
        """The access token: `POST /cgi-bin/stable_token`, the same until its last five minutes.

        `force` makes a new one; WeChat takes that 20 times a day.
        """
        told = await self._call(
            "POST",
            "/cgi-bin/stable_token",
            json={
                "grant_type": "client_credential",
                "appid": app.app_id,
                "secret": app.secret,
                "force_refresh": force,
            },
        )
        lives = told.get("expires_in")
        if not isinstance(lives, int) or lives <= 0:
            raise WechatBusy()
        return IssuedToken(_text(told, "access_token"), lives)

    async def _call(
        self, method: str, path: str, *, by_token: bool = False, **request: Any
    ) -> dict[str, Any]:
        told = await self._once(method, path, **request)
        if told.get("errcode") == _BUSY:
            told = await self._once(method, path, **request)
        errcode = told.get("errcode", 0)
        if errcode == 0:
            return told
        if by_token and errcode in _TOKEN_BAD:  # elsewhere 40001 means a wrong secret
            raise TokenRefused()
        if errcode in _FAILURES:
            raise _FAILURES[errcode]()
        raise Misconfigured(errcode, str(told.get("errmsg", ""))[:_LONGEST_WORDS])

    async def _once(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        try:
            answer = await self._http.request(method, path, **request)
            told = orjson.loads(answer.content)
        except (httpx.TransportError, orjson.JSONDecodeError):
            raise WechatBusy() from None  # the address in the cause has the secret
        if answer.is_error or not isinstance(told, dict):
            raise WechatBusy()
        return told


def _text(told: dict[str, Any], name: str) -> str:
    value = told.get(name)
    if not isinstance(value, str) or not value:
        raise WechatBusy()
    return value


def _object(told: dict[str, Any], name: str) -> dict[str, Any]:
    value = told.get(name)
    if not isinstance(value, dict):
        raise WechatBusy()
    return value


_client: WechatClient | None = None


def use_wechat(client: WechatClient | None) -> WechatClient | None:
    """Sets through which client this process speaks with WeChat; returns the former one."""
    global _client
    former, _client = _client, client
    return former


def current_wechat() -> WechatClient:
    """The client of this process, which `shuke_core.runtime` has set."""
    if _client is None:
        raise RuntimeError("this process has no client of WeChat")
    return _client
