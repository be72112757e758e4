"""The docs tell the truth: settings, commands, codes, and every example that is marked."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any
from zoneinfo import ZoneInfo

import click
import httpx
import pytest
from graphql import build_schema, parse, validate
from tests.contracts.house import (
    ROOT,
    codes_in,
    codes_raised,
    quoted,
    section,
    table_rows,
)
from tests.support.imports import imported
from tests.support.shop import Shop

import shuke_core
import shuke_schema
from shuke_core.alerts.kinds import declared_alerts
from shuke_core.campaigns.rules import CampaignPhase
from shuke_core.catalog.imports import HEADINGS
from shuke_core.database.roles import _CREATE, APP, ENTERED
from shuke_core.embedded.errors import EmbeddedFault
from shuke_core.integrations.order_rows import HEADINGS as OF_ORDERS
from shuke_core.integrations.signatures import sign
from shuke_core.integrations.ticket_facts import Rejected
from shuke_core.integrations.tickets import clean_ticket
from shuke_core.kit.errors import ShukeError
from shuke_core.kit.transactions import unit_of_work
from shuke_core.members.services import issue_token
from shuke_core.rules.checking import check
from shuke_core.rules.registry import registry_with
from shuke_core.rules.rendering import Manner, render
from shuke_core.settings import PREFIX, Settings
from shuke_core.staff.roles import READY_MADE as ROLES
from shuke_core.stepup.operations import sensitive_operations
from shuke_schema.asgi import create_app
from shuke_schema.cli import cli
from shuke_schema.composition import compose
from shuke_schema.parts import Audience

DOCS = ROOT / "docs"
CORE = Path(shuke_core.__file__).parent
PARTNER_PAGES = ("integrations.md", "integrations.zh.md")
_MARKED = re.compile(r"<!-- tested: ([\w-]+) -->\n```\w+\n(.*?)```", re.DOTALL)


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def marked(name: str, kind: str) -> list[str]:
    """The marked blocks of that kind on a page; there must be one at least."""
    found = [text for mark, text in _MARKED.findall(page(name)) if mark == kind]
    assert found, f"{name} has no block marked {kind}"
    return found


# Settings and commands


def test_every_setting_is_documented_with_its_default() -> None:
    listed = {
        quoted(row[0])[0]: quoted(row[1])[0] if quoted(row[1]) else None
        for row in table_rows(section(page("operating.md"), "## Settings"))
        if quoted(row[0])
    }
    assert listed == {
        PREFIX + name.upper(): None if field.default is None else str(field.default)
        for name, field in Settings.model_fields.items()
    }


def commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    """Every command below the group that does something, with its full name."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def test_every_command_has_help_and_is_documented() -> None:
    listed = codes_in(section(page("operating.md"), "## Commands"), 0)
    there = dict(commands(cli, "shuke"))
    assert sorted(listed) == sorted(there)
    assert [name for name, command in there.items() if not command.help] == []


def test_a_command_that_is_not_listed_is_found() -> None:
    @click.group()
    def planted() -> None: ...

    @planted.command()
    def silent() -> None: ...

    assert [(name, command.help) for name, command in commands(planted, "shuke planted")] == [
        ("shuke planted silent", None)
    ]


def test_the_operators_sql_makes_the_roles_that_we_make() -> None:
    statements = page("operating.md").partition("```sql\n")[2].partition("```")[0].splitlines()
    assert statements[: len(_CREATE)] == [
        f"CREATE ROLE {name} {attributes};" for name, attributes in _CREATE.items()
    ]
    assert {f"GRANT {name} TO {APP};" for name in ENTERED} <= set(statements)


# Codes


def errors_of(base: type[ShukeError]) -> Iterator[type[ShukeError]]:
    """Every subclass that the product defines."""
    for kind in base.__subclasses__():
        if kind.__module__.split(".")[0].startswith("shuke_"):
            yield kind
        yield from errors_of(kind)


def import_all() -> None:
    for package in (shuke_core, shuke_schema):
        for module in walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                import_module(module.name)


def test_every_error_has_a_code_of_its_own_and_is_documented() -> None:
    import_all()
    codes = [kind.code for kind in errors_of(ShukeError)]
    codes += sorted(codes_raised(CORE, "SignatureRefused"))
    codes += [fault.value for fault in EmbeddedFault]
    codes += ["DOCUMENT_INVALID", "INTERNAL", "UNAVAILABLE"]  # not errors of ours, answers of ours
    assert [code for code, times in Counter(codes).items() if times > 1] == []
    listed = codes_in(page("errors.md"), 0)
    assert sorted(listed) == sorted(codes)


def test_a_planted_error_is_found() -> None:
    class Planted(ShukeError):
        code = "PLANTED"
        sentence = "x"

    assert Planted not in errors_of(ShukeError)  # the tests' own don't count
    Planted.__module__ = "shuke_core.planted"
    try:
        assert Planted in errors_of(ShukeError)
    finally:
        Planted.__module__ = __name__


@pytest.mark.parametrize("name", PARTNER_PAGES)
def test_every_quarantine_code_is_documented(name: str) -> None:
    heading = "## 隔离区" if name.endswith(".zh.md") else "## Quarantine"
    listed = codes_in(section(page(name), heading), 0)
    raised = codes_raised(CORE, "Unclean", "TicketRefused", "Rejected", "_Refused", "ItemRefused")
    assert sorted(listed) == sorted(raised)


def test_a_planted_quarantine_code_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('raise TicketRefused("total", "NEW_CODE", "FOUND")\n')
    assert codes_raised(tmp_path, "TicketRefused") == {"NEW_CODE"}


def test_both_partner_pages_have_the_same_tables_and_examples() -> None:
    english, chinese = (page(name) for name in PARTNER_PAGES)

    def facts(text: str) -> list[list[str]]:
        return [found for row in table_rows(text) if (found := quoted("|".join(row[:2])))]

    assert facts(english) == facts(chinese)
    for kind in ("message", "progress"):
        assert marked(PARTNER_PAGES[0], kind) == marked(PARTNER_PAGES[1], kind)


# Examples


@pytest.mark.parametrize("name", PARTNER_PAGES)
def test_the_signing_example_signs_as_we_do(name: str) -> None:
    (code,) = marked(name, "python")
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 (our own page, with its own assertion)
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    for body in (b"", '{"名":"唱片行"}'.encode()):
        assert names["sign"](secret, "m-1", 1767323045, body) == sign(
            secret, "m-1", 1767323045, body
        )
    with pytest.raises(AssertionError):
        exec(code.replace("g0hM9SsE", "g0hM9SsF"), {})  # noqa: S102


@pytest.mark.parametrize("name", PARTNER_PAGES)
def test_the_tickets_of_the_example_are_clean(name: str) -> None:
    (text,) = marked(name, "message")
    tickets = json.loads(text)["data"]["tickets"]
    cleaned = [
        clean_ticket(
            ticket,
            zone=ZoneInfo("Asia/Shanghai"),
            day_starts_at=0,
            now=datetime(2026, 3, 3, tzinfo=UTC),
        )
        for ticket in tickets
    ]
    assert len(cleaned) == 2
    assert not any(isinstance(fact, Rejected) for fact in cleaned)


async def send(shop: Shop, path: str, message_id: str, body: bytes) -> httpx.Response:
    """The documented request, as a partner's program makes it."""
    seconds = int(datetime.now(UTC).timestamp())
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": sign(shop.secret, message_id, seconds, body),
    }
    method = "POST" if body else "GET"
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(create_app()), base_url="http://shuke.example"
    ) as partner:
        return await partner.request(method, path, content=body, headers=headers)


async def test_the_examples_get_the_documented_answers(shop: Shop) -> None:
    address = f"/t/{shop.slug}/hooks/{shop.integration}"
    (text,) = marked("integrations.md", "message")
    taken = await send(shop, address, "m-1", text.encode())
    again = await send(shop, address, "m-1", text.encode())
    assert (taken.status_code, taken.json()) == (
        202,
        {"message": "m-1", "tickets": 2, "state": "taken"},
    )
    assert (again.status_code, again.json()["state"]) == (200, "known")
    for _ in range(3):  # inbox, relay, reactions
        await shop.work()
    told = (await send(shop, address, "m-2", b"")).json()
    assert told["tickets"] == {"accepted": 2, "known": 0, "quarantined": 0}
    rows = await shop.rows("SELECT available FROM ledger_account WHERE tenant_id = $1")
    assert rows == [{"available": 39}]

    def shape(answer: object) -> object:
        return {k: shape(v) for k, v in answer.items()} if isinstance(answer, dict) else None

    (documented,) = marked("integrations.md", "progress")
    assert shape(json.loads(documented)) == shape(told)


async def test_refusals_have_the_documented_status(shop: Shop) -> None:
    address = f"/t/{shop.slug}/hooks/{shop.integration}"
    fine = marked("integrations.md", "message")[0].encode()
    refused = [
        await send(shop, address, "m-1", b"{"),
        await send(shop, address, "m-1", b'{"type": "members"}'),
        await send(shop, address, "m-1", b" " * (1 << 20) + fine),
        await send(shop, "/t/nobody/hooks/till", "m-1", fine),
        await send(shop, f"/t/{shop.slug}/hooks/nothing", "m-1", fine),
    ]
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(create_app()), base_url="http://shuke.example"
    ) as partner:
        refused.append(await partner.post(address, content=fine))
    found = {(str(answer.status_code), answer.json()["error"]["code"]) for answer in refused}
    listed = {
        (row[0], quoted(row[1])[0])
        for row in table_rows(section(page("integrations.md"), "## The answers"))
        if quoted(row[1])
    }
    assert len(found) == 6
    assert found <= listed
    assert await shop.rows("SELECT id FROM inbox WHERE tenant_id = $1") == []


@pytest.mark.parametrize("place", range(4))
def test_the_documents_of_the_member_api_fit_its_schema(place: int) -> None:
    schema = build_schema(compose(Audience.MEMBER, []).as_str())
    document = marked("member-api.md", "graphql")[place]
    assert validate(schema, parse(document)) == []
    assert validate(schema, parse(document.replace(" {", " { nothing", 1))) != []


@pytest.mark.parametrize("place", range(10))
def test_the_documents_of_the_staff_api_fit_its_schema(place: int) -> None:
    schema = build_schema(compose(Audience.STAFF, []).as_str())
    document = marked("staff-api.md", "staff-graphql")[place]
    assert validate(schema, parse(document)) == []
    assert validate(schema, parse(document.replace("(", "Of(", 2))) != []


@pytest.mark.parametrize("place", range(8))
def test_the_documents_of_the_accounts_fit_the_schema(place: int) -> None:
    schema = build_schema(compose(Audience.STAFF, []).as_str())
    document = marked("staff-accounts.md", "staff-graphql")[place]
    assert validate(schema, parse(document)) == []
    assert validate(schema, parse(document.replace(" {", " { nothing", 1))) != []


def test_the_sensitive_operations_are_those_that_are_declared() -> None:
    listed = {
        quoted(row[0])[0]: (row[1], quoted(row[3]), bool(row[4]))
        for row in table_rows(page("staff-accounts.md").partition("<!-- operations -->")[2])
        if quoted(row[0])
    }
    assert listed == {
        key: (each.label["zh"], list(each.names), each.measure is not None)
        for key, each in sensitive_operations().items()
    }


def test_the_documents_of_the_privacy_page_fit_the_schema_of_members() -> None:
    schema = build_schema(compose(Audience.MEMBER, []).as_str())
    documents = marked("privacy.md", "graphql")
    assert len(documents) == 2
    for document in documents:
        assert validate(schema, parse(document)) == []


def test_the_documents_of_the_follow_up_page_fit_their_schemas() -> None:
    for audience, kind, many in (
        (Audience.MEMBER, "member-graphql", 1),
        (Audience.STAFF, "staff-graphql", 5),
    ):
        schema = build_schema(compose(audience, []).as_str())
        documents = marked("follow-up.md", kind)
        assert len(documents) == many
        for document in documents:
            assert validate(schema, parse(document)) == []
            assert validate(schema, parse(document.replace("(", "Of(", 2))) != []


def test_the_documents_of_the_profiles_page_fit_their_schemas() -> None:
    for audience, kind, many in (
        (Audience.MEMBER, "member-graphql", 3),
        (Audience.STAFF, "staff-graphql", 7),
    ):
        schema = build_schema(compose(audience, []).as_str())
        documents = marked("profiles.md", kind)
        assert len(documents) == many
        for document in documents:
            assert validate(schema, parse(document)) == []
            assert validate(schema, parse(document.replace(" {", " { nothing", 1))) != []


def test_the_documents_of_the_rules_page_fit_the_schema() -> None:
    schema = build_schema((ROOT / "schema" / "sdl" / "staff.graphql").read_text())
    for document in marked("rules.md", "staff-graphql"):
        assert validate(schema, parse(document)) == []


def test_the_rules_of_the_rules_page_read_as_it_says() -> None:
    manner = Manner(ZoneInfo("Asia/Shanghai"), "CNY", {"S1": "一店", "S2": "二店"})
    shown = [text.split("\n")[:2] for text in marked("rules.md", "rule-text")]
    registry = registry_with(frozenset())
    rules = [
        check(json.loads(text), "member", registry, None) for text in marked("rules.md", "rule")
    ]
    assert [[render(rule, each, manner) for each in ("zh", "en")] for rule in rules] == shown
    assert len(shown) == 3


def test_the_documents_of_the_catalogue_fit_their_schemas() -> None:
    for audience, kind, many in (
        (Audience.MEMBER, "member-graphql", 1),
        (Audience.STAFF, "staff-graphql", 2),
    ):
        documents = marked("catalog.md", kind)
        schema = build_schema(compose(audience, []).as_str())
        assert [validate(schema, parse(document)) for document in documents] == [[]] * many


def test_the_documents_of_the_campaigns_page_fit_their_schemas() -> None:
    for audience, kind, many in (
        (Audience.MEMBER, "member-graphql", 3),
        (Audience.STAFF, "staff-graphql", 3),
    ):
        documents = marked("campaigns.md", kind)
        schema = build_schema(compose(audience, []).as_str())
        assert [validate(schema, parse(document)) for document in documents] == [[]] * many


def test_the_phases_of_the_campaigns_page_are_those_there_are() -> None:
    told = re.findall(r"^\| `([A-Z]+)` \|", page("campaigns.md"), re.MULTILINE)
    assert told == [phase.name for phase in CampaignPhase]


def _headings(name: str, heading: str) -> dict[str, set[str]]:
    """What a page lists as headings of each column."""
    return {
        row[0]: {heading.casefold() for heading in quoted(row[1])}
        for row in table_rows(section(page(name), heading))
        if len(row) == 3 and quoted(row[1])
    }


@pytest.mark.parametrize(
    ("name", "heading", "known"),
    [
        ("catalog.md", "## Import a file", HEADINGS),
        ("imports.md", "## The history of orders", OF_ORDERS),
        ("imports.zh.md", "## 历史订单", OF_ORDERS),
    ],
)
def test_the_headings_of_lists_are_those_that_are_known(
    name: str, heading: str, known: Mapping[str, str]
) -> None:
    listed = _headings(name, heading)
    for column, headings in listed.items():
        assert {known[heading] for heading in headings} == {column}
    assert set(listed) == set(known.values())


@pytest.mark.parametrize(
    ("name", "heading"), [("imports.md", "## Refused rows"), ("imports.zh.md", "## 被拒的行")]
)
def test_every_code_of_a_row_that_is_none_is_documented(name: str, heading: str) -> None:
    listed = codes_in(section(page(name), heading), 0)
    assert sorted(listed) == sorted(codes_raised(CORE, "RowRefused"))


@pytest.mark.parametrize("name", ["imports.md", "imports.zh.md"])
def test_the_documents_of_the_imports_pages_fit_the_schema(name: str) -> None:
    schema = build_schema(compose(Audience.STAFF, []).as_str())
    for document in marked(name, "staff-graphql"):
        assert validate(schema, parse(document)) == []
        assert validate(schema, parse(document.replace("(", "Of(", 2))) != []


@pytest.mark.parametrize("name", ["imports.md", "imports.zh.md"])
async def test_the_history_of_the_example_goes_in_whole(name: str, shop: Shop) -> None:
    (text,) = marked(name, "orders-csv")
    await imported(shop, text.encode(), kind="orders")
    rows = await shop.rows(
        "SELECT external_no, total_fen, (SELECT count(*) FROM order_line l WHERE l.tenant_id = $1 "
        "AND l.order_id = o.id) AS lines FROM orders o WHERE tenant_id = $1 ORDER BY external_no"
    )
    assert [tuple(row.values()) for row in rows] == [("A-1001", 5_900, 2), ("A-1002", 3_000, 1)]
    assert await shop.rows("SELECT id FROM refused_row WHERE tenant_id = $1") == []


def test_the_alerts_of_the_follow_up_page_are_those_there_are() -> None:
    import_all()
    rows = table_rows(section(page("follow-up.md"), "## Alerts"))
    assert {quoted(row[0])[0] for row in rows if quoted(row[0])} == set(declared_alerts())


def test_the_roles_of_the_staff_api_are_those_there_are() -> None:
    rows = table_rows(section(page("staff-api.md"), "## Roles"))
    listed = {quoted(row[0])[0]: row[2] for row in rows if quoted(row[0])}
    assert set(listed) == set(ROLES)
    for key, role in ROLES.items():
        classes = {each.value for each in role.classes}
        assert set(listed[key].split(", ")) == classes - {"public"}


async def test_the_error_of_the_member_api_is_the_one_shown(shop: Shop) -> None:
    member_id = await shop.member("138 0013 8000")
    async with unit_of_work(shop.tenant_id):
        token = await issue_token(member_id)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(create_app()), base_url="http://shuke.example"
    ) as app:
        answer = await app.post(
            f"/t/{shop.slug}/member/graphql",
            json={"query": "{ me { orders(first: 500) { edges { cursor } } } }"},
            headers={"authorization": f"Bearer {token}"},
        )
    assert answer.status_code == 200
    (shown,) = (json.loads(text) for text in marked("member-api.md", "graphql-error"))
    (error,) = answer.json()["errors"]
    assert {"message": error["message"], "extensions": error["extensions"]} == shown


@pytest.mark.parametrize("place", [0, 1])
async def test_the_tests_of_the_testing_page_pass(place: int, shop: Shop) -> None:
    names: dict[str, Any] = {}
    exec(marked("testing.md", "python-test")[place], names)  # noqa: S102 (our own page)
    (test,) = (value for name, value in names.items() if name.startswith("test_"))
    await test(shop)


def test_links_between_pages_lead_somewhere() -> None:
    pages = [*DOCS.rglob("*.md"), *ROOT.glob("*.md")]
    broken = [
        f"{source.relative_to(ROOT)}: {link}"
        for source in pages
        for link in re.findall(r"\]\(([^)\s]+)\)", source.read_text(encoding="utf-8"))
        if not link.startswith("https://") and not leads_somewhere(source, link)
    ]
    assert len(pages) > 15
    assert broken == []


def leads_somewhere(source: Path, link: str) -> bool:
    """Whether a relative link names a file of ours, and a heading in it if it says one."""
    path, _, anchor = link.partition("#")
    target = (source.parent / path).resolve() if path else source
    if not target.exists():
        return False
    if not anchor:
        return True
    headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
    return anchor in {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    here = tmp_path / "a.md"
    here.write_text("# A page, with `code`?\n")
    assert leads_somewhere(here, "a.md")
    assert leads_somewhere(here, "#a-page-with-code")
    assert not leads_somewhere(here, "b.md")
    assert not leads_somewhere(here, "a.md#b")


@pytest.mark.parametrize("place", range(5))
def test_the_documents_of_the_exports_page_fit_the_schema(place: int) -> None:
    schema = build_schema(compose(Audience.STAFF, []).as_str())
    document = marked("exports.md", "staff-graphql")[place]
    assert validate(schema, parse(document)) == []
    assert validate(schema, parse(document.replace(" {", " { nothing", 1))) != []
