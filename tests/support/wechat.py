"""The simulated WeChat as a process of its own, and what people do on their phones with it."""

import secrets
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from tests.support.shop import Shop

from shuke_core.kit.transactions import unit_of_work
from shuke_core.wechat.client import AppSecret, WechatClient, use_wechat
from shuke_core.wechat.programs import set_mini_program


@dataclass
class Phones:
    """Everybody's phones: they open mini-programs and press buttons; the hands behind WeChat too."""

    url: str
    http: httpx.AsyncClient
    apps: list[AppSecret] = field(default_factory=list)

    async def act(self, what: str, **given: Any) -> dict[str, Any]:
        """One of the simulator's own acts."""
        answer = await self.http.post(f"/simulator/{what}", json=given)
        told: dict[str, Any] = answer.json()
        return told

    async def new_app(self, *, bound: bool = False, fails: int = 0) -> AppSecret:
        """A mini-program that WeChat knows."""
        app = AppSecret(f"wx{secrets.token_hex(8)}", secrets.token_hex(16))
        await self.act("app", app_id=app.app_id, secret=app.secret, bound=bound, fails=fails)
        return app

    async def log_in(self, app_id: str, user: str) -> str:
        """`wx.login`: a code."""
        return str((await self.act("code", app_id=app_id, user=user))["code"])

    async def press(self, app_id: str, user: str, phone: str, country: str = "86") -> str:
        """The phone button: a code."""
        told = await self.act("code", app_id=app_id, user=user, phone=phone, country=country)
        return str(told["code"])

    async def calls(self, path: str) -> int:
        """How often WeChat was asked so, since the process began."""
        told = (await self.http.get("/simulator/calls")).json()
        return int(told.get(path, 0))


@asynccontextmanager
async def simulated_wechat() -> AsyncIterator[Phones]:
    """A process of its own; this process speaks with it as with WeChat."""
    argv = [sys.executable, "-m", "shuke_schema.demo.wechat", "--port", "0"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:  # noqa: ASYNC220
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        client = WechatClient(url)
        former = use_wechat(client)
        try:
            async with httpx.AsyncClient(base_url=url) as http:
                yield Phones(url, http)
        finally:
            use_wechat(former)
            await client.close()
            process.terminate()
            process.wait()


async def with_mini_program(shop: Shop, phones: Phones, **how: Any) -> str:
    """The shop has a mini-program; its AppID."""
    app = await phones.new_app(**how)
    async with unit_of_work(shop.tenant_id):
        assert await set_mini_program(app.app_id, app.secret)
    return app.app_id
