"""The verbs of campaigns for staff: enter, change, and decide. Each is audited and told.

Whoever changes or decides says which version they have read: of two who do at once one is told.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from shuke_core.access.rights import Rights
from shuke_core.audit.services import record
from shuke_core.campaigns.errors import (
    CampaignApproved,
    CampaignChanged,
    CampaignCodeTaken,
    CampaignInvalid,
    CampaignOwnApproval,
    CampaignStateRefused,
    CampaignsTooMany,
    CampaignUnknown,
)
from shuke_core.campaigns.events import CampaignChanged as Changed
from shuke_core.campaigns.rules import (
    LONGEST_CODE,
    LONGEST_GOAL,
    LONGEST_NAME,
    LONGEST_REASON,
    Act,
    CampaignPhase,
    Channel,
    State,
    Terms,
    becomes,
    fault_of,
    is_code,
    phase_of,
)
from shuke_core.events.outbox import announce
from shuke_core.kit import clock
from shuke_core.kit.cleaning import Unclean, clean_text
from shuke_core.kit.ids import new_id
from shuke_core.kit.locking import lock_until_commit
from shuke_core.kit.masking import without_people
from shuke_core.kit.transactions import fetch, fetch_one, fetch_value
from shuke_core.rules.queries import asked_with, stored_rule
from shuke_core.tenants.queries import this_tenant

MOST_LIVE = 100  # approved or paused and not over: members' lists of them are whole
AUDIENCE = "member"  # what a campaign's rule is about
_TERMS = tuple(each.name for each in fields(Terms))


@dataclass(frozen=True, slots=True)
class Words:
    """What people read of a campaign; it may change at any time. The goal is for staff alone."""

    name_zh: str
    name_en: str
    goal: str = ""


@dataclass(frozen=True, slots=True)
class CampaignState:
    """A campaign as staff have it before them."""

    id: UUID
    code: str
    words: Words
    terms: Terms
    state: State
    version: int
    joined: int
    spent_points: int
    submitted_by_id: UUID | None

    @property
    def phase(self) -> CampaignPhase:
        """Where it stands now."""
        return phase_of(self.state, self.terms.starts_at, self.terms.ends_at, clock.now())


async def audience_of(rule_id: UUID, rights: Rights) -> UUID:
    """The newest version of a named rule about members, to be pinned by somebody with these rights.

    Raises RuleUnknown, RuleSubjectWrong, RuleInactive, and RuleInvalid of one that they may not see.
    """
    await asked_with(AUDIENCE, rights, rule_id=rule_id)
    stored = await stored_rule(rule_id)
    found: UUID = await fetch_value(
        "SELECT id FROM rule_version WHERE tenant_id = $1 AND rule_id = $2 AND version = $3",
        *(rule_id, stored.version),
    )
    return found


async def create_campaign(code: str, words: Words, terms: Terms) -> UUID:
    """Enters a draft. Moments without a zone are of the tenant's clock.

    Raises CampaignInvalid, CampaignCodeTaken.
    """
    if not is_code(code):
        raise CampaignInvalid(
            field="code", why=f"use 1 to {LONGEST_CODE} letters, digits, - and _, a letter first"
        )
    words, terms = _clean(words), await _possible(terms)
    campaign_id, now = new_id(), clock.now()
    columns = _columns(words, terms)
    rows = await fetch(
        f"INSERT INTO campaign (tenant_id, id, code, state, version, joined, spent_points, "
        f"rejected_because, created_at, changed_at, {', '.join(columns)}) "
        f"VALUES ($1, $2, $3, 'draft', 1, 0, 0, '', $4, $4, {_marks(columns, after=4)}) "
        "ON CONFLICT (tenant_id, code) DO NOTHING RETURNING id",
        *(campaign_id, code, now, *columns.values()),
    )
    if not rows:
        raise CampaignCodeTaken()
    await record(
        "campaign.created",
        f"campaign:{campaign_id}",
        changes={"code": (None, code), **_changes(None, words, None, terms)},
    )
    announce(Changed(campaign_id, State.DRAFT.value, 1))
    return campaign_id


async def change_campaign(
    campaign_id: UUID,
    version: int,
    words: Mapping[str, str] | None = None,
    terms: Mapping[str, Any] | None = None,
) -> int:
    """Changes what a campaign that was read at `version` says; returns the new version.

    Words may change until it is over. Terms change in a draft alone. Raises CampaignUnknown,
    CampaignChanged, CampaignInvalid, CampaignStateRefused of one that is over, CampaignApproved.
    """
    before = await _held(campaign_id, version)
    if before.phase in (CampaignPhase.ENDED, CampaignPhase.CANCELLED):
        raise CampaignStateRefused(phase=before.phase.value, act="change")
    new_words = _clean(replace(before.words, **(words or {})))
    new_terms = before.terms
    if terms:
        new_terms = await _possible(replace(before.terms, **terms), before)
    if new_terms != before.terms and before.state is not State.DRAFT:
        raise CampaignApproved()
    if (new_words, new_terms) == (before.words, before.terms):
        return version
    columns = _columns(new_words, new_terms)
    said = ", ".join(f"{name} = {_mark(name, nth)}" for nth, name in enumerate(columns, start=5))
    await fetch(
        f"UPDATE campaign SET version = $3, changed_at = $4, {said} "
        "WHERE tenant_id = $1 AND id = $2",
        *(campaign_id, version + 1, clock.now(), *columns.values()),
    )
    await record(
        "campaign.changed",
        f"campaign:{campaign_id}",
        changes=_changes(before.words, new_words, before.terms, new_terms),
    )
    announce(Changed(campaign_id, before.state.value, version + 1))
    return version + 1


async def decide(
    campaign_id: UUID, version: int, act: Act, staff_id: UUID | None, reason: str = ""
) -> int:
    """Does an act to a campaign that was read at `version`; returns the new version.

    Who hands a campaign in neither approves nor rejects it. Its window must have an end to come, but to
    be rejected or cancelled. Raises CampaignUnknown, CampaignChanged, CampaignStateRefused,
    CampaignOwnApproval, CampaignInvalid, and CampaignsTooMany where no more can be approved.
    """
    why = _clean_reason(reason)
    if act is Act.APPROVE:
        await lock_until_commit("campaigns approved")  # of two who approve the last one is refused
    before = await _held(campaign_id, version)
    after = becomes(act, before.state)
    if after is None or before.phase is CampaignPhase.ENDED:
        raise CampaignStateRefused(phase=before.phase.value, act=act.value)
    if act in (Act.APPROVE, Act.REJECT) and staff_id == before.submitted_by_id:
        raise CampaignOwnApproval()
    if act in (Act.SUBMIT, Act.APPROVE) and before.terms.ends_at <= clock.now():
        raise CampaignInvalid(field="endsAt", why="it has passed")
    if act is Act.APPROVE:
        await _check_room()
    await _write_decision(campaign_id, version + 1, act, after, staff_id, why)
    await record(
        f"campaign.{_ACTS[act]}",
        f"campaign:{campaign_id}",
        changes={"state": (before.state.value, after.value)},
        reason=why,
    )
    announce(Changed(campaign_id, after.value, version + 1))
    return version + 1


_ACTS = {
    Act.SUBMIT: "submitted",
    Act.APPROVE: "approved",
    Act.REJECT: "rejected",
    Act.PAUSE: "paused",
    Act.RESUME: "resumed",
    Act.REOPEN: "reopened",
    Act.CANCEL: "cancelled",
}


async def _write_decision(
    campaign_id: UUID, version: int, act: Act, state: State, staff_id: UUID | None, why: str
) -> None:
    now = clock.now()
    columns: dict[str, Any] = {"state": state.value, "version": version, "changed_at": now}
    if act is Act.SUBMIT:
        columns |= {"submitted_by_id": staff_id, "rejected_because": ""}
    elif act is Act.APPROVE:
        columns |= {"approved_by_id": staff_id, "approved_at": now}
    elif act is Act.REJECT:
        columns |= {"rejected_because": why}
    said = ", ".join(f"{name} = ${nth}" for nth, name in enumerate(columns, start=3))
    await fetch(
        f"UPDATE campaign SET {said} WHERE tenant_id = $1 AND id = $2",
        *(campaign_id, *columns.values()),
    )


async def _held(campaign_id: UUID, version: int) -> CampaignState:
    """The campaign, locked until the unit ends; raises CampaignUnknown, CampaignChanged."""
    row = await fetch_one(
        "SELECT code, name_zh, name_en, goal, starts_at, ends_at, audience_id, "
        "channels::text AS channels, places, budget_points, reward_points, per_member, state, "
        "version, joined, spent_points, submitted_by_id "
        "FROM campaign WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE",
        campaign_id,
    )
    if row is None:
        raise CampaignUnknown()
    if row["version"] != version:
        raise CampaignChanged(version=row["version"])
    channels = tuple(Channel(each) for each in orjson.loads(row.pop("channels")))
    return CampaignState(
        campaign_id,
        row["code"],
        Words(row["name_zh"], row["name_en"], row["goal"]),
        Terms(**{"channels": channels, **{k: row[k] for k in _TERMS if k != "channels"}}),
        State(row["state"]),
        *(row["version"], row["joined"], row["spent_points"], row["submitted_by_id"]),
    )


async def _check_room() -> None:
    live: int = await fetch_value(
        "SELECT count(*) FROM campaign WHERE tenant_id = $1 "
        "AND state IN ('approved', 'paused') AND ends_at > $2",
        clock.now(),
    )
    if live >= MOST_LIVE:
        raise CampaignsTooMany(most=MOST_LIVE)


async def _possible(terms: Terms, before: CampaignState | None = None) -> Terms:
    """The terms with their moments in time; raises CampaignInvalid."""
    zone = (await this_tenant()).zone
    terms = replace(
        terms, starts_at=_moment(terms.starts_at, zone), ends_at=_moment(terms.ends_at, zone)
    )
    fault = fault_of(terms)
    if fault is None and before is not None:
        fault = _below_what_is_used(terms, before)
    if fault is not None:
        raise CampaignInvalid(field=fault[0], why=fault[1])
    return terms


def _below_what_is_used(terms: Terms, before: CampaignState) -> tuple[str, str] | None:
    if terms.places is not None and terms.places < before.joined:
        return "places", f"{before.joined} are taken already"
    if terms.budget_points is not None and terms.budget_points < before.spent_points:
        return "budgetPoints", f"{before.spent_points} are given already"
    return None


def _moment(told: datetime, zone: ZoneInfo) -> datetime:
    """A moment without a zone is what the tenant's clock shows."""
    return told.replace(tzinfo=zone) if told.tzinfo is None else told


def _clean(words: Words) -> Words:
    return Words(
        _clean_one("nameZh", words.name_zh, LONGEST_NAME),
        _clean_one("nameEn", words.name_en, LONGEST_NAME),
        _clean_one("goal", words.goal, LONGEST_GOAL) if words.goal.strip() else "",
    )


def _clean_one(field: str, text: str, longest: int) -> str:
    try:
        clean = clean_text(text, longest=longest)
    except Unclean:
        clean = None
    if clean is None:
        raise CampaignInvalid(field=field, why=f"use 1 to {longest} legible characters")
    return clean


def _clean_reason(reason: str) -> str:
    return _clean_one("reason", without_people(reason), LONGEST_REASON) if reason.strip() else ""


def _columns(words: Words, terms: Terms) -> dict[str, Any]:
    columns = {name: getattr(terms, name) for name in _TERMS if name != "channels"}
    channels = orjson.dumps([each.value for each in terms.channels]).decode()
    return {
        "name_zh": words.name_zh,
        "name_en": words.name_en,
        "goal": words.goal,
        **columns,
        "channels": channels,
    }


def _marks(columns: Mapping[str, Any], after: int) -> str:
    return ", ".join(_mark(name, nth) for nth, name in enumerate(columns, start=after + 1))


def _mark(column: str, nth: int) -> str:
    return f"${nth}::text::jsonb" if column == "channels" else f"${nth}"


def _changes(
    old_words: Words | None, words: Words, old_terms: Terms | None, terms: Terms
) -> dict[str, tuple[Any, Any]]:
    """What is another one now, for the audit."""
    pairs = [
        (name, getattr(old, name) if old else None, getattr(new, name))
        for old, new, names in (
            (old_words, words, ("name_zh", "name_en", "goal")),
            (old_terms, terms, _TERMS),
        )
        for name in names
    ]
    return {name: (_plain(old), _plain(new)) for name, old, new in pairs if old != new}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [each.value for each in value]
    return str(value) if isinstance(value, UUID) else value
