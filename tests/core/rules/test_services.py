"""Named rules: versions that never change, pins, retirement, and words that go."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar
from uuid import uuid4

import asyncpg
import pytest
from tests.core.rules.words import words
from tests.support.shop import Shop

from shuke_core.access.permissions import declared_permissions
from shuke_core.access.rights import EVERY_CLASS, Rights, Scope, Within
from shuke_core.access.scopes import narrow_to
from shuke_core.kit.transactions import fetch, unit_of_work
from shuke_core.plugin_host import disable_plugin, enable_plugin
from shuke_core.rules import loading, services
from shuke_core.rules.checking import check
from shuke_core.rules.errors import (
    RuleChanged,
    RuleFactsTooMany,
    RuleInactive,
    RuleInvalid,
    RuleNameInvalid,
    RulesTooMany,
    RuleSubjectWrong,
    RuleUnknown,
    RuleVersionsTooMany,
)
from shuke_core.rules.in_sql import condition_of
from shuke_core.rules.queries import (
    Saved,
    asked_with,
    at_now,
    filter_of,
    pinned_rule,
    stored_rule,
    stored_rules,
    versions_of,
)
from shuke_core.rules.services import change_rule, retire_rule, save_rule

Result = TypeVar("Result")
words()  # plugins are there, and their permissions
EVERYTHING = Rights.of(declared_permissions(), EVERY_CLASS)
WOMEN = {"field": "member.gender", "op": "eq", "value": "female"}
MEN = {"field": "member.gender", "op": "eq", "value": "male"}


async def act(shop: Shop, work: Awaitable[Result]) -> Result:
    async with unit_of_work(shop.tenant_id):
        return await work


async def saved(shop: Shop, document: object = WOMEN, name: str = "女会员") -> Saved:
    return await act(shop, save_rule(name, "member", document, EVERYTHING, None))


async def test_a_change_is_a_version_and_who_pins_the_first_keeps_it(shop: Shop) -> None:
    first = await saved(shop)
    assert first.version == 1
    second = await act(shop, change_rule(first.rule_id, 1, "男会员", MEN, EVERYTHING, None))
    assert second == Saved(first.rule_id, 2)
    assert (await act(shop, stored_rule(first.rule_id, 1))).document == WOMEN
    newest = await act(shop, stored_rule(first.rule_id))
    assert (newest.version, newest.name, newest.document) == (2, "男会员", MEN)
    versions = await act(shop, versions_of(first.rule_id))
    assert [(v.version, v.newest) for v in versions] == [(2, 2), (1, 2)]
    async with unit_of_work(shop.tenant_id):
        pinned = await pinned_rule(first.rule_id, 1, "member")
        condition = condition_of(pinned, words(), await at_now())
    assert list(condition.values.values()) == ["female"]


async def test_the_same_document_makes_no_version(shop: Shop) -> None:
    first = await saved(shop)
    assert (
        await act(shop, change_rule(first.rule_id, 1, "女会员", WOMEN, EVERYTHING, None)) == first
    )
    renamed = await act(shop, change_rule(first.rule_id, 1, "女士", WOMEN, EVERYTHING, None))
    assert renamed == first
    assert (await act(shop, stored_rule(first.rule_id))).name == "女士"
    acts = await shop.rows("SELECT act FROM audit_entry WHERE tenant_id = $1 AND act LIKE 'rule.%'")
    assert len(acts) == 2


async def test_of_two_who_change_at_once_one_is_told(shop: Shop) -> None:
    rule_id = (await saved(shop)).rule_id
    done = await asyncio.gather(
        *(act(shop, change_rule(rule_id, 1, f"第{n}", MEN, EVERYTHING, None)) for n in range(8)),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in done) == ["RuleChanged"] * 7 + ["Saved"]
    assert len(await act(shop, versions_of(rule_id))) == 2
    with pytest.raises(RuleChanged, match="version 2"):
        await act(shop, change_rule(rule_id, 1, "x", WOMEN, EVERYTHING, None))


async def test_a_version_can_not_be_changed_by_anybody(shop: Shop) -> None:
    await saved(shop)
    for statement in (
        "UPDATE rule_version SET document = '{}' WHERE tenant_id = $1",
        "DELETE FROM rule_version WHERE tenant_id = $1",
        "DELETE FROM rule_document WHERE tenant_id = $1",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await act(shop, fetch(statement))


async def test_a_retired_rule_goes_on_for_who_pinned_it(shop: Shop) -> None:
    rule = await saved(shop)
    await act(shop, asked_with("member", EVERYTHING, rule_id=rule.rule_id))
    await act(shop, retire_rule(rule.rule_id))
    assert await act(shop, stored_rules()) == []
    await act(shop, pinned_rule(rule.rule_id, 1, "member"))
    for again in (
        retire_rule(rule.rule_id),
        change_rule(rule.rule_id, 1, "x", MEN, EVERYTHING, None),
        retire_rule(uuid4()),
        asked_with("member", EVERYTHING, rule_id=rule.rule_id),
        filter_of("member", EVERYTHING, rule_id=rule.rule_id),
    ):
        with pytest.raises(RuleUnknown):
            await act(shop, again)


async def test_what_can_not_be_taken_is_not_kept(shop: Shop) -> None:
    with pytest.raises(RuleInvalid):
        await saved(shop, {"field": "member.gender", "op": "eq", "value": "x"})
    with pytest.raises(RuleNameInvalid):
        await saved(shop, name=" ")
    poor = Rights.of(["members.read"], [])
    born = {"field": "member.birthday", "op": "present"}
    with pytest.raises(RuleInvalid, match="needs contact"):
        await act(shop, save_rule("生日", "member", born, poor, None))
    assert await shop.rows("SELECT id FROM rule_document WHERE tenant_id = $1") == []


async def test_a_rule_whose_plugin_is_off_is_inactive_and_says_why(shop: Shop) -> None:
    await act(shop, enable_plugin("retail"))
    rule = await saved(shop, {"not": {"field": "retail.spent", "op": "gt", "value": 100}})
    await act(shop, pinned_rule(rule.rule_id, 1, "member"))
    await act(shop, disable_plugin("retail"))
    for asked in (
        pinned_rule(rule.rule_id, 1, "member"),
        filter_of("member", EVERYTHING, rule_id=rule.rule_id),
    ):
        with pytest.raises(RuleInactive, match="of the plugin 'retail', which is off"):
            await act(shop, asked)
    await act(shop, enable_plugin("retail"))
    await act(shop, pinned_rule(rule.rule_id, 1, "member"))


async def test_a_rule_is_asked_about_its_subject_by_who_may_see_its_fields(shop: Shop) -> None:
    rule_id = (await saved(shop, {"field": "member.birthday", "op": "present"})).rule_id
    with pytest.raises(RuleSubjectWrong):
        await act(shop, filter_of("order", EVERYTHING, rule_id=rule_id))
    with pytest.raises(RuleSubjectWrong):
        await act(shop, pinned_rule(rule_id, 1, "ticket"))
    poor = Rights.of(["members.read"], [])
    with pytest.raises(RuleInvalid, match="fields that you may not see"):
        await act(shop, filter_of("member", poor, rule_id=rule_id))


async def test_who_sees_orders_of_some_members_asks_for_them_only_where_these_alone_are_shown(
    shop: Shop,
) -> None:
    """Or a list of everybody, which they may see, would tell of orders that they may not."""
    bought = {"facts": "member.orders", "op": "gte", "value": 1}
    within = Within(Scope.OWN, uuid4())
    rights = Rights.of(["members.read", "orders.read"], EVERY_CLASS, ["orders.read"], within)
    with pytest.raises(RuleInvalid, match=r"needs orders\.read"):
        await act(shop, asked_with("member", rights, document=bought))
    async with unit_of_work(shop.tenant_id):
        await narrow_to(within)
        await asked_with("member", rights, document=bought)


async def test_a_tenant_has_so_many_rules_and_a_rule_so_many_versions(
    shop: Shop, other_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "MOST_RULES", 3)
    for shops in (shop, other_shop):
        first, *_ = [await saved(shops, name=f"{n}") for n in range(3)]
        with pytest.raises(RulesTooMany):
            await saved(shops)
    for version, document in ((1, MEN), (2, WOMEN)):
        await act(other_shop, change_rule(first.rule_id, version, "x", document, EVERYTHING, None))
    with pytest.raises(RuleVersionsTooMany):
        await act(other_shop, change_rule(first.rule_id, 3, "x", MEN, EVERYTHING, None))
    await act(other_shop, change_rule(first.rule_id, 3, "another name", WOMEN, EVERYTHING, None))
    await act(other_shop, retire_rule(first.rule_id))
    await saved(other_shop)
    assert len(await act(other_shop, stored_rules())) == 3


async def test_of_nine_who_save_the_last_rule_at_once_one_does(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "MOST_RULES", 1)
    told = await asyncio.gather(
        *(saved(shop, name=f"{n}") for n in range(9)), return_exceptions=True
    )
    assert sum(isinstance(each, Saved) for each in told) == 1
    assert sum(isinstance(each, RulesTooMany) for each in told) == 8


async def test_facts_that_are_too_many_are_not_loaded(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = await shop.member("13800138000")
    await shop.rows(
        "INSERT INTO orders (tenant_id, id, source, store_id, external_no, business_day, member_id, "
        "state, total_fen, paid_fen, refunded_fen, currency, placed_at, completed_at, received_at, "
        "recorded_at, version) "
        "SELECT $1, gen_random_uuid(), 'till', s.id, n::text, current_date, $2, 'completed', 1, 1, 0, "
        "'CNY', now(), now(), now(), now(), 1 FROM generate_series(1, 5) n, "
        "(SELECT id FROM store WHERE tenant_id = $1 LIMIT 1) s",
        member,
    )
    lines = {"facts": "order.lines", "op": "eq", "value": 0}
    asked = {"facts": "member.orders", "op": "eq", "value": 5, "where": lines}
    rule = check(asked, "member", words(), None)
    monkeypatch.setattr(loading, "MOST_FACTS", 5)
    rows = await act(shop, loading.rows_for([rule], words(), [member]))
    assert len(rows[member]["member.orders"]) == 5
    monkeypatch.setattr(loading, "MOST_FACTS", 4)
    with pytest.raises(RuleFactsTooMany):
        await act(shop, loading.rows_for([rule], words(), [member]))
