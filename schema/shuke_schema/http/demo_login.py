"""Log-in without proof, for a demo on one's own machine; anywhere else its route does not exist.

POST /t/{tenant}/demo/login with {"phone": "..."} or {"staff": "HANDLE"} answers {"token": "..."}.
It is limited by source address; without Redis it is not answered.
"""

from ipaddress import ip_address

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shuke_core.kit.errors import ShukeError
from shuke_core.kit.transactions import unit_of_work
from shuke_core.members.errors import MemberUnknown
from shuke_core.members.queries import id_of_phone
from shuke_core.members.services import issue_token
from shuke_core.settings import Settings
from shuke_core.staff.services import issue_staff_token
from shuke_core.tenants.queries import find_tenant
from shuke_schema.http.answers import JsonAnswer, read_body, refusal
from shuke_schema.http.errors import RequestMalformed
from shuke_schema.http.guarded import bounds_of
from shuke_schema.http.negotiation import check_content_type
from shuke_schema.http.rates import Caller, Rates

_MOST_BYTES = 1_000


# Whoever tries phone numbers one after another meets this end, in a demo as with a real log-in.
_BOUNDS = bounds_of(tries=3, seconds=60)  # sixty of a source, then one a second


def demo_login_routes(settings: Settings, host: str, rates: Rates) -> list[Route]:
    """The route, where three things hold together: a demo, its embedded database, and an address
    that only this machine can reach."""
    if settings.env != "demo" or not settings.embedded_database or not _is_loopback(host):
        return []

    async def log_in(request: Request) -> Response:
        try:
            return JsonAnswer({"token": await _token(request, rates)})
        except ShukeError as refused:
            return refusal(refused)

    return [Route("/t/{tenant}/demo/login", log_in, methods=["POST"])]


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


async def _token(request: Request, rates: Rates) -> str:
    check_content_type(request.headers.get("content-type"))
    asked = _asked(await read_body(request, _MOST_BYTES))
    tenant = await find_tenant(request.path_params["tenant"])
    source = request.client.host if request.client else "local"
    await rates.take_guarded(Caller(tenant.id, None, source), {"The demo's log-in": _BOUNDS})
    async with unit_of_work(tenant.id):
        if "staff" in asked:
            return await issue_staff_token(asked["staff"])
        if (member_id := await id_of_phone(asked["phone"])) is None:
            raise MemberUnknown()
        return await issue_token(member_id)


def _asked(body: bytes) -> dict[str, str]:
    try:
        asked = orjson.loads(body)
    except orjson.JSONDecodeError:
        asked = None
    one = isinstance(asked, dict) and len(asked) == 1 and asked.keys() <= {"phone", "staff"}
    if not one or not all(isinstance(value, str) for value in asked.values()):
        raise RequestMalformed(problem='Send {"phone": "..."} or {"staff": "HANDLE"}.')
    found: dict[str, str] = asked
    return found
