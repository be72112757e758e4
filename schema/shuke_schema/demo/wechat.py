"""A WeChat of the demo's own: the server API that log-in needs, as WeChat's pages describe it.

`python -m shuke_schema.demo.wechat --port 0 --app wx…=SECRET` prints its address and serves until it
is ended. Beside WeChat's own paths it has `/simulator/…`, which stands for what WeChat's app and its
owners do: open a mini-program, press the phone button, block somebody, end a token, be busy.
"""

import argparse
import base64
import hashlib
import json
import secrets
import sys
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

Given = dict[str, Any]

CODE_SECONDS: Final = 300.0
TOKEN_SECONDS: Final = 7_200
OVERLAP_SECONDS: Final = 300
CALLS_A_MINUTE: Final = 100
FORCED_A_DAY: Final = 20
FORCED_APART: Final = 30.0
_DAY: Final = 86_400.0

_WORDS: Final = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40013: "invalid appid",
    40029: "invalid code",
    40125: "invalid appsecret",
    40163: "code been used",
    40226: "code blocked",
    41001: "access_token missing",
    41002: "appid missing",
    41004: "appsecret missing",
    41008: "missing code",
    42001: "access_token expired",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
}


class Refused(Exception):
    """An answer with an errcode."""

    def __init__(self, errcode: int) -> None:
        self.errcode = errcode
        super().__init__(errcode)


@dataclass
class App:
    """A mini-program. `bound`: to an open-platform account, so that people have a UnionID.
    `fails`: the errcode that WeChat answers whatever it asks (frozen, from a foreign address)."""

    secret: str
    bound: bool = False
    fails: int = 0
    token: str = ""
    until: float = 0.0
    forced: list[float] = field(default_factory=list)


@dataclass
class Code:
    """What was minted for a mini-program: for whom, until when, and with which phone."""

    app_id: str
    user: str
    until: float
    phone: tuple[str, str] | None = None  # country, number
    used: bool = False


class Wechat:
    """The state behind the paths; its clock can be put forward."""

    def __init__(self) -> None:
        self._apps: dict[str, App] = {}
        self._codes: dict[str, Code] = {}
        self._tokens: dict[str, tuple[str, float]] = {}  # whose, and until when
        self._blocked: set[str] = set()
        self._calls_of: dict[str, list[float]] = defaultdict(list)
        self._busy = 0
        self._ahead = 0.0
        self.calls: Counter[str] = Counter()
        self._lock = threading.Lock()

    def answer(self, path: str, asked: Given, body: Given) -> Given | None:
        """What WeChat answers; None for a path that is not there."""
        act = _PATHS.get(path)
        if act is None:
            return None
        with self._lock:
            if path.startswith("/simulator/"):
                return act(self, asked, body)
            self.calls[path] += 1
            try:
                if self._busy:
                    self._busy -= 1
                    raise Refused(-1)
                return act(self, asked, body)
            except Refused as refused:
                trace = secrets.token_hex(8)
                words = _WORDS.get(refused.errcode, "refused")
                return {"errcode": refused.errcode, "errmsg": f"{words} rid: {trace}"}

    # WeChat's own paths

    def code2session(self, asked: Given, _: Given) -> Given:
        app_id = self._app(asked)
        code = self._take(asked.get("js_code"), app_id, spent=40163, for_phone=False)
        if code.user in self._blocked:
            raise Refused(40226)
        now, recent = self._now(), self._calls_of[code.user]
        recent[:] = [at for at in recent if at > now - 60]
        if len(recent) >= CALLS_A_MINUTE:
            raise Refused(45011)
        recent.append(now)
        told = {
            "openid": openid(app_id, code.user),
            "session_key": base64.b64encode(secrets.token_bytes(16)).decode(),
        }
        return told | ({"unionid": unionid(code.user)} if self._apps[app_id].bound else {})

    def stable_token(self, _: Given, body: Given) -> Given:
        app_id = self._app(body)
        app, now = self._apps[app_id], self._now()
        force = body.get("force_refresh") is True
        if force:
            app.forced[:] = [at for at in app.forced if at > now - _DAY]
            if len(app.forced) >= FORCED_A_DAY:
                raise Refused(45009)
            force = not app.forced or app.forced[-1] <= now - FORCED_APART
        if force or app.until - now < OVERLAP_SECONDS:
            if force:
                app.forced.append(now)
            if app.token in self._tokens:  # the one before holds a little longer
                overlap = min(self._tokens[app.token][1], now + OVERLAP_SECONDS)
                self._tokens[app.token] = (app_id, overlap)
            app.token, app.until = secrets.token_urlsafe(96), now + TOKEN_SECONDS
            self._tokens[app.token] = (app_id, app.until)
        return {"access_token": app.token, "expires_in": round(app.until - now)}

    def phone(self, asked: Given, body: Given) -> Given:
        token = asked.get("access_token")
        if not token:
            raise Refused(41001)
        app_id, until = self._tokens.get(token, ("", 0.0))
        if not app_id:
            raise Refused(40001)
        if until <= self._now():
            raise Refused(42001)
        self._refuse_failing(app_id)
        code = self._take(body.get("code"), app_id, spent=40029, for_phone=True)
        assert code.phone is not None  # noqa: S101 (that is how it was taken)
        country, number = code.phone
        return {
            "errcode": 0,
            "errmsg": "ok",
            "phone_info": {
                "phoneNumber": number if country == "86" else f"+{country} {number}",
                "purePhoneNumber": number,
                "countryCode": int(country) if country == "86" else country,
                "watermark": {"timestamp": int(time.time()), "appid": app_id},
            },
        }

    # What WeChat's app and the owners of mini-programs do

    def enter_app(self, _: Given, body: Given) -> Given:
        app = self._apps.setdefault(body["app_id"], App(body["secret"]))
        app.secret = body["secret"]
        app.bound, app.fails = bool(body.get("bound", False)), int(body.get("fails", 0))
        return {}

    def mint(self, _: Given, body: Given) -> Given:
        """`wx.login`; with a `phone`, the button that asks for it."""
        phone = (str(body.get("country", "86")), body["phone"]) if "phone" in body else None
        code = secrets.token_urlsafe(24)
        until = self._now() + CODE_SECONDS
        self._codes[code] = Code(body["app_id"], body["user"], until, phone)
        return {"code": code}

    def block(self, _: Given, body: Given) -> Given:
        self._blocked.add(body["user"])
        return {}

    def be_busy(self, _: Given, body: Given) -> Given:
        self._busy = int(body["times"])
        return {}

    def end_tokens(self, _: Given, body: Given) -> Given:
        """Tokens hold no more; with `quietly`, what hands them out does not know it."""
        self._tokens.clear()
        for app in self._apps.values() if not body.get("quietly") else ():
            app.until = 0.0
        return {}

    def forward(self, _: Given, body: Given) -> Given:
        self._ahead += float(body["seconds"])
        return {}

    def told_calls(self, _: Given, __: Given) -> Given:
        return dict(self.calls)

    def _app(self, given: Given) -> str:
        app_id, secret = given.get("appid"), given.get("secret")
        if not app_id:
            raise Refused(41002)
        if not secret:
            raise Refused(41004)
        if app_id not in self._apps:
            raise Refused(40013)
        if self._apps[app_id].secret != secret:
            raise Refused(40125)
        self._refuse_failing(app_id)
        return str(app_id)

    def _refuse_failing(self, app_id: str) -> None:
        if self._apps[app_id].fails:
            raise Refused(self._apps[app_id].fails)

    def _take(self, text: object, app_id: str, *, spent: int, for_phone: bool) -> Code:
        if not text:
            raise Refused(41008)
        code = self._codes.get(str(text))
        if code is None or code.app_id != app_id or (code.phone is not None) is not for_phone:
            raise Refused(40029)
        if code.used:
            raise Refused(spent)
        if code.until <= self._now():
            raise Refused(40029)
        code.used = True
        return code

    def _now(self) -> float:
        return time.monotonic() + self._ahead


def openid(app_id: str, user: str) -> str:
    """What the user is called in this mini-program, and in no other."""
    return f"o{_name(app_id, user)}"


def unionid(user: str) -> str:
    """What the user is called in all mini-programs of one owner."""
    return f"u{_name('the open platform', user)}"


def _name(*parts: str) -> str:
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    return base64.urlsafe_b64encode(digest).decode()[:27]


_PATHS: Final = {
    "/sns/jscode2session": Wechat.code2session,
    "/cgi-bin/stable_token": Wechat.stable_token,
    "/wxa/business/getuserphonenumber": Wechat.phone,
    "/simulator/app": Wechat.enter_app,
    "/simulator/code": Wechat.mint,
    "/simulator/block": Wechat.block,
    "/simulator/busy": Wechat.be_busy,
    "/simulator/end-tokens": Wechat.end_tokens,
    "/simulator/forward": Wechat.forward,
    "/simulator/calls": Wechat.told_calls,
}
_BY_GET: Final = frozenset({"/sns/jscode2session", "/simulator/calls"})


def server_of(wechat: Wechat, host: str, port: int) -> ThreadingHTTPServer:
    """An HTTP server with these paths; port 0: one that is free."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer({}, by_get=True)

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length", 0)))
            try:
                body = json.loads(raw or b"{}")
            except json.JSONDecodeError:
                body = {}
            self._answer(body if isinstance(body, dict) else {}, by_get=False)

        def _answer(self, body: Given, *, by_get: bool) -> None:
            split = urlsplit(self.path)
            told = None
            if (split.path in _BY_GET) is by_get:
                try:
                    told = wechat.answer(split.path, dict(parse_qsl(split.query)), body)
                except (KeyError, ValueError):
                    told = {"error": "not what the simulator takes"}
            data = json.dumps(told).encode()
            self.send_response(404 if told is None else 200)
            # Some of WeChat's answers say that they are text.
            self.send_header("content-type", "text/plain; charset=utf-8")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            """Nothing: addresses carry secrets."""

    server = ThreadingHTTPServer((host, port), Handler)
    server.daemon_threads = True
    return server


def main() -> None:
    """Serves until the process is ended."""
    options = argparse.ArgumentParser(description="A simulated WeChat server API.")
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--app", action="append", default=[], metavar="APPID=SECRET")
    chosen = options.parse_args()
    wechat = Wechat()
    for each in chosen.app:
        app_id, _, secret = each.partition("=")
        wechat.enter_app({}, {"app_id": app_id, "secret": secret})
    server = server_of(wechat, chosen.host, chosen.port)
    sys.stdout.write(f"http://{chosen.host}:{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
