"""Reads of profiles: what is asked for, and what members have said."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson

from shuke_core.kit.transactions import fetch
from shuke_core.ledger.queries import earned_by
from shuke_core.members.queries import Member
from shuke_core.profiles.rules import (
    BUILTIN,
    FieldKind,
    FieldSpec,
    Value,
    completion,
    reward_cause,
)
from shuke_core.projection.declare import Projection
from shuke_core.tenants.keyring import member_keys

PROFILE = "profile"  # the type of a reward's cause
COLUMNS = ", ".join(BUILTIN)
_SPEC = (
    "key, kind, label_zh, label_en, reason_zh, reason_en, required, reward_points, longest, least, "
    "most, choices::text AS choices, change_after_days, place, state"
)


class MemberVersion(Projection, joins=Member):
    """How often the profile was edited, for whoever edits it."""

    version: int


@dataclass(slots=True)
class ProfileCard:
    """The profile of one member: `values` by the field's key, `rewarded` the keys that have earned."""

    values: dict[str, Value] = field(default_factory=dict)
    rewarded: set[str] = field(default_factory=set)

    def completion(self, specs: Collection[FieldSpec]) -> int:
        """In per cent of what is asked for."""
        return completion([spec.key for spec in specs], self.values)


def _spec(row: dict[str, Any]) -> FieldSpec:
    kind, choices = FieldKind(row.pop("kind")), tuple(orjson.loads(row.pop("choices")))
    active = row.pop("state") == "active"
    return FieldSpec(**row, kind=kind, choices=choices, active=active)


async def all_profile_fields() -> list[FieldSpec]:
    """Every field that was ever asked for, and the built-in ones, in the order of the form."""
    rows = await fetch(f"SELECT {_SPEC} FROM profile_field WHERE tenant_id = $1")
    found = BUILTIN | {row["key"]: _spec(row) for row in rows}
    order = {key: number for number, key in enumerate(found)}
    return sorted(found.values(), key=lambda spec: (spec.place, order[spec.key]))


async def asked_fields() -> list[FieldSpec]:
    """What is asked for now."""
    return [spec for spec in await all_profile_fields() if spec.active]


async def values_of(member_ids: Collection[UUID]) -> dict[UUID, dict[str, Value]]:
    """What the members have said, by field; those who are not there, or not to be seen, are left out."""
    ids = list(member_ids)
    members = await fetch(
        f"SELECT id, {COLUMNS} FROM member WHERE tenant_id = $1 AND id = ANY ($2::uuid[])", ids
    )
    found = {row.pop("id"): {k: v for k, v in row.items() if v is not None} for row in members}
    for row in await fetch(
        "SELECT member_id, field, text, number, day FROM profile_value "
        "WHERE tenant_id = $1 AND member_id = ANY ($2::uuid[])",
        list(found),
    ):
        said = [row[each] for each in ("text", "number", "day") if row[each] is not None]
        if said:
            found[row["member_id"]][row["field"]] = said[0]
    return found


async def profiles_of(
    member_ids: Collection[UUID], specs: Collection[FieldSpec]
) -> Mapping[UUID, ProfileCard]:
    """Their profiles, as far as these fields go."""
    keys = {spec.key for spec in specs}
    cards = {
        member_id: ProfileCard({key: value for key, value in said.items() if key in keys})
        for member_id, said in (await values_of(member_ids)).items()
    }
    rewarding = [spec.key for spec in specs if spec.reward_points]
    for member_id, rewarded in (await rewarded_fields(cards, rewarding)).items():
        cards[member_id].rewarded.update(rewarded)
    return cards


async def rewarded_fields(
    member_ids: Collection[UUID], keys: Collection[str]
) -> dict[UUID, set[str]]:
    """Which of the fields each has had the reward of, as themselves or as who was merged into them."""
    if not member_ids or not keys:
        return {}
    causes = {
        reward_cause(own_key, key): (who, key)
        for who, of_member in (await member_keys(set(member_ids))).items()
        for own_key in of_member.opens
        for key in keys
    }
    found: dict[UUID, set[str]] = {}
    for cause_id in await earned_by(PROFILE, list(causes)):
        member_id, key = causes[cause_id]
        found.setdefault(member_id, set()).add(key)
    return found
