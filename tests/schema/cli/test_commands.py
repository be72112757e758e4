"""The operator's commands, one after another in one home; and what they say when something is wrong."""

import signal
import socket
import subprocess
import time
from collections.abc import Iterator

import httpx
import pytest
from click.testing import CliRunner
from tests.support.command_line import CommandLine, a_home
from tests.support.shop import Shop

from shuke_core.embedded import EmbeddedServers
from shuke_core.kit.transactions import unit_of_work
from shuke_core.points.errors import EarningRuleInvalid
from shuke_core.points.services import set_earning_rule
from shuke_schema.cli.tenant import HIGHEST_RATE, LONGEST_LIFE_DAYS, create

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shuke() -> Iterator[CommandLine]:
    """A migrated home whose servers stay up for the module."""
    with a_home() as home, EmbeddedServers.join(home, durable=False):
        shuke = CommandLine(home)
        assert shuke("migrate").code == 0
        yield shuke


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_migrating_again_finds_nothing_to_do(shuke: CommandLine) -> None:
    said = shuke("migrate")
    assert (said.code, said.out) == (0, "The database is up to date.\n")


def test_a_tenant_is_made_once_with_its_stores_and_integration(shuke: CommandLine) -> None:
    first = shuke(
        "tenant", "create", "shop-a", "--name", "甲", "--expire-days", "30", "--json"
    ).json
    again = shuke(
        "tenant", "create", "shop-a", "--name", "甲", "--expire-days", "30", "--json"
    ).json
    assert (first["created"], again["created"]) == (True, False)
    assert first["id"] == again["id"]
    added = shuke("tenant", "add-store", "shop-a", "S1=南京路店", "S2=淮海路店", "--json").json
    assert added == {"tenant": "shop-a", "added": ["S1", "S2"]}
    assert shuke("tenant", "add-store", "shop-a", "S1=南京路店", "--json").json["added"] == []
    secret = shuke("tenant", "add-integration", "shop-a", "till", "--json").json["secret"]
    assert secret.startswith("whsec_")
    assert shuke("tenant", "add-integration", "shop-a", "till", "--json").json == {
        "integration": "till",
        "created": False,
    }
    assert shuke("tenant", "rotate-secret", "shop-a", "till", "--json").json["secret"] != secret
    shown = shuke("tenant", "show", "shop-a", "--json").json
    assert shown == {"tenant": "shop-a", "name": "甲", "members": 0, "orders": 0, "stores": 2}
    assert "shop-a\t甲\tAsia/Shanghai" in shuke("tenant", "list").out


def test_a_first_administrator_is_invited_and_may_be_given_a_new_password(
    shuke: CommandLine,
) -> None:
    shuke("tenant", "create", "shop-s", "--name", "丁")
    invite = ("staff", "invite", "shop-s", "wang", "--name", "王芳", "--role", "admin")
    first, second = shuke(*invite, "--json").json, shuke(*invite)
    assert len(first["code"]) == 32
    assert "Good once, until " in second.out
    assert first["code"] not in second.out
    assert shuke("staff", "list", "shop-s").out == "wang\t王芳\tadmin\tinvited\n"
    early = shuke("staff", "reset-password", "shop-s", "wang")
    assert (early.code, early.err) == (2, "shuke: There is no such person on the staff.\n")
    shuke("staff", "add", "shop-s", "li", "--name", "李", "--role", "clerk")
    assert len(shuke("staff", "reset-password", "shop-s", "li", "--json").json["code"]) == 32
    nobody = shuke("staff", "leave", "shop-s", "li", "--hand-over-to", "nobody")
    assert "Nobody with the handle 'nobody' works here." in nobody.err
    shuke("staff", "add", "shop-s", "an", "--name", "安", "--role", "advisor")
    left = shuke("staff", "leave", "shop-s", "li", "--hand-over-to", "an")
    assert left.out == "li has left.\n"
    unknown = shuke("staff", "reset-password", "shop-s", "nobody")
    assert (unknown.code, unknown.out) == (2, "")


def test_a_mini_program_is_set_listed_and_switched_off_and_its_secret_told_to_nobody(
    shuke: CommandLine,
) -> None:
    shuke("tenant", "create", "shop-w", "--name", "微")
    secret = "0123456789abcdef0123456789abcdef"
    words = ("wechat", "set", "shop-w", "--appid", "wx0123456789abcdef")
    said = [shuke(*words, "--json", given=f"{secret}\n") for _ in range(2)]
    assert [each.json["created"] for each in said] == [True, False]
    said.append(shuke("wechat", "list", "shop-w"))
    assert said[-1].out.splitlines() == ["wx0123456789abcdef\ton\t12"]
    said.append(shuke("wechat", "off", "shop-w", "--appid", "wx0123456789abcdef"))
    said.append(shuke("wechat", "list", "shop-w", "--json"))
    assert said[-1].json["mini_programs"] == [
        {"app_id": "wx0123456789abcdef", "state": "off", "inactive_months": 12}
    ]
    assert all(secret not in each.out + each.err for each in said)
    refused = shuke(*words)
    assert (refused.code, refused.out) == (2, "")
    assert "AppSecret" in refused.err


def test_plugins_are_listed_and_switched(shuke: CommandLine) -> None:
    shuke("tenant", "create", "shop-p", "--name", "丙")
    keys = [each["key"] for each in shuke("plugin", "list", "--json").json["plugins"]]
    assert keys == ["catering", "education", "retail"]
    on = shuke("plugin", "enable", "shop-p", "retail", "--json").json
    assert on == {"changed": {"retail": True}}
    listed = shuke("plugin", "list", "shop-p", "--json").json["plugins"]
    assert {each["key"]: each["on"] for each in listed} == {
        "catering": False,
        "education": False,
        "retail": True,
    }
    wrong = shuke("plugin", "configure", "shop-p", "retail", '{"prefix": 1}')
    assert (wrong.code, "prefix" in wrong.err) == (2, True)
    off = shuke("plugin", "disable", "shop-p", "retail", "--json").json
    assert off == {"changed": {"retail": True}}


def test_a_clean_ledger_verifies(shuke: CommandLine) -> None:
    shuke("tenant", "create", "shop-b", "--name", "乙")
    said = shuke("ledger", "verify", "shop-b", "--json")
    assert (said.code, said.json) == (
        0,
        {"tenants": 1, "accounts": 0, "entries": 0, "issued": 0, "differences": 0, "found": []},
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("tenant", "show", "nobody"), "There is no tenant 'nobody'."),
        (("tenant", "create", "Große", "--name", "x"), "can't name a tenant"),
        (("tenant", "create", "shop-c", "--name", "x", "--zone", "Mars/Base"), "time zone"),
        (("tenant", "create", "shop-c", "--name", "x", "--zone", "Asia"), "time zone"),
        (("tenant", "create", "shop-c", "--name", "名" * 121), "can't be the name of a tenant"),
        (("tenant", "create", "shop-c", "--name", " "), "can't be the name of a tenant"),
        (("tenant", "quarantine", "list", "shop-d", "erp"), "There is no tenant 'shop-d'."),
        (("tenant", "dead", "shop-d"), "There is no tenant 'shop-d'."),
    ],
)
def test_an_expected_failure_is_one_sentence(
    shuke: CommandLine, words: tuple[str, ...], sentence: str
) -> None:
    said = shuke(*words)
    assert said.code == 2
    assert sentence in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    "words",
    [
        ("--points-per-yuan", "abc"),
        ("--points-per-yuan", "NaN"),
        ("--points-per-yuan", "Infinity"),
        ("--points-per-yuan", "1000.001"),
        ("--points-per-yuan", "0.0001"),
        ("--expire-days", "0"),
        ("--expire-days", "3651"),
    ],
)
def test_a_rule_that_can_not_be_is_refused_before_the_tenant_is_made(
    words: tuple[str, ...],
) -> None:
    said = CliRunner().invoke(create, ["shop-c", "--name", "x", *words])
    assert said.exit_code == 2
    assert f"Invalid value for '{words[0]}'" in said.output


async def test_the_bounds_of_the_options_are_those_of_the_rule(shop: Shop) -> None:
    async with unit_of_work(shop.tenant_id):
        assert await set_earning_rule(HIGHEST_RATE, LONGEST_LIFE_DAYS)
        for rate, days in (
            (HIGHEST_RATE + 1, LONGEST_LIFE_DAYS),
            (HIGHEST_RATE, LONGEST_LIFE_DAYS + 1),
        ):
            with pytest.raises(EarningRuleInvalid):
                await set_earning_rule(rate, days)


def test_codes_of_stores_are_those_that_tickets_name(shuke: CommandLine) -> None:
    shuke("tenant", "create", "shop-e", "--name", "戊")
    added = shuke("tenant", "add-store", "shop-e", " S1 =一店", "Ｓ２=二店", "--json")
    assert added.json == {"tenant": "shop-e", "added": ["S1", "S2"]}
    for words, sentence in (
        ("S" * 41 + "=三店", "can't be the code of a store: use 1 to 40"),
        (" =三店", "can't be the code of a store"),
        ("S3=" + "名" * 121, "can't be the name of a store"),
    ):
        said = shuke("tenant", "add-store", "shop-e", "S4=四店", words)
        assert (said.code, sentence in said.err) == (2, True), said.err
    assert shuke("tenant", "show", "shop-e", "--json").json["stores"] == 2


def test_a_phone_that_is_none_is_told_in_a_sentence(shuke: CommandLine) -> None:
    shuke("tenant", "create", "shop-e", "--name", "戊")
    said = shuke("tenant", "member-token", "shop-e", "--phone", "12345678901")
    assert (said.code, said.err) == (2, "shuke: '123****8901' can't be used: PHONE_INVALID.\n")


def test_nothing_dead_is_said_so(shuke: CommandLine) -> None:
    shuke("tenant", "create", "shop-e", "--name", "戊")
    assert shuke("tenant", "dead", "shop-e").out == "Nothing is dead or parked.\n"
    assert shuke("tenant", "dead", "shop-e", "--json").json == {"messages": [], "events": []}


def test_a_wrong_address_stops_the_start_without_its_password(shuke: CommandLine) -> None:
    address = "postgresql://shuke_app:{}#s@db/shuke".format("hush")
    said = shuke("doctor", SHUKE_DATABASE_URL=address)
    assert said.code == 2
    assert said.err.startswith("shuke: SHUKE_DATABASE_URL: ")
    assert "hush" not in said.err


def test_another_master_key_is_found_by_the_doctor(shuke: CommandLine) -> None:
    shuke("tenant", "create", "shop-e", "--name", "戊")
    said = shuke("doctor", SHUKE_MASTER_KEY="AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
    assert said.code == 1
    assert "FAIL  tenants' keys: The keys of tenant" in said.out
    assert "were wrapped by master key" in said.out


def test_a_lost_key_file_stops_the_start_and_none_is_made(shuke: CommandLine) -> None:
    shuke("tenant", "create", "shop-e", "--name", "戊")
    kept = shuke.home / "master.key"
    aside = kept.rename(shuke.home / "aside.key")
    try:
        started, examined = shuke("tenant", "list"), shuke("doctor")
        assert not kept.exists()
    finally:
        aside.rename(kept)
    assert started.code == 2
    assert "master.key is gone" in started.err
    assert examined.code == 1
    assert "FAIL  master key: " in examined.out
    assert shuke("tenant", "list").code == 0


def test_a_wrong_setting_stops_the_start_by_its_name(shuke: CommandLine) -> None:
    said = shuke("doctor", SHUKE_POOL_SIZE="many")
    assert said.code == 2
    assert said.err.startswith("shuke: SHUKE_POOL_SIZE")


def test_the_doctor_finds_a_good_deployment_good(shuke: CommandLine) -> None:
    said = shuke("doctor", "--json")
    health = {finding["subject"]: finding["health"] for finding in said.json["findings"]}
    assert said.code == 0
    health.pop("events")  # no worker runs here: what setting the tenant up announced may wait
    assert set(health.values()) == {"good"}, said.out
    assert {"PostgreSQL", "database role", "migrations", "partitions", "Redis"} <= health.keys()


def test_the_doctor_says_what_is_wrong_and_what_to_do(shuke: CommandLine) -> None:
    said = shuke(
        "doctor",
        SHUKE_DATABASE_URL="postgresql://shuke_app@127.0.0.1:1/shuke",
        SHUKE_REDIS_URL="redis://127.0.0.1:1",
    )
    assert said.code == 1
    assert "FAIL  master key: SHUKE_MASTER_KEY is not set" in said.out
    assert "FAIL  PostgreSQL: does not let us in" in said.out
    assert "warn  Redis: does not answer" in said.out
    assert said.out.count("→") == 3


def test_a_superuser_is_refused_at_the_start(shuke: CommandLine) -> None:
    with EmbeddedServers.join(shuke.home, durable=False) as servers:
        dsn = servers.dsn(user="postgres", database="shuke")
        said = shuke(
            "serve",
            SHUKE_DATABASE_URL=dsn,
            SHUKE_REDIS_URL=servers.redis_url,
            SHUKE_MASTER_KEY="AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        )
    assert said.code == 2
    assert "it is a superuser" in said.err
    assert "Connect as shuke_app" in said.err


def test_a_database_that_was_never_migrated_is_named(free_port: int) -> None:
    with a_home() as home:
        said = CommandLine(home)("serve", "--port", str(free_port))
    assert said.code == 2
    assert "Run `shuke migrate` first" in said.err


def test_a_port_in_use_is_named_with_the_way_out(shuke: CommandLine) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        said = shuke("serve", "--port", str(taken.getsockname()[1]))
    assert said.code == 2
    assert "Can't listen on 127.0.0.1:" in said.err
    assert "--port" in said.err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_and_worker_leave_in_order(
    shuke: CommandLine, free_port: int, number: signal.Signals
) -> None:
    worker = shuke.start("worker")
    web = shuke.start("serve", "--port", str(free_port))
    assert worker.stdout is not None
    try:
        assert any("the worker is up" in line for line in worker.stdout)
        _wait_until_up(free_port, web)
        for process in (web, worker):
            process.send_signal(number)
        endings = [
            (process.communicate(timeout=20)[0], process.returncode) for process in (web, worker)
        ]
    finally:
        web.kill()
        worker.kill()
    assert [code for _, code in endings] == [0, 0]
    assert all("Traceback" not in said for said, _ in endings)


def _wait_until_up(port: int, web: "subprocess.Popen[str]") -> None:
    for _ in range(200):
        assert web.poll() is None, web.communicate()[0]
        try:
            if httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("the web process does not come up")


def test_every_command_has_help_that_fits_a_screen(shuke: CommandLine) -> None:
    for words in (
        (), ("tenant",), ("ledger",), ("tenant", "create"), ("tenant", "quarantine"), ("serve",),
        ("worker",), ("migrate",), ("maintain",), ("doctor",), ("demo",),
    ):  # fmt: skip
        said = shuke(*words, "--help")
        assert said.code == 0
        assert said.out.startswith("Usage: ")
        assert max(len(line) for line in said.out.splitlines()) <= 100
        assert len(said.out.splitlines()) <= 40
