"""Phones planted in a shop turn up for no role that may not see them: in no reply, log line, file or row.

Replies are those of the whole staff schema, generated: each field that can be reached, each mutation
with all that it answers, with the id of a planted member wherever an id is taken.
"""

import logging
import re
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from tests.schema.staff.test_ids import _selected
from tests.schema.staff.test_rights import CELLS, SCHEMA, _call
from tests.support.catalogue import tenant_tables
from tests.support.exports import as_staff, asked_export, staff_id_of
from tests.support.scratch import connection_to
from tests.support.shop import Shop

from shuke_core.access.rights import FieldClass
from shuke_core.audit.queries import Search, acts_before, opened_entries
from shuke_core.exports.errors import ExportNotPermitted
from shuke_core.exports.kinds import declared_exports
from shuke_core.files.services import file_card, read_chunk
from shuke_core.kit.transactions import fetch, unit_of_work
from shuke_core.plugin_host import enable_plugin
from shuke_core.staff.roles import READY_MADE, ready_made_role

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PHONES = ("13912345671", "13912345672", "13912345673")
_CANARY = re.compile(r"139[\s-]?1234[\s-]?567[123]")
_ENDS_THE_SESSION = re.compile(r"Mutation\.signOut")
REVEALING = frozenset({"admin", "clerk"})  # of any member; advisors of their own


def _documents(member: UUID) -> list[tuple[str, str]]:
    """Each cell of the matrix, and each mutation with the leaves of its payload."""
    documents = list(CELLS)
    mutation = SCHEMA.mutation_type
    for name, field in mutation.fields.items() if mutation else ():
        call = _call(name, field).partition("{ __typename")[0]
        documents.append((f"Mutation.{name}.*", f"mutation {{ {call} {_selected(field)} }}"))
    return [
        (name, re.sub(r'((?:^|[(, ])(?:\w*[iI]d|member): )"x"', rf'\1"{member}"', document))
        for name, document in documents
        if not _ENDS_THE_SESSION.match(name)
    ]


async def _plant(shop: Shop) -> UUID:
    """Members with these phones, one of them the advisor's, and a ticket in quarantine."""
    async with unit_of_work(shop.tenant_id):
        await enable_plugin("retail")
    await shop.sold(
        shop.ticket(phone=PHONES[0], name="王一"), shop.ticket(phone=PHONES[1], name="王二")
    )
    await shop.sold(shop.ticket(phone=PHONES[2], store="S9"))
    return await shop.member(PHONES[0])


async def _replies(
    client: httpx.AsyncClient, shop: Shop, role: str, member: UUID
) -> dict[str, str]:
    """What each document was answered, where a planted phone is in it."""
    found = {}
    headers = await shop.staff_login(role)
    for name, document in _documents(member):
        answer = await client.post(
            f"/t/{shop.slug}/staff/graphql", json={"query": document}, headers=headers
        )
        assert answer.status_code in (200, 403), (name, answer.text)
        if _CANARY.search(answer.text):
            found[name] = answer.text
    return found


@pytest.mark.parametrize("role", READY_MADE)
async def test_no_reply_and_no_log_line_has_a_phone(
    role: str, guarded_client: httpx.AsyncClient, shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    member = await _plant(shop)
    found = await _replies(guarded_client, shop, role, member)
    assert set(found) == ({"Mutation.revealPhone.*"} if role in REVEALING else set())
    for _ in range(3):
        await shop.work()
    assert not _CANARY.search("\n".join(record.getMessage() for record in caplog.records))
    assert not _CANARY.search(caplog.text)
    kept = await _kept(shop)
    assert "member.phone_revealed" in kept or role not in REVEALING
    assert [line for line in kept.splitlines() if _CANARY.search(line)] == []


async def _kept(shop: Shop) -> str:
    """Every row of the tenant as text, and the audit opened."""
    assert shop.runtime is not None
    async with connection_to(shop.runtime.places.owner()) as db:
        tables = await tenant_tables(db)
    lines: list[str] = []
    async with unit_of_work(shop.tenant_id):
        for table in tables:
            rows = await fetch(f"SELECT t::text AS line FROM {table} t WHERE tenant_id = $1")
            lines += [f"{table}: {row['line']}" for row in rows]
        acts = await acts_before(Search(), None, 5_000)
        told = await opened_entries(acts)
    return "\n".join([*lines, *(str(each) for each in told.values())])


def _choosable(role: str) -> dict[str, list[str]]:
    """The columns of each kind that somebody in the role may choose."""
    held = ready_made_role(role)
    seen = {*held.classes, FieldClass.PUBLIC}
    return {
        kind.key: [
            column.key
            for column in kind.columns.values()
            if (column.mask or column.see in seen)
            and (column.needs is None or column.needs.key in held.permissions)
        ]
        for kind in declared_exports().values()
    }


@pytest.mark.parametrize("role", READY_MADE)
async def test_no_file_has_a_phone_for_who_may_not_see_it(role: str, shop: Shop) -> None:
    await _plant(shop)
    await shop.staff_login(role)
    may = "exports.request" in ready_made_role(role).permissions
    for kind, columns in _choosable(role).items():
        async with unit_of_work(shop.tenant_id):
            me = await staff_id_of(role)
            for wanted in (columns, [*declared_exports()[kind].columns]):
                if may and set(wanted) <= set(columns):
                    continue
                with pytest.raises(ExportNotPermitted):
                    await asked_export(me, wanted)
        if not may:
            continue
        async with unit_of_work(shop.tenant_id):
            await asked_export(me, columns)
    await shop.work("exports")
    files = await shop.rows("SELECT file_id FROM export WHERE tenant_id = $1 AND state = 'ready'")
    assert len(files) == (len(declared_exports()) if may else 0)
    async with unit_of_work(shop.tenant_id):
        as_staff(me)
        for row in files:
            card = await file_card(row["file_id"])
            text = b"".join([await read_chunk(card.id, n) for n in range(card.chunks)]).decode()
            assert bool(_CANARY.search(text)) is (role == "admin")
            assert "139****567" in text
    assert not _CANARY.search(await _kept(shop))


def test_the_search_finds_what_is_planted() -> None:
    for phone in PHONES:
        for written in (phone, f"+86{phone}", f"{phone[:3]} {phone[3:7]}-{phone[7:]}"):
            assert _CANARY.search(orjson.dumps({"x": written}).decode())
    reply: Any = "139****5671"
    assert not _CANARY.search(reply)
