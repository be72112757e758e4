"""`shuke keys`: a rotation that is killed goes on, and says what is left and what is needed."""

import base64
from collections.abc import Iterator

import pytest
from tests.support.command_line import CommandLine, a_home

from shuke_core.embedded import EmbeddedServers
from shuke_core.kit.crypto import new_key
from shuke_core.tenants.master_keys import MasterKey

pytestmark = pytest.mark.slow
SLUGS = ("shop-a", "shop-b", "shop-c")


@pytest.fixture(scope="module")
def shuke() -> Iterator[CommandLine]:
    """A home with three tenants."""
    with a_home() as home, EmbeddedServers.join(home, durable=False):
        shuke = CommandLine(home)
        assert shuke("migrate").code == 0
        for slug in SLUGS:
            assert shuke("tenant", "create", slug, "--name", "甲").code == 0
        yield shuke


def test_a_rotation_that_was_killed_goes_on(shuke: CommandLine) -> None:
    former = (shuke.home / "master.key").read_text()
    fresh = base64.b64encode(new_key()).decode()
    old, new = MasterKey.from_text(former).id, MasterKey.from_text(fresh).id
    both = {"SHUKE_MASTER_KEY": fresh, "SHUKE_FORMER_MASTER_KEYS": former}

    before = shuke("keys", "status", "--json", **both).json
    assert (before["master_key"], before["needed"], before["missing"]) == (new, [old], [])
    refused = shuke("keys", "rotate", SHUKE_MASTER_KEY=fresh)
    assert refused.code == 2
    assert f"wrapped by master key {old}" in refused.err
    missing = shuke("keys", "status", "--json", SHUKE_MASTER_KEY=fresh).json
    assert missing["missing"] == [old]

    assert shuke("keys", "rotate", "--tenant", "shop-b", "--json", **both).json["rewrapped"] == 1
    halfway = shuke("keys", "status", "--json", **both).json
    assert {each["tenant"]: each["other_master_keys"] for each in halfway["tenants"]} == {
        "shop-a": [old],
        "shop-b": [],
        "shop-c": [old],
    }
    rotating = shuke.start("keys", "rotate", **both)
    assert rotating.stdout is not None
    assert rotating.stdout.readline().startswith("shop-a (1 of 3)")
    rotating.kill()
    rotating.communicate(timeout=30)
    assert shuke("keys", "rotate", **both).code == 0
    after = shuke("keys", "status", "--json", **both).json
    assert (after["needed"], after["not_needed"]) == ([], [old])
    assert f"wrapped by {new}" in shuke("doctor", SHUKE_MASTER_KEY=fresh).out
    said = shuke("tenant", "add-integration", "shop-a", "till", SHUKE_MASTER_KEY=fresh)
    assert said.code == 0, said.err


def test_a_former_key_that_is_none_stops_the_start_unprinted(shuke: CommandLine) -> None:
    said = shuke("keys", "status", SHUKE_FORMER_MASTER_KEYS="c2hvcnQ=")
    assert said.code == 2
    assert said.err == (
        "shuke: SHUKE_FORMER_MASTER_KEYS must be keys of exactly 32 bytes in base64, "
        "comma separated.\n"
    )
