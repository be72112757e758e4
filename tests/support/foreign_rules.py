"""Probes of named rules, asked with the handles of another tenant."""

from collections.abc import Awaitable, Callable

from tests.support.full_tenants import Handles

from shuke_core.access.permissions import declared_permissions
from shuke_core.access.rights import EVERY_CLASS, Rights
from shuke_core.rules.queries import filter_of, pinned_rule, stored_rule, versions_of
from shuke_core.rules.services import change_rule, retire_rule


def _everything() -> Rights:
    return Rights.of(declared_permissions(), EVERY_CLASS)


async def _change(h: Handles) -> object:
    document = {"field": "member.gender", "op": "present"}
    return (await change_rule(h.rule_id, 1, "x", document, _everything(), None)).version


async def _retire(h: Handles) -> object:
    await retire_rule(h.rule_id)
    return "retired"


async def _pinned(h: Handles) -> object:
    return (await pinned_rule(h.rule_id, 1, "member")).subject


async def _filter(h: Handles) -> object:
    return (await filter_of("member", _everything(), rule_id=h.rule_id)).text


async def _stored(h: Handles) -> object:
    return (await stored_rule(h.rule_id, 1)).subject


async def _versions(h: Handles) -> object:
    return [each.version for each in await versions_of(h.rule_id)]


RULED: dict[str, Callable[[Handles], Awaitable[object]]] = {
    "change_rule": _change,
    "retire_rule": _retire,
    "pinned_rule": _pinned,
    "filter_of": _filter,
    "stored_rule": _stored,
    "versions_of": _versions,
}
