"""Trusted documents: asked by id, nothing else in production, and a manifest that can be relied on."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from tests.support.command_line import CommandLine, a_home
from tests.support.reading import whole_schema
from tests.support.shop import Shop

from shuke_core.projection.registry import Registry
from shuke_core.runtime import Runtime
from shuke_core.settings import Settings, SettingsError, current_settings
from shuke_schema.asgi import create_app
from shuke_schema.http.door import graphql_schema
from shuke_schema.http.limits import MEMBER
from shuke_schema.http.request import Asked
from shuke_schema.http.trusted import Manifest, Trusted, hash_of, manifests
from shuke_schema.http.validation import Documents
from shuke_schema.parts import Audience

CARD = "query Card { me { cardNo } }"
OTHER = "{ me { id } }"


def _manifest(*texts: str, release: str = "1.4.0") -> Manifest:
    documents = {hash_of(text): text for text in texts}
    return Manifest("mini-program", release, Audience.MEMBER, documents)


def _settings(folder: Path, *found: Manifest, env: str = "production") -> Settings:
    for each in found:
        (folder / each.file_name).write_bytes(each.written())
    update = {"documents": folder if found else None, "env": env}
    return current_settings().model_copy(update=update)


async def _ask(shop: Shop, settings: Settings, **asked: Any) -> tuple[int, dict[str, Any]]:
    transport = httpx.ASGITransport(create_app(settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://shuke") as client:
        answer = await client.post(
            f"/t/{shop.slug}/member/graphql",
            json=asked,
            headers={
                **await shop.login("13800138000"),
                "accept": "application/graphql-response+json",
            },
        )
    return answer.status_code, answer.json()


@pytest.mark.parametrize(
    "asked",
    [
        {"documentId": f"sha256:{hash_of(CARD)}"},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": hash_of(CARD)}}},
        {"query": CARD},
    ],
    ids=["documentId", "persistedQuery", "its text"],
)
async def test_a_trusted_document_is_answered_in_production(
    shop: Shop, tmp_path: Path, asked: dict[str, Any]
) -> None:
    status, body = await _ask(shop, _settings(tmp_path, _manifest(CARD)), **asked)
    assert status == 200
    assert len(body["data"]["me"]["cardNo"]) == 16


@pytest.mark.parametrize(
    "asked", [{"query": OTHER}, {"documentId": f"sha256:{hash_of(OTHER)}"}, {"documentId": "x"}]
)
async def test_no_other_is_where_there_is_a_manifest(
    shop: Shop, tmp_path: Path, asked: dict[str, Any]
) -> None:
    status, body = await _ask(shop, _settings(tmp_path, _manifest(CARD)), **asked)
    assert status == 400
    assert [error["extensions"]["code"] for error in body["errors"]] == ["DOCUMENT_UNTRUSTED"]
    assert "data" not in body


@pytest.mark.parametrize(
    ("env", "found"),
    [("demo", (_manifest(CARD),)), ("test", (_manifest(CARD),)), ("production", ())],
)
async def test_any_other_is_in_a_demo_in_tests_and_without_a_manifest(
    shop: Shop, tmp_path: Path, env: str, found: Sequence[Manifest]
) -> None:
    status, body = await _ask(shop, _settings(tmp_path, *found, env=env), query=OTHER)
    assert status == 200
    assert body["data"]["me"]["id"]


async def test_a_request_without_document_or_id_is_malformed(shop: Shop, tmp_path: Path) -> None:
    for asked in ({}, {"documentId": 7}, {"query": 7, "documentId": "x"}):
        status, body = await _ask(shop, _settings(tmp_path), **asked)
        assert (status, body["errors"][0]["extensions"]["code"]) == (400, "REQUEST_MALFORMED")


def test_releases_lie_side_by_side(tmp_path: Path) -> None:
    settings = _settings(tmp_path, _manifest(CARD), _manifest(OTHER, release="1.5.0"))
    assert [found.release for found in manifests(tmp_path)] == ["1.4.0", "1.5.0"]
    trusted = Trusted.by(settings, Audience.MEMBER)
    assert trusted.texts == {hash_of(CARD): CARD, hash_of(OTHER): OTHER}
    assert not trusted.ad_hoc
    asked = Asked(OTHER, None, {}, None, {})
    assert trusted.text_of(asked) == (OTHER, True)


def test_an_audience_may_be_allowed_other_documents_anyway(tmp_path: Path) -> None:
    settings = _settings(tmp_path, _manifest(CARD))
    trusted = Trusted.by(settings, Audience.MEMBER, ad_hoc=True)
    assert trusted.text_of(Asked(OTHER, None, {}, None, {})) == (OTHER, False)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "is no manifest"),
        ("[]", "is no manifest"),
        (
            '{"client": "a", "release": "1", "audience": "nobody", "documents": {}}',
            "is no manifest",
        ),
        (
            '{"client": "a", "release": "1", "audience": "member", "documents": {"ab": "{me{id}}"}}',
            "the document ab has another text",
        ),
    ],
)
def test_a_manifest_that_can_not_be_relied_on_stops_the_start(
    tmp_path: Path, text: str, why: str
) -> None:
    (tmp_path / "a-1.json").write_text(text)
    with pytest.raises(SettingsError, match=rf"SHUKE_DOCUMENTS: .*a-1\.json.*{why}|{why}"):
        create_app(current_settings().model_copy(update={"documents": tmp_path}))


def test_a_folder_without_manifests_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no manifest"):
        create_app(current_settings().model_copy(update={"documents": tmp_path}))


async def test_a_trusted_document_is_kept_whatever_else_comes(runtime: Runtime) -> None:
    schema = whole_schema()
    documents = Documents(
        graphql_schema(schema), schema.demands, Registry(()), MEMBER, most_tokens=20
    )
    kept = documents.read(CARD)
    documents.check(CARD, kept, may_introspect=False, trusted=True)
    for number in range(9):
        text = f"{{ me {{ a{number}: id }} }}"
        documents.check(text, documents.read(text), may_introspect=False)
    assert documents.read(CARD) is kept


# The command


@pytest.mark.slow
def test_the_command_writes_what_the_service_reads(tmp_path: Path) -> None:
    fits, breaks = tmp_path / "card.graphql", tmp_path / "wrong.graphql"
    fits.write_text(CARD)
    breaks.write_text("{ me { nothing } }")
    with a_home() as home:
        shuke = CommandLine(home)
        options = ("--client", "mini", "--release", "1", "--folder", str(tmp_path / "out"))
        said = shuke("schema", "trust", str(fits), *options)
        assert (said.code, said.out.splitlines()[0]) == (
            0,
            f"sha256:{hash_of(CARD)}  card.graphql",
        )
        refused = shuke("schema", "trust", str(breaks), *options)
    assert refused.code == 2
    assert refused.err.startswith("shuke: wrong.graphql: Cannot query field 'nothing' on type")
    (made,) = manifests(tmp_path / "out")
    assert made.documents == {hash_of(CARD): CARD}
    assert orjson.loads(made.written())["audience"] == "member"
