"""Campaigns among what a member may have: what they can join now, and what they have joined."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson

from shuke_core.campaigns.offers import ALLOWED, LEFT, RUNNING, for_whom_they_are
from shuke_core.consents.queries import youngest_born
from shuke_core.kit.transactions import Row
from shuke_core.members.benefits import BenefitKind, BenefitState, declare_benefit


async def _given() -> Mapping[str, Any]:
    return {"born": await youngest_born()}


async def _theirs(member_id: UUID, rows: Sequence[Row]) -> Sequence[Row]:
    """Those for the member that they can join or have joined."""
    asked: list[Row] = []
    for row in rows:
        beside = orjson.loads(row["beside"])
        audience_id = beside.pop("audience_id")
        document = beside.pop("document")
        asked.append(
            {
                **row,
                **beside,
                "audience_id": UUID(audience_id) if audience_id else None,
                "document": orjson.dumps(document) if document else None,
            }
        )
    shown: list[Row] = []
    for row in await for_whom_they_are(member_id, asked):
        joinable = row["allowed"] and row["times_left"] != 0
        state = BenefitState.JOINABLE if joinable else BenefitState.JOINED
        if joinable or row["times"]:
            shown.append({**row, "state": state.value})
    return shown


declare_benefit(
    BenefitKind(
        "campaign",
        {"zh": "活动", "en": "Campaigns"},
        40,
        f"""
        SELECT c.id::text AS ref, c.name_zh, c.name_en, '{BenefitState.JOINABLE.value}' AS state,
               nullif(c.reward_points, 0) AS amount, {LEFT} AS times_left, c.ends_at AS until,
               jsonb_build_object('audience_id', c.audience_id, 'document', v.document,
                                  'times', j.times, 'allowed', {ALLOWED})::text AS beside
               {RUNNING}
         ORDER BY c.ends_at, c.id
        """,
        given=_given,
        keeps=_theirs,
    )
)
