"""Erasure: all that is personal of a member goes in one unit of work; sums stay as they are.

Keys and identities are deleted, so that nothing sealed opens any more. Orders, the ledger and other
trails are kept for a random subject: a fresh row in state `erased` that nothing leads back from.
What each table holds is said in the domains' rooms `holdings`, plugins' included.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from shuke_core.audit.services import record
from shuke_core.events.outbox import announce
from shuke_core.exports.services import revoke_written
from shuke_core.interactions.services import close_all_about
from shuke_core.kit import clock
from shuke_core.kit.crypto import Place
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import current_tenant, fetch
from shuke_core.members.errors import MemberUnknown
from shuke_core.members.holdings import Holding, OnErase, declared_holdings
from shuke_core.members.rules import new_card_no
from shuke_core.members.services import Identity, log_out
from shuke_core.personal_data.events import MemberErased
from shuke_core.suppression.services import suppress
from shuke_core.tasks.services import cancel_all_about
from shuke_core.tenants.keyring import member_keys

# A member's id to that of the subject who takes their place.
Subjects = Mapping[UUID, UUID]


async def erase(member_id: UUID, reason: str) -> None:
    """Erases the member and whoever was merged into them. Raises MemberUnknown, also for who is
    merged or erased already.

    The member's row is held first: what is being written about them is waited for and then found;
    what comes later finds nobody, and is tried again by whoever brings it.
    """
    ids = await _hold(member_id)
    await suppress(await _identities(member_id, ids))
    await cancel_all_about(ids)
    await close_all_about(ids)
    await revoke_written()
    for each in ids:
        await log_out(each)
    subjects = await _make_subjects(ids)
    for holding in declared_holdings().values():
        await _act_on(holding, subjects)
    # One after the other: who was merged refers to the member.
    for gone in (ids[:-1], ids[-1:]):
        await fetch("DELETE FROM member WHERE tenant_id = $1 AND id = ANY ($2::uuid[])", gone)
    await record("member.erased", f"member:{member_id}", reason=reason)
    for each in ids:
        announce(MemberErased(each))


async def _hold(member_id: UUID) -> list[UUID]:
    """Holds the member, then whoever was merged into them; the member comes last."""
    if not await fetch(
        "SELECT id FROM member WHERE tenant_id = $1 AND id = $2 "
        "AND state IN ('visitor', 'active') FOR UPDATE",
        member_id,
    ):
        raise MemberUnknown()
    merged = await fetch(
        "SELECT id FROM member WHERE tenant_id = $1 AND merged_into_id = $2 ORDER BY id FOR UPDATE",
        member_id,
    )
    return [*(row["id"] for row in merged), member_id]


async def _identities(member_id: UUID, ids: Sequence[UUID]) -> list[Identity]:
    """By what imports would name them, in the clear: needed once more, for the digests of what is
    suppressed; a number they gave up may be another's by now. What WeChat calls them is proved with
    each log-in, and told by nobody else."""
    keys = (await member_keys({member_id})).get(member_id)
    if keys is None:
        return []
    rows = await fetch(
        "SELECT id, kind, issuer, sealed FROM member_identity WHERE tenant_id = $1 "
        "AND member_id = ANY ($2::uuid[]) AND state = 'active' "
        "AND kind NOT IN ('openid', 'unionid')",
        ids,
    )
    return [
        Identity(
            row["kind"],
            row["issuer"],
            keys.open(
                row["sealed"], Place(current_tenant(), "member_identity", row["id"], "sealed")
            ).decode(),
        )
        for row in rows
    ]


async def _make_subjects(ids: Sequence[UUID]) -> Subjects:
    """A random subject for each: one for all would bring rows together that are unique by member."""
    subjects = {each: new_id() for each in ids}
    await fetch(
        "INSERT INTO member (tenant_id, id, card_no, state, joined_at) "
        "SELECT $1, t.id, t.card_no, 'erased', $2 FROM unnest($3::uuid[], $4::text[]) "
        "AS t(id, card_no)",
        *(clock.now(), list(subjects.values()), [new_card_no() for _ in subjects]),
    )
    return subjects


async def _act_on(holding: Holding, subjects: Subjects) -> None:
    """Names of tables and columns are declared in code, never anybody's input."""
    for member in (holding.member, *holding.also):
        if holding.on_erase is OnErase.GOES:
            await fetch(
                f'DELETE FROM "{holding.table}" WHERE tenant_id = $1 '
                f'AND "{member}" = ANY ($2::uuid[])',
                list(subjects),
            )
        elif holding.on_erase is OnErase.KEPT:
            await _keep(holding, member, subjects)


async def _keep(holding: Holding, member: str, subjects: Subjects) -> None:
    """Hands the rows to the subjects, without what is personal in them."""
    emptied = "".join(
        f', "{column}" = {value}' for column, value in (await _empty(holding)).items()
    )
    await fetch(
        f'UPDATE "{holding.table}" kept SET "{member}" = t.subject{emptied} '
        "FROM unnest($2::uuid[], $3::uuid[]) AS t(erased, subject) "
        f'WHERE kept.tenant_id = $1 AND kept."{member}" = t.erased',
        *(list(subjects), list(subjects.values())),
    )


async def _empty(holding: Holding) -> dict[str, str]:
    """What stands in the columns that are cleared: null where there may be one, else no text."""
    if not holding.clears:
        return {}
    rows = await fetch(
        "SELECT a.attname::text AS name, a.attnotnull AS required, $1::uuid AS tenant "
        "FROM pg_attribute a WHERE a.attrelid = $2::text::regclass AND a.attname = ANY ($3::text[])",
        *(holding.table, list(holding.clears)),
    )
    return {row["name"]: "''" if row["required"] else "NULL" for row in rows}
