"""A stand-in for the `shuke` command line and its server, to be run as a program by the demo.

It keeps the contract of the hook and of the operator's commands with everything in one JSON file.
The environment can make it misbehave: FAKE_LOSES_POINTS, FAKE_SERVE_DIES, FAKE_WORKER_DIES.
"""

import base64
import json
import os
import secrets
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

sys.path.insert(0, str(Path(__file__).parent))
from cleaning_oracle import fen, mainland_phone  # type: ignore[import-not-found]

HOME = Path(os.environ["SHUKE_HOME"])
KEPT = HOME / "fake.json"


def load() -> dict[str, Any]:
    return dict(json.loads(KEPT.read_text())) if KEPT.exists() else {}


def save(kept: dict[str, Any]) -> None:
    new = KEPT.with_suffix(f".{os.getpid()}")
    new.write_text(json.dumps(kept))
    new.replace(KEPT)


def tell(answer: dict[str, Any], status: int = 0) -> int:
    sys.stdout.write(json.dumps(answer) + "\n")
    return status


def take(tenant: dict[str, Any], ticket: dict[str, Any]) -> None:
    phone, amount = mainland_phone(ticket["phone"]), fen(ticket["total"])
    if phone is None or amount is None or ticket["store"] not in tenant["stores"]:
        tenant["quarantined"] += 1
        return
    tenant["accepted"] += 1
    tenant["phones"][phone] = tenant["phones"].get(phone, 0) + 1
    tenant["issued"] += amount // 100


async def hook(request: Request) -> Response:
    from standardwebhooks.webhooks import Webhook

    kept = load()
    tenant = kept[request.path_params["tenant"]]
    body = await request.body()
    webhook_id = request.headers["webhook-id"]
    when = datetime.fromtimestamp(int(request.headers["webhook-timestamp"]), UTC)
    signed = Webhook(tenant["secret"]).sign(webhook_id, when, body.decode())
    if request.headers["webhook-signature"] != signed or abs(when.timestamp() - time.time()) > 300:
        error = {"code": "SIGNATURE_INVALID", "message": "The signature does not fit the body."}
        return JSONResponse({"error": error}, 401)
    if request.method == "GET":
        seconds = {"p50": 0.01, "p99": 0.02} if tenant["messages"] else {"p50": None, "p99": None}
        return JSONResponse(
            {
                "messages": {"received": len(tenant["messages"]), "pending": 0, "dead": 0},
                "tickets": {"accepted": tenant["accepted"], "quarantined": tenant["quarantined"]},
                "events_behind": 0,
                "webhook_to_points_seconds": seconds,
            }
        )
    tenant["posts"] += 1
    known = webhook_id in tenant["messages"]
    if not known:
        tenant["messages"].append(webhook_id)
        for ticket in json.loads(body)["data"]["tickets"]:
            take(tenant, ticket)
    save(kept)
    return JSONResponse({}, 200 if known else 202)


def serve(port: int) -> int:
    if os.environ.get("FAKE_SERVE_DIES"):
        sys.stderr.write("first line\nthe roof is on fire\n")
        return 3
    routes = [
        Route("/healthz", lambda request: Response("ok")),
        Route("/t/{tenant}/hooks/till", hook, methods=["GET", "POST"]),
    ]
    uvicorn.run(Starlette(routes=routes), host=os.environ["SHUKE_HOST"], port=port, ws="none")
    return 0


def work() -> int:
    (HOME / "worker.pid").write_text(str(os.getpid()))
    dies = os.environ.get("FAKE_WORKER_DIES")
    if dies:
        time.sleep(float(dies))
        sys.stderr.write("no more work\n")
        return 4
    signal.sigwait({signal.SIGTERM})
    return 0


def new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def staff_command(verb: str, handle: str) -> int:
    answer = {"token": f"token-of-{handle}"} if verb == "token" else {"handle": handle}
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0


def plugin_command(verb: str, rest: list[str]) -> int:
    answer: dict[str, Any] = {"plugins": [{"key": "sample"}]}
    if verb == "enable":
        answer = {"changed": dict.fromkeys(rest[1:], True)}
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0


def tenant_command(verb: str, code: str, rest: list[str]) -> int:
    kept = load()
    created = code not in kept
    tenant = kept.setdefault(
        code,
        {
            "secret": None,
            "stores": {},
            "messages": [],
            "phones": {},
            "accepted": 0,
            "quarantined": 0,
            "issued": 0,
            "posts": 0,
        },
    )
    answer: dict[str, Any]
    if verb == "create":
        answer = {"tenant": code, "id": f"id-{code}", "created": created, "options": rest}
    elif verb == "add-store":
        tenant["stores"] |= dict(pair.split("=") for pair in rest)
        answer = {"stores": list(tenant["stores"])}
    elif verb == "add-integration" and tenant["secret"]:
        answer = {"integration": rest[0], "created": False}
    elif verb in {"add-integration", "rotate-secret"}:
        tenant["secret"] = new_secret()
        answer = {"integration": rest[0], "secret": tenant["secret"], "created": True}
    elif verb == "member-token":
        assert rest[1] in tenant["phones"]
        answer = {"token": f"token-of-{rest[1]}"}
    else:
        answer = {
            "tenant": code,
            "members": len(tenant["phones"]),
            "orders": tenant["accepted"],
            "stores": len(tenant["stores"]),
        }
    save(kept)
    return tell(answer)


def verify(code: str) -> int:
    tenant = load()[code]
    lost = 1 if os.environ.get("FAKE_LOSES_POINTS") else 0
    answer = {
        "accounts": len(tenant["phones"]),
        "entries": tenant["accepted"],
        "issued": tenant["issued"] - lost,
        "differences": lost,
        "found": [{"account": "a1"}] * lost,
    }
    return tell(answer, status=lost)


def main(arguments: list[str]) -> int:
    assert os.environ["SHUKE_ENV"] == "demo"
    assert "SHUKE_DATABASE_URL" not in os.environ
    arguments = [argument for argument in arguments if argument != "--json"]
    match arguments:
        case ["migrate"]:
            return 0
        case ["serve", "--port", port]:
            return serve(int(port))
        case ["worker"]:
            return work()
        case ["ledger", "verify", code]:
            return verify(code)
        case ["staff", verb, _, handle, *_]:
            return staff_command(verb, handle)
        case ["wechat", "set", _, "--appid", app_id]:
            return 0 if app_id.startswith("wx") and sys.stdin.readline().strip() else 2
        case ["plugin", verb, *rest]:
            return plugin_command(verb, rest)
        case ["tenant", verb, code, *rest]:
            return tenant_command(verb, code, rest)
    sys.stderr.write(f"no such command: {arguments}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
