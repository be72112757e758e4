"""Words: what can't stand stops the start; each index that is promised is there."""

from dataclasses import replace
from typing import Any

import asyncpg
import pytest
from tests.core.rules.words import words

from shuke_core.database.config import credentials
from shuke_core.places import Places
from shuke_core.plugin_host import Plugin, install, installed_plugins, uninstall
from shuke_core.plugins.errors import PluginRefused
from shuke_core.plugins.hooks import hook_manager, hookimpl
from shuke_core.rules.declare import Declared, RuleFacts, RuleField, RuleSubject, column_field
from shuke_core.rules.registry import (
    CORE,
    Registry,
    RuleClash,
    declare_rule_words,
    forget_rule_words,
    installed_owner,
    registry_with,
)
from shuke_core.rules.vocabulary import ValueType

LABEL = {"zh": "一", "en": "one"}
WORD = column_field("club.visits", ValueType.NUMBER, LABEL, "visits")
WORD = replace(WORD, subject="member")
_INDEXES = """
SELECT c.relname::text AS name,
       (SELECT array_agg(a.attname::text ORDER BY k.n)
          FROM unnest(i.indkey) WITH ORDINALITY AS k(attnum, n)
          JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum) AS columns
  FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
"""


@pytest.mark.parametrize(
    ("declared", "why"),
    [
        ((replace(WORD, key="member.name"),), "member.name is declared by core and by club"),
        ((replace(WORD, key="visits"),), "visits must begin with 'club.'"),
        ((replace(WORD, subject="visit"),), "club.visits is of visit, which nobody declares"),
        ((replace(WORD, label={"zh": "一"}),), "club.visits needs a label in zh and en"),
        ((replace(WORD, read=None),), "club.visits must say how it is had in SQL and in memory"),
        ((replace(WORD, sql=""),), "club.visits must say how it is had in SQL and in memory"),
        ((replace(WORD, type=ValueType.CHOICE),), "club.visits: a choice, and nothing else, names"),
        ((replace(WORD, facts=("club.x",)),), "club.visits looks at club.x, which nobody declares"),
        (
            (RuleFacts("club.all", "member", "club.visit", "member_id", LABEL),),
            "club.all are of club.visit, which nobody declares",
        ),
        (
            (
                RuleSubject("club.visit", LABEL, "club_visit"),
                RuleFacts("club.all", "member", "club.visit", "member_id", LABEL, where="this.x"),
            ),
            "club.all must be narrowed in SQL and in memory alike",
        ),
    ],
)
def test_what_can_not_stand_is_refused_and_leaves_nothing(
    declared: tuple[Declared, ...], why: str
) -> None:
    before = words().owners
    with pytest.raises(RuleClash, match=why.replace(".", r"\.")):
        declare_rule_words("club", *declared)
    assert registry_with(frozenset({"club"})).owners == before
    assert installed_owner("club.visits") is None


def test_words_of_a_plugin_are_there_where_it_is_on() -> None:
    words()
    declare_rule_words("club", WORD)
    try:
        assert "club.visits" in registry_with(frozenset({"club"})).fields
        assert "club.visits" not in registry_with(frozenset({"retail"})).fields
        assert installed_owner("club.visits") == "club"
    finally:
        forget_rule_words("club")
    assert "club.visits" not in registry_with(frozenset({"club"})).fields


def test_two_plugins_can_not_bring_one_word() -> None:
    with pytest.raises(RuleClash, match=r"club\.x is declared by club and by club\.x"):
        Registry({CORE: tuple(words().subjects.values()), "club": (_x(),), "club.x": (_x(),)})


def _x() -> RuleField:
    return replace(WORD, key="club.x")


class _Words:
    """Hooks of a plugin, whose words are these, or a failure."""

    def __init__(self, words: list[Declared] | Exception) -> None:
        self.words = words

    @hookimpl
    def shuke_rule_words(self) -> list[Declared]:
        if isinstance(self.words, Exception):
            raise self.words
        return self.words


@pytest.mark.parametrize(
    ("brought", "why"),
    [
        ([WORD], "club.visits must begin with 'wordy.'"),
        ([replace(WORD, key="wordy.visits", read=None)], "wordy.visits must say how it is had"),
        (RuntimeError("no words"), "its words of rules: no words"),
    ],
)
def test_a_plugin_whose_words_can_not_stand_stops_the_start_and_leaves_nothing(
    brought: list[Declared] | Exception, why: str
) -> None:
    words()
    label = {"zh": "词", "en": "Wordy"}
    bad = Plugin("wordy", label, "1.0", ">=0.1", hooks=_Words(brought))
    with pytest.raises(PluginRefused, match=why.replace(".", r"\.")):
        install(bad)
    assert "wordy" not in {plugin.key for plugin in installed_plugins()}
    assert hook_manager().get_plugin("wordy") is None
    good = Plugin("wordy", label, "1.0", ">=0.1", hooks=_Words([replace(WORD, key="wordy.visits")]))
    install(good)
    assert "wordy.visits" in registry_with(frozenset({"wordy"})).fields
    uninstall("wordy")
    assert installed_owner("wordy.visits") is None


async def test_each_index_that_is_promised_serves(places: Places) -> None:
    """Behind the tenant, from the first column on; and every kind of facts has one."""
    registry, missing = words("retail"), []
    owner = await asyncpg.connect(**credentials(places.owner()))
    try:
        there: list[tuple[str, list[str]]] = [
            (row["name"], row["columns"]) for row in await owner.fetch(_INDEXES)
        ]
    finally:
        await owner.close()
    promised: list[tuple[str, str, tuple[str, ...]]] = [
        (each.key, registry.subjects[each.subject].table, each.index)
        for each in registry.fields.values()
        if each.index
    ]
    promised += [
        (each.key, registry.subjects[each.each].table, each.index)
        for each in registry.facts.values()
    ]
    for key, table, columns in promised:
        wanted: list[Any] = ["tenant_id", *columns]
        if not any(name == table and has[: len(wanted)] == wanted for name, has in there):
            missing.append(key)
    assert missing == []
    assert all(each.index[:1] == (each.column,) for each in registry.facts.values())
    assert len(promised) > 5
