"""All that is held of a member, as one JSON document: one statement for each table that holds of them.

What it has is what the domains declare in their rooms `holdings`, plugins' included. Rows of whoever
was merged into the member are theirs as well.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson

from shuke_core.kit import clock
from shuke_core.kit.transactions import Row, fetch
from shuke_core.members.errors import MemberUnknown
from shuke_core.members.holdings import Holding, declared_holdings
from shuke_core.members.texts import SealedText, open_texts
from shuke_core.tenants.queries import this_tenant

_PROFILE = """
SELECT id, merged_into_id IS NULL AS is_the_member,
       jsonb_strip_nulls(jsonb_build_object(
           'cardNo', card_no, 'name', name, 'nickname', nickname, 'gender', gender,
           'birthday', birthday, 'region', region, 'maskedPhone', phone_masked,
           'joinedAt', joined_at))::text AS shown
  FROM member WHERE tenant_id = $1 AND (id = $2 AND state IN ('visitor', 'active')
                                        OR merged_into_id = $2)
 ORDER BY merged_into_id IS NOT NULL, id
"""


async def document_of(member_id: UUID) -> dict[str, Any]:
    """The document. Raises MemberUnknown.

    `profile`; `mergedProfiles` of whoever was merged into the member; `holdings`, one for each table:
    `key`, `label` (zh, en), `rows`, or `withheld`, which says why nothing of it is shown.
    """
    rows = await fetch(_PROFILE, member_id)
    if not rows or not rows[0]["is_the_member"]:
        raise MemberUnknown()
    ids = [row["id"] for row in rows]
    profile, *merged = (orjson.loads(row["shown"]) for row in rows)
    return {
        "madeAt": clock.now().isoformat(),
        "merchant": (await this_tenant()).name,
        "profile": profile,
        "mergedProfiles": merged,
        "holdings": [
            {"key": holding.table, "label": dict(holding.label), **await _told(holding, ids)}
            for holding in declared_holdings().values()
        ],
    }


async def _told(holding: Holding, ids: Sequence[UUID]) -> dict[str, Any]:
    if not (holding.shows or holding.opens):
        return {"withheld": holding.why}
    # Snippets and names are declared in code, never anybody's input.
    pairs = ", ".join(f"'{key}', {snippet}" for key, snippet in holding.shows.items())
    sealed = "".join(
        f', this."{column}" AS "sealed {key}"' for key, column in holding.opens.items()
    )
    rows = await fetch(
        f"SELECT this.id, jsonb_build_object({pairs})::text AS shown{sealed} "
        f'FROM "{holding.table}" this WHERE this.tenant_id = $1 '
        f'AND this."{holding.member}" = ANY ($2::uuid[]) ORDER BY this."{holding.newest}", this.id',
        ids,
    )
    opened = await _opened(holding, rows, ids[0])
    return {
        "rows": [
            {**orjson.loads(row["shown"]), **texts} for row, texts in zip(rows, opened, strict=True)
        ]
    }


async def _opened(
    holding: Holding, rows: Sequence[Row], member_id: UUID
) -> list[dict[str, str | None]]:
    """What is sealed of each row, opened with the member's keys or those of who was merged."""
    found: list[dict[str, str | None]] = [dict.fromkeys(holding.opens) for _ in rows]
    places, texts = list[tuple[int, str]](), list[SealedText]()
    for nth, row in enumerate(rows):
        for key, column in holding.opens.items():
            if row[f"sealed {key}"] is not None:
                places.append((nth, key))
                texts.append(
                    SealedText(holding.table, row["id"], column, member_id, row[f"sealed {key}"])
                )
    for (nth, key), text in zip(places, await open_texts(texts), strict=True):
        found[nth][key] = text
    return found
