"""The host allow-list and the headers on every answer."""

import httpx
import pytest

from shuke_core.settings import Settings
from shuke_schema.asgi import create_app
from shuke_schema.http.hosts import name_of


def _client(hosts: str = "localhost,127.0.0.1,[::1]") -> httpx.AsyncClient:
    app = create_app(Settings(hosts=hosts))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost")


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost", 404), ("LocalHost:8200", 404), ("127.0.0.1:8200", 404), ("[::1]:8200", 404),
     ("evil.example", 421), ("localhost.evil.example", 421), ("", 421), ("evil:localhost", 421)],
)  # fmt: skip
async def test_only_its_own_names_are_answered(host: str, status: int) -> None:
    async with _client() as client:
        answer = await client.get("/nowhere", headers={"host": host})
    assert answer.status_code == status
    if status == 421:
        assert answer.json()["error"]["code"] == "HOST_REFUSED"


async def test_names_can_be_set_and_a_star_is_any() -> None:
    async with _client("api.example, crm.example") as client:
        for host, status in (("crm.example", 404), ("localhost", 421)):
            answer = await client.get("/nowhere", headers={"host": host})
            assert answer.status_code == status
    async with _client("*") as client:
        answer = await client.get("/nowhere", headers={"host": "any.example"})
        assert answer.status_code == 404


async def test_two_host_headers_are_refused_and_probes_are_not() -> None:
    async with _client() as client:
        two = [("host", "localhost"), ("host", "localhost")]
        request = client.build_request("GET", "/nowhere")
        request.headers = httpx.Headers(two)
        assert (await client.send(request)).status_code == 421
        assert (await client.get("/healthz", headers={"host": "10.0.0.7"})).status_code == 200


def test_the_name_is_taken_apart_from_the_port() -> None:
    assert [name_of(h) for h in ("A:1", "a", "[::1]", "[::1]:80", "a:x")] == [
        "a", "a", "[::1]", "[::1]", "a:x"
    ]  # fmt: skip


async def test_every_answer_has_the_security_headers() -> None:
    async with _client() as client:
        for path, host in (("/healthz", "localhost"), ("/no", "localhost"), ("/no", "evil")):
            headers = (await client.get(path, headers={"host": host})).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["cache-control"] == "no-store"
            assert "default-src 'none'" in headers["content-security-policy"]
            assert not [name for name in headers if name.startswith("access-control")]
