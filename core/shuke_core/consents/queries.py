"""Reads of consent: how a member stands to each text, whom the tenant may write to."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from shuke_core.consents.rules import Purpose, Standing, is_under_age, standing, youngest_birthday
from shuke_core.kit import clock
from shuke_core.kit.transactions import fetch, fetch_value
from shuke_core.members.queries import Member
from shuke_core.projection.declare import Projection, python
from shuke_core.tenants.queries import this_tenant

# Of whom no birthday is known, but a guardian has spoken for: a child, until a birthday says otherwise.
# Else who took their birthday out again would be written to.
_GUARDED = """
m.birthday IS NULL AND EXISTS (SELECT FROM consent g WHERE g.tenant_id = $1 AND g.member_id = m.id
                                  AND g.given_by = 'guardian')
"""
_STANDINGS = f"""
SELECT t.purpose, t.version, t.zh, t.en, t.published_at, c.state, c.given_by, c.recorded_at,
       coalesce(c.text_id = t.id, false) AS to_newest, m.birthday,
       {_GUARDED} AS guarded
  FROM member m
 CROSS JOIN (SELECT DISTINCT ON (purpose) id, purpose, version, zh, en, published_at
               FROM privacy_text WHERE tenant_id = $1 ORDER BY purpose, version DESC) t
  LEFT JOIN LATERAL (
       SELECT c.state, c.text_id, c.given_by, c.recorded_at FROM consent c
        WHERE c.tenant_id = $1 AND c.member_id = m.id AND c.purpose = t.purpose
        ORDER BY c.recorded_at DESC, c.id DESC LIMIT 1) c ON true
 WHERE m.tenant_id = $1 AND m.id = $2 AND m.state IN ('visitor', 'active')
 ORDER BY t.purpose DESC
"""
_MARKETABLE = f"""
SELECT m.id FROM member m
 CROSS JOIN LATERAL (
       SELECT c.state, c.text_id FROM consent c
        WHERE c.tenant_id = $1 AND c.member_id = m.id AND c.purpose = $3
        ORDER BY c.recorded_at DESC, c.id DESC LIMIT 1) c
 WHERE m.tenant_id = $1 AND m.id = ANY ($2::uuid[]) AND m.state = 'active'
   AND (m.birthday < $4) IS NOT FALSE AND NOT ({_GUARDED}) AND c.state = 'given'
   AND c.text_id = (SELECT id FROM privacy_text WHERE tenant_id = $1 AND purpose = $3
                     ORDER BY version DESC LIMIT 1)
"""
# Of whom traits may be computed, over the member `m`; `{born}` is the date of `youngest_born`.
TRAITS_ALLOWED = (
    "m.state = 'active' AND (m.birthday < {born}::date) IS NOT FALSE "
    f"AND NOT ({_GUARDED.strip()})"
)
_TRAITS = f"""
SELECT m.id FROM member m WHERE m.tenant_id = $1 AND m.id = ANY ($2::uuid[])
   AND {TRAITS_ALLOWED.format(born="$3")}
"""
_IS_GUARDED = f"SELECT {_GUARDED} FROM member m WHERE m.tenant_id = $1 AND m.id = $2"


class MemberConsents(Projection, joins=Member):
    """How a member stands to what they are asked; found by `consents_of`."""

    consents: list[str] = python("id")


@dataclass(frozen=True, slots=True)
class ConsentCard:
    """The newest text of a purpose, and how a member stands to it; `at`: since their last word."""

    purpose: Purpose
    version: int
    zh: str
    en: str
    published_at: datetime
    standing: Standing
    at: datetime | None


async def _today() -> date:
    """What day it is for the tenant: birthdays are days there."""
    return clock.now().astimezone((await this_tenant()).zone).date()


async def consents_of(member_id: UUID) -> list[ConsentCard]:
    """One card for each purpose that has a text, privacy first; none for an unknown member."""
    today = await _today()
    return [
        ConsentCard(
            Purpose(row["purpose"]),
            *(row["version"], row["zh"], row["en"], row["published_at"]),
            standing(
                Purpose(row["purpose"]),
                row["state"],
                to_newest=row["to_newest"],
                by=row["given_by"],
                under_age=row["guarded"] or is_under_age(row["birthday"], today),
            ),
            row["recorded_at"],
        )
        for row in await fetch(_STANDINGS, member_id)
    ]


async def is_child(member_id: UUID, birthday: date | None) -> bool:
    """Whether the member, of that birthday, is under fourteen today, as far as anybody has said."""
    if birthday is None:
        return bool(await fetch_value(_IS_GUARDED, member_id))
    return is_under_age(birthday, await _today())


async def needs_consent(member_id: UUID) -> list[Purpose]:
    """What the member is to be asked: texts that they have not answered in their newest version."""
    cards = await consents_of(member_id)
    return [card.purpose for card in cards if card.standing is Standing.ASKED]


async def may_market(member_ids: Collection[UUID]) -> set[UUID]:
    """Whom of these the tenant may write to about offers: one statement, whoever asks.

    Active members of fourteen and more whose last word is consent to the newest text.
    """
    rows = await fetch(
        _MARKETABLE,
        *(list(member_ids), Purpose.MARKETING.value, youngest_birthday(await _today())),
    )
    return {row["id"] for row in rows}


async def may_have_traits(member_ids: Collection[UUID]) -> set[UUID]:
    """Of whom of these traits may be computed: active members who are not known to be under 14.
    Whoever computes any asks first, plugins too, and keeps none of the others."""
    rows = await fetch(_TRAITS, *(list(member_ids), await youngest_born()))
    return {row["id"] for row in rows}


async def youngest_born() -> date:
    """Who was born on this day or later is under fourteen today, where the tenant is."""
    return youngest_birthday(await _today())
