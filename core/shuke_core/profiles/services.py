"""The verbs of profiles: ask for a field, stop asking, change what a member says."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from shuke_core.audit.actors import current_actor
from shuke_core.audit.services import record
from shuke_core.events.outbox import announce
from shuke_core.files.uploads import check_upload
from shuke_core.kit import clock
from shuke_core.kit.errors import ShukeError
from shuke_core.kit.ids import new_id
from shuke_core.kit.locking import lock_until_commit
from shuke_core.kit.transactions import fetch, fetch_value
from shuke_core.members.doubles import note_who_is_alike
from shuke_core.members.events import MemberAgeChanged
from shuke_core.members.following import lock_member
from shuke_core.points.rewards import give_rewards
from shuke_core.profiles.avatars import change_avatar
from shuke_core.profiles.errors import (
    MemberChanged,
    ProfileFieldInvalid,
    ProfileFieldLocked,
    ProfileFieldUnknown,
    ProfileRefused,
    ProfileValueRequired,
)
from shuke_core.profiles.queries import PROFILE, all_profile_fields, rewarded_fields, values_of
from shuke_core.profiles.rules import (
    AVATAR,
    BUILTIN,
    MOST_FIELDS,
    FieldSpec,
    Value,
    checked_spec,
    masked_value,
    reward_cause,
    taken,
)
from shuke_core.tenants.keyring import member_keys
from shuke_core.tenants.queries import this_tenant


async def save_profile_field(wanted: FieldSpec) -> None:
    """Asks for the field from now on, or changes how it is asked for. Raises ProfileFieldInvalid.

    Its kind is for ever, since values of it may be there. What was said stays, also where it fits the
    bounds no more.
    """
    spec = checked_spec(wanted)
    await lock_until_commit("profile fields")
    known = {each.key: each for each in await all_profile_fields()}
    before = known.get(spec.key)
    if before is not None and before.kind is not spec.kind:
        raise ProfileFieldInvalid(why=f"{spec.key} is a {before.kind.value}, and stays one")
    if sum(each.active and each.key != spec.key for each in known.values()) >= MOST_FIELDS:
        raise ProfileFieldInvalid(why=f"at most {MOST_FIELDS} fields are asked for")
    await _keep(spec)
    told = ("required", "reward_points", "change_after_days", "active")
    changes = {key: (getattr(before, key, None), getattr(spec, key)) for key in told}
    await record("profile_field.saved", f"profile_field:{spec.key}", changes=changes)


async def retire_profile_field(key: str) -> None:
    """Asks for the field no more; what members have said stays. Raises ProfileFieldUnknown."""
    await lock_until_commit("profile fields")
    known = {each.key: each for each in await all_profile_fields() if each.active}
    if key not in known:
        raise ProfileFieldUnknown()
    await _keep(known[key], state="retired")
    await record("profile_field.retired", f"profile_field:{key}")


async def _keep(spec: FieldSpec, state: str = "active") -> None:
    await fetch(
        "INSERT INTO profile_field (tenant_id, id, key, kind, label_zh, label_en, reason_zh, "
        "reason_en, required, reward_points, longest, least, most, choices, change_after_days, place, "
        "state) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14::text::jsonb, "
        "$15, $16, $17) ON CONFLICT (tenant_id, key) DO UPDATE SET label_zh = excluded.label_zh, "
        "label_en = excluded.label_en, reason_zh = excluded.reason_zh, "
        "reason_en = excluded.reason_en, required = excluded.required, "
        "reward_points = excluded.reward_points, longest = excluded.longest, "
        "least = excluded.least, most = excluded.most, choices = excluded.choices, "
        "change_after_days = excluded.change_after_days, place = excluded.place, "
        "state = excluded.state",
        *(new_id(), spec.key, spec.kind.value, spec.label_zh, spec.label_en),
        *(spec.reason_zh, spec.reason_en, spec.required, spec.reward_points),
        *(spec.longest, spec.least, spec.most, orjson.dumps(spec.choices).decode()),
        *(spec.change_after_days, spec.place, state),
    )


async def update_own_profile(member_id: UUID, said: Mapping[str, str | None]) -> int:
    """What a member says of themselves, by field; None empties one. Returns the new version.

    Fields that may be changed only once in a while are held to it. All of it, or nothing with
    ProfileRefused; raises MemberUnknown. What is filled in earns its reward, once for ever.
    """
    return await _update(member_id, said, None, by_member=True)


async def update_member(member_id: UUID, version: int, said: Mapping[str, str | None]) -> int:
    """The same by staff, who have read the member at `version`; recorded with before and after.

    Raises MemberChanged where somebody was quicker.
    """
    return await _update(member_id, said, version, by_member=False)


async def _update(
    member_id: UUID, said: Mapping[str, str | None], version: int | None, *, by_member: bool
) -> int:
    # The lock first: what is read below is what is changed. Not of the key: whoever earns for the
    # member meanwhile holds the account that a reward wants, and refers to the member.
    member_id = await lock_member(member_id, "NO KEY UPDATE", visitors=False)
    present: int = await fetch_value(
        "SELECT version FROM member WHERE tenant_id = $1 AND id = $2", member_id
    )
    if version is not None and version != present:
        raise MemberChanged(version=present)
    specs = {spec.key: spec for spec in await all_profile_fields() if spec.active}
    before = (await values_of([member_id]))[member_id]
    own_changes = await _own_changes(member_id) if by_member else {}
    uploader_id = member_id if by_member else current_actor().id
    values = await _checked(specs, said, before, own_changes, uploader_id)
    changed = {key: value for key, value in values.items() if value != before.get(key)}
    if changed:
        present += 1
        await _write(member_id, specs, changed, by_member=by_member)
        if AVATAR in changed:
            await change_avatar(member_id, before.get(AVATAR), changed[AVATAR])
        if changed.keys() & {"name", "birthday"}:
            await note_who_is_alike(member_id)
        if "birthday" in changed:
            announce(MemberAgeChanged(member_id))
    if changed and not by_member:
        changes = {
            key: (masked_value(before.get(key)), masked_value(changed[key])) for key in changed
        }
        await record("member.changed", f"member:{member_id}", changes=changes, member_id=member_id)
    # Also for what was there already: a reward may be newer than the answer.
    filled = [key for key, value in values.items() if value is not None]
    rewarding = [key for key in filled if specs[key].reward_points]
    had = (await rewarded_fields([member_id], rewarding)).get(member_id, set())
    if new := [key for key in rewarding if key not in had]:
        own = (await member_keys({member_id}))[member_id].own
        rewards = {reward_cause(own, key): specs[key].reward_points for key in new}
        await give_rewards(member_id, PROFILE, rewards)
    return present


async def _own_changes(member_id: UUID) -> dict[str, datetime]:
    rows = await fetch(
        "SELECT field, own_change_at FROM profile_value WHERE tenant_id = $1 AND member_id = $2 "
        "AND own_change_at IS NOT NULL",
        member_id,
    )
    return {row["field"]: row["own_change_at"] for row in rows}


async def _checked(
    specs: Mapping[str, FieldSpec],
    said: Mapping[str, str | None],
    before: Mapping[str, Value],
    own_changes: Mapping[str, datetime],
    uploader_id: UUID | None,
) -> dict[str, Value | None]:
    """The values that were said; raises ProfileRefused with every fault there is."""
    zone = (await this_tenant()).zone
    today = clock.now().astimezone(zone).date()
    values, faults = dict[str, Value | None](), dict[str, ShukeError]()
    for key, text in said.items():
        try:
            if (spec := specs.get(key)) is None:
                raise ProfileFieldUnknown()
            value = values[key] = taken(spec, text, today)
            if value is None and spec.required:
                raise ProfileValueRequired()
            if isinstance(value, UUID) and value != before.get(key):
                await check_upload(value, uploader_id)
            if value != before.get(key) and spec.change_after_days and key in own_changes:
                changed = own_changes[key].astimezone(zone).date()
                again = changed + timedelta(days=spec.change_after_days)
                if again > today:
                    raise ProfileFieldLocked(day=again)
        except ShukeError as fault:
            faults[key] = fault
    if faults:
        raise ProfileRefused(faults=faults)
    return values


async def _write(
    member_id: UUID,
    specs: Mapping[str, FieldSpec],
    changed: Mapping[str, Value | None],
    *,
    by_member: bool,
) -> None:
    columns = [key for key in changed if key in BUILTIN]
    assigned = "".join(f", {key} = ${place}" for place, key in enumerate(columns, 3))
    await fetch(
        f"UPDATE member SET version = version + 1{assigned} WHERE tenant_id = $1 AND id = $2",
        *(member_id, *(changed[key] for key in columns)),
    )
    # Of a built-in field only when the member changed it by themselves.
    kept = [key for key in changed if by_member or key not in BUILTIN]
    custom: dict[str, Any] = {key: changed[key] for key in kept if key not in BUILTIN}
    await fetch(
        "INSERT INTO profile_value (tenant_id, id, member_id, field, text, number, day, "
        "own_change_at) SELECT $1, t.id, $2, t.field, t.text, t.number, t.day, $3 "
        "FROM unnest($4::uuid[], $5::text[], $6::text[], $7::int8[], $8::date[]) "
        "AS t(id, field, text, number, day) "
        "ON CONFLICT (tenant_id, member_id, field) DO UPDATE SET text = excluded.text, "
        "number = excluded.number, day = excluded.day, "
        "own_change_at = coalesce(excluded.own_change_at, profile_value.own_change_at)",
        *(member_id, clock.now() if by_member else None, [new_id() for _ in kept], kept),
        [value if isinstance(value := custom.get(key), str) else None for key in kept],
        [value if isinstance(value := custom.get(key), int) else None for key in kept],
        [value if isinstance(value := custom.get(key), date) else None for key in kept],
    )
