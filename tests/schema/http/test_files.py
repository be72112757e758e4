"""The one door for files: who may send, what is taken, how a picture is seen."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.schema.staff.staff import ask, data
from tests.support.pictures import JPEG, SECRET, WEBP, png
from tests.support.shop import Shop

from shuke_core.files.pictures import MOST_BYTES, MOST_SIDE, read_picture
from shuke_core.kit.transactions import fetch, unit_of_work
from shuke_core.members.services import issue_token
from shuke_core.runtime import Runtime
from shuke_core.tenants import queries
from shuke_core.upkeep.services import close_tenant
from shuke_schema.asgi import create_app
from shuke_schema.http import files, multipart, sending
from shuke_schema.http.rates import Rates

PHONE, OTHER = "13800138000", "13900139000"
UPDATE = """
mutation ($p: ProfileInput!) {
  updateProfile(profile: $p) {
    me { avatar { path expiresAt } profile { fields { field { key } value } } }
    errors { code path }
  }
}
"""
SHOWN = "query ($id: ID!) { member(id: $id) { name avatar { path } } }"
STAFF_UPDATE = """
mutation ($id: ID!, $p: ProfileInput!) {
  updateMember(id: $id, version: 1, profile: $p) {
    member { avatar { path } } errors { code path }
  }
}
"""


async def send(
    client: httpx.AsyncClient,
    shop: Shop,
    data: bytes = JPEG,
    *,
    headers: dict[str, str] | None = None,
    door: str = "member",
    part: str = "file",
) -> httpx.Response:
    """Sends a file as a mini-program does, under a name and a type that say nothing."""
    return await client.post(
        f"/t/{shop.slug}/{door}/files",
        files={part: ("a.svg", data, "image/svg+xml")},
        data={"note": "x"},
        headers=await shop.login(PHONE) if headers is None else headers,
    )


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def sent(client: httpx.AsyncClient, shop: Shop, **how: Any) -> str:
    answer = await send(client, shop, **how)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["file"]["id"])


async def update(client: httpx.AsyncClient, shop: Shop, avatar: str | None) -> dict[str, Any]:
    answer = await client.post(
        f"/t/{shop.slug}/member/graphql",
        json={"query": UPDATE, "variables": {"p": {"avatar": avatar}}},
        headers=await shop.login(PHONE),
    )
    payload: dict[str, Any] = answer.json()["data"]["updateProfile"]
    return payload


async def kept_files(shop: Shop) -> int:
    (row,) = await shop.rows("SELECT count(*) AS n FROM file WHERE tenant_id = $1")
    return int(row["n"])


async def test_from_the_upload_to_the_picture(client: httpx.AsyncClient, shop: Shop) -> None:
    answer = await send(client, shop)
    told = answer.json()["file"]
    picture = read_picture(JPEG)
    assert answer.status_code == 201
    assert {name: value for name, value in told.items() if name not in ("id", "expires_at")} == {
        "content_type": "image/jpeg",
        "size": len(picture.data),
        "width": 3,
        "height": 2,
    }
    done = await update(client, shop, told["id"])
    assert done["errors"] == []
    path = done["me"]["avatar"]["path"]
    fields = {each["field"]["key"]: each["value"] for each in done["me"]["profile"]["fields"]}
    assert fields["avatar"] == path
    seen = await client.get(path)
    assert (seen.status_code, seen.content) == (200, picture.data)
    assert SECRET not in seen.content
    headers = seen.headers
    assert headers["content-type"] == "image/jpeg"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == (
        "default-src 'none'; frame-ancestors 'none'; sandbox"
    )
    private, age, immutable = headers["cache-control"].split(", ")
    assert (private, immutable) == ("private", "immutable")
    assert 3_500 < int(age.removeprefix("max-age=")) <= 7_200
    assert told["id"] not in path
    head = await client.head(path)
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(picture.data)))
    assert head.content == b""
    assert (await update(client, shop, None))["me"]["avatar"] is None
    gone = await client.get(path)
    assert code_of(gone) == (404, "PICTURE_LINK_INVALID")
    assert gone.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("data", "refused"),
    [
        (
            b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
            (415, "FILE_TYPE_REFUSED"),
        ),
        (b"%PDF-1.7\n" + JPEG, (415, "FILE_TYPE_REFUSED")),
        (b"", (415, "FILE_TYPE_REFUSED")),
        (JPEG[:-9], (400, "PICTURE_DAMAGED")),
        (png(MOST_SIDE + 1, 1), (400, "PICTURE_TOO_LARGE")),
        (JPEG + bytes(MOST_BYTES), (413, "FILE_TOO_LARGE")),
        (JPEG + bytes(MOST_BYTES - len(JPEG) + 1), (413, "FILE_TOO_LARGE")),
    ],
)
async def test_what_is_not_taken(
    client: httpx.AsyncClient, shop: Shop, data: bytes, refused: tuple[int, str]
) -> None:
    assert code_of(await send(client, shop, data)) == refused
    assert await kept_files(shop) == 0


async def test_the_largest_is_taken_and_what_stands_behind_is_not_kept(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    answer = await send(client, shop, WEBP + bytes(MOST_BYTES - len(WEBP)))
    assert answer.status_code == 201
    assert answer.json()["file"]["size"] == len(read_picture(WEBP).data)


def _parts(*parts: bytes, end: bytes = b"--x--\r\n") -> bytes:
    return b"".join(b"--x\r\n" + part + b"\r\n" for part in parts) + end


_FILE = b'Content-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
_FORM = "multipart/form-data; boundary=x"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{}"),
        ("image/jpeg", JPEG),
        ("multipart/form-data", _parts(_FILE + JPEG)),
        ("multipart/form-data; boundary=", _parts(_FILE + JPEG)),
        (f"multipart/form-data; boundary={'x' * 71}", _parts(_FILE + JPEG)),
        (_FORM, b""),
        (_FORM, b"nothing"),
        (_FORM, _parts(_FILE + JPEG, end=b"")),
        (_FORM, _parts(_FILE + JPEG, _FILE + JPEG)),
        (_FORM, _parts(_FILE.replace(b"file", b"photo", 1) + JPEG)),
        (_FORM, _parts(b"X: " + b"y" * 20_000 + b"\r\n" + _FILE + JPEG)),
        (_FORM, _parts(b"X: y\r\n" * 200 + _FILE + JPEG)),
    ],
)
async def test_a_body_that_is_no_file_is_refused(
    client: httpx.AsyncClient, shop: Shop, kind: str, body: bytes
) -> None:
    headers = {**await shop.login(PHONE), "content-type": kind}
    answer = await client.post(f"/t/{shop.slug}/member/files", content=body, headers=headers)
    assert code_of(answer) == (400, "UPLOAD_MALFORMED")
    assert await kept_files(shop) == 0


async def test_who_may_not_send_is_refused_before_anything_is_read(
    client: httpx.AsyncClient, shop: Shop, other_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nobody_reads(*_: object) -> bytes:
        raise AssertionError("the body was read")

    monkeypatch.setattr(files, "read_file", nobody_reads)
    foreign = await other_shop.login(PHONE)
    staff = await shop.staff_login("clerk")
    for headers in ({}, {"authorization": "Bearer none"}, foreign, staff):
        assert code_of(await send(client, shop, headers=headers)) == (401, "TOKEN_INVALID")
    member = await shop.login(PHONE)
    assert code_of(await send(client, shop, headers=member, door="staff")) == (401, "TOKEN_INVALID")
    operator = await shop.staff_login("operator")
    denied = await send(client, shop, headers=operator, door="staff")
    assert code_of(denied) == (403, "PERMISSION_DENIED")
    elsewhere = await client.post("/t/nobody/member/files", headers=member)
    assert code_of(elsewhere) == (404, "TENANT_UNKNOWN")
    got = await client.get(f"/t/{shop.slug}/member/files", headers=member)
    assert got.status_code == 405
    wrong_host = await client.post(
        f"/t/{shop.slug}/member/files", headers={**member, "host": "evil.example"}
    )
    assert code_of(wrong_host) == (421, "HOST_REFUSED")


async def test_a_visitor_of_wechat_is_refused_before_anything_is_read(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nobody_reads(*_: object) -> bytes:
        raise AssertionError("the body was read")

    monkeypatch.setattr(files, "read_file", nobody_reads)
    headers = await shop.login(PHONE)
    await shop.rows("UPDATE member SET state = 'visitor' WHERE tenant_id = $1")
    assert code_of(await send(client, shop, headers=headers)) == (404, "MEMBER_UNKNOWN")


async def test_who_was_logged_out_while_sending_keeps_nothing(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    member = await shop.member(PHONE)
    async with unit_of_work(shop.tenant_id):
        token = await issue_token(member)
    whole = _parts(_FILE + JPEG)

    async def slowly() -> AsyncIterator[bytes]:
        yield whole[:100]
        async with unit_of_work(shop.tenant_id):
            await fetch("DELETE FROM member_token WHERE tenant_id = $1")
        yield whole[100:]

    answer = await client.post(
        f"/t/{shop.slug}/member/files",
        content=slowly(),
        headers={"authorization": f"Bearer {token}", "content-type": _FORM},
    )
    assert code_of(answer) == (401, "TOKEN_INVALID")
    assert await kept_files(shop) == 0


async def test_no_more_than_the_bound_is_ever_taken_in(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal given
        yield b"--x\r\n" + _FILE
        while True:
            given += 65_536
            yield bytes(65_536)

    async def fields() -> AsyncIterator[bytes]:
        while True:
            yield (
                b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"y" * 9_999 + b"\r\n"
            )

    monkeypatch.setattr(files, "MOST_BYTES", 1 << 20)
    headers = {**await shop.login(PHONE), "content-type": _FORM}
    url = f"/t/{shop.slug}/member/files"
    assert code_of(await client.post(url, content=endless(), headers=headers)) == (
        413,
        "FILE_TOO_LARGE",
    )
    assert given <= (1 << 20) + 2 * 65_536
    assert code_of(await client.post(url, content=fields(), headers=headers)) == (
        413,
        "FILE_TOO_LARGE",
    )
    said = {**headers, "content-length": str((1 << 20) + multipart._FRAME_BYTES + 1)}
    answer = await client.post(url, content=b"", headers=said)
    assert code_of(answer) == (413, "FILE_TOO_LARGE")


async def test_who_sends_too_slowly_is_sent_away(
    client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never() -> AsyncIterator[bytes]:
        yield b"--x\r\n" + _FILE
        await asyncio.sleep(60)

    monkeypatch.setattr(files, "SENDING_SECONDS", 0.05)
    headers = {**await shop.login(PHONE), "content-type": _FORM}
    answer = await client.post(f"/t/{shop.slug}/member/files", content=never(), headers=headers)
    assert code_of(answer) == (503, "DEADLINE_EXCEEDED")
    assert await kept_files(shop) == 0


async def test_uploads_are_rated(shop: Shop, rates: Rates, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "UPLOAD_COST", 20_000)
    transport = httpx.ASGITransport(create_app(rates=rates))
    async with httpx.AsyncClient(transport=transport, base_url="http://shuke") as client:
        assert (await send(client, shop)).status_code == 201
        refused = await send(client, shop)
        assert code_of(refused) == (429, "RATE_LIMITED")
        assert int(refused.headers["retry-after"]) > 0
        other = await send(client, shop, headers=await shop.login(OTHER))
        assert other.status_code == 201


async def test_a_closing_tenant_takes_no_file_and_shows_pictures(
    runtime: Runtime, client: httpx.AsyncClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = (await update(client, shop, await sent(client, shop)))["me"]["avatar"]["path"]
    await close_tenant(runtime.places.owner(), shop.slug, "")
    monkeypatch.setattr(queries, "_FOUND_SECONDS", 0.0)
    queries._found.clear()
    assert code_of(await send(client, shop)) == (403, "TENANT_CLOSING")
    assert (await client.get(path)).status_code == 200
    assert await kept_files(shop) == 1


async def test_links_of_other_tenants_and_made_up_ones_are_answered_alike(
    client: httpx.AsyncClient, shop: Shop, other_shop: Shop
) -> None:
    path = (await update(client, shop, await sent(client, shop)))["me"]["avatar"]["path"]
    answers = [
        await client.get(wrong)
        for wrong in (
            path.replace(shop.slug, other_shop.slug),
            path[:-1] + ("A" if path[-1] != "A" else "B"),
            f"/t/{shop.slug}/files/x",
            f"/t/{shop.slug}/files/{'%C3%A9' * 48}",
        )
    ]
    assert {(each.status_code, each.content) for each in answers} == {(404, answers[0].content)}
    assert code_of(answers[0]) == (404, "PICTURE_LINK_INVALID")
    posted = await client.post(path)
    assert posted.status_code == 405


async def test_only_who_sent_it_may_use_it(client: httpx.AsyncClient, shop: Shop) -> None:
    others = await sent(client, shop, headers=await shop.login(OTHER))
    refused = {"me": None, "errors": [{"code": "FILE_UNKNOWN", "path": ["profile", "avatar"]}]}
    assert await update(client, shop, others) == refused
    assert await update(client, shop, "x") == refused


async def test_staff_give_a_picture_and_see_it_with_the_class_contact(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    member = str(await shop.member(PHONE))
    file_id = await sent(client, shop, headers=await shop.staff_login("clerk"), door="staff")
    asked = {"id": member, "p": {"avatar": file_id}}
    refused = (await data(client, shop, STAFF_UPDATE, "admin", **asked))["updateMember"]
    assert refused["errors"] == [{"code": "FILE_UNKNOWN", "path": ["profile", "avatar"]}]
    done = (await data(client, shop, STAFF_UPDATE, "clerk", **asked))["updateMember"]
    assert done["errors"] == []
    path = done["member"]["avatar"]["path"]
    assert (await client.get(path)).status_code == 200
    seen = (await data(client, shop, SHOWN, "clerk", id=member))["member"]
    assert seen["avatar"]["path"].startswith(f"/t/{shop.slug}/files/")
    masked = await ask(client, shop, SHOWN, "operator", id=member)
    assert masked == {
        "data": {"member": {"name": None, "avatar": None}},
        "extensions": masked["extensions"],
    }
    rows = await shop.rows("SELECT member_id FROM file WHERE tenant_id = $1")
    assert [row["member_id"] for row in rows] == [UUID(member)]
