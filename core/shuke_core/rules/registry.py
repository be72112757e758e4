"""The words that a tenant's rules may use: the core's, and those of the plugins that are on.

Who declares is noted, so that a word that is gone can be told from one that never was.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import lru_cache

from shuke_core.access.rights import Rights
from shuke_core.plugins.queries import enabled_plugins
from shuke_core.rules.declare import Declared, RuleFacts, RuleField, RuleLink, RuleSubject
from shuke_core.rules.vocabulary import ValueType

CORE = "core"
MOMENT = "moment"


class RuleClash(ValueError):
    """A declaration can't stand; the text says which and why. The start stops."""


class Registry:
    """Subjects, fields, links and facts by their keys. It never changes once it is made."""

    def __init__(self, declared: Mapping[str, tuple[Declared, ...]]) -> None:
        self.subjects: dict[str, RuleSubject] = {}
        self.fields: dict[str, RuleField] = {}
        self.links: dict[str, RuleLink] = {}
        self.facts: dict[str, RuleFacts] = {}
        self.owners: dict[str, str] = {}
        for owner, words in declared.items():
            for word in words:
                self._enter(owner, word)
        for problem in self._problems():
            raise RuleClash(problem)
        self.links_of: dict[str, list[RuleLink]] = {}
        for link in self.links.values():
            self.links_of.setdefault(link.subject, []).append(link)

    def _enter(self, owner: str, word: Declared) -> None:
        if word.key in self.owners:
            raise RuleClash(f"{word.key} is declared by {self.owners[word.key]} and by {owner}")
        if owner != CORE and not word.key.startswith(f"{owner}."):
            raise RuleClash(f"{word.key} must begin with '{owner}.'")
        self.owners[word.key] = owner
        match word:
            case RuleSubject():
                self.subjects[word.key] = word
            case RuleField():
                self.fields[word.key] = word
            case RuleLink():
                self.links[word.key] = word
            case RuleFacts():
                self.facts[word.key] = word

    def _problems(self) -> Iterator[str]:
        of_subjects: tuple[RuleField | RuleLink | RuleFacts, ...] = (
            *self.fields.values(),
            *self.links.values(),
            *self.facts.values(),
        )
        for word in of_subjects:
            if word.subject not in self.subjects:
                yield f"{word.key} is of {word.subject}, which nobody declares"
        for key, link in self.links.items():
            if link.to not in self.subjects:
                yield f"{key} leads to {link.to}, which nobody declares"
        for key, facts in self.facts.items():
            if facts.each not in self.subjects:
                yield f"{key} are of {facts.each}, which nobody declares"
            if facts.when and facts.when not in self.fields:
                yield f"{key} happen at {facts.when}, which nobody declares"
            if bool(facts.where) != (facts.keeps is not None):
                yield f"{key} must be narrowed in SQL and in memory alike"
        for key, each in self.fields.items():
            if not {"zh", "en"} <= each.label.keys():
                yield f"{key} needs a label in zh and en"
            if (each.type is ValueType.CHOICE) != bool(each.choices):
                yield f"{key}: a choice, and nothing else, names its choices"
            if self.subjects[each.subject].table and (not each.sql or each.read is None):
                yield f"{key} must say how it is had in SQL and in memory"
            if not self.subjects[each.subject].table and each.reckon is None:
                yield f"{key} must say how it is reckoned"
            for used in (*each.links, *each.facts):
                if used not in self.links and used not in self.facts:
                    yield f"{key} looks at {used}, which nobody declares"

    def nearest(self, key: str) -> str | None:
        """The field or facts that was probably meant."""
        known = [*self.fields, *(k for k, facts in self.facts.items() if facts.offered)]
        found = get_close_matches(key[:80], known, n=1, cutoff=0.6)
        if not found:  # the subject was forgotten, or another one taken
            found = [each for each in known if each.rpartition(".")[2] == key.rpartition(".")[2]]
        return found[0] if found else None

    def visible_fields(self, rights: Rights) -> list[RuleField]:
        """The fields that somebody may use, in the order they were declared."""
        return [each for each in self.fields.values() if not lacking(each, rights)]


def lacking(word: RuleField | RuleFacts, rights: Rights) -> list[str]:
    """The permissions, and the class, that somebody lacks to use it."""
    missing = [each.key for each in word.needs if each.key not in rights.permissions]
    if isinstance(word, RuleField) and word.see not in rights.classes:
        missing.append(word.see.value)
    return missing


def barred(word: RuleField | RuleFacts, rights: Rights) -> bool:
    """Whether somebody lacks a permission for it: then not even what comes of it is told."""
    return any(each.key not in rights.permissions for each in word.needs)


_declared: dict[str, tuple[Declared, ...]] = {}


def declare_rule_words(owner: str, *words: Declared) -> None:
    """Makes words known; `owner` is CORE or the plugin's key. After RuleClash none of them is."""
    before = _declared.get(owner, ())
    _declared[owner] = (*before, *words)
    _made.cache_clear()
    if owner == CORE:  # domains are read one after the other: judged when all are there
        return
    try:
        _made(frozenset(_declared) - {CORE})
    except RuleClash:
        _declared[owner] = before
        forget_rule_words(owner)
        raise


def forget_rule_words(owner: str) -> None:
    """Takes out what a plugin declared."""
    _declared.pop(owner, None)
    _made.cache_clear()


@lru_cache(maxsize=256)
def _made(plugins: frozenset[str]) -> Registry:
    return Registry(
        {owner: words for owner, words in _declared.items() if owner == CORE or owner in plugins}
    )


def registry_with(plugins: frozenset[str]) -> Registry:
    """The words where these plugins are on. One of them that is not installed brings none."""
    return _made(plugins.intersection(_declared))


async def registry_here() -> Registry:
    """The words of the current tenant."""
    return registry_with(await enabled_plugins())


def installed_owner(key: str) -> str | None:
    """The plugin of this process that declares the word, on or off for the tenant."""
    for owner, words in _declared.items():
        if any(word.key == key for word in words):
            return owner
    return None
