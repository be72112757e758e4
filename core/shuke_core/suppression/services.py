"""The verbs of suppression: who was erased comes back by their own hand only, never by an import."""

from collections.abc import Collection
from datetime import timedelta

from shuke_core.kit import clock
from shuke_core.kit.crypto import keyed_digest
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch
from shuke_core.members.services import Identity
from shuke_core.tenants.keyring import tenant_keys

ERASURE = "erasure"
# Tills send what they hold of old again when they are set up anew; after this nobody's do.
LIFE = timedelta(days=3 * 365)
_SWEPT = 1_000


async def _digests(identities: Collection[Identity]) -> dict[bytes, Identity]:
    """Under a key of this purpose, so that neither digest tells whose the other is."""
    key = keyed_digest((await tenant_keys()).digesting, "suppressed", ERASURE)
    return {keyed_digest(key, each.kind, each.issuer, each.value): each for each in identities}


async def suppress(identities: Collection[Identity]) -> None:
    """Keeps imports from making a member of these again, for three years from now on."""
    digests, now = sorted(await _digests(identities)), clock.now()
    await fetch(
        "INSERT INTO suppressed_identity (tenant_id, id, purpose, digest, until, created_at) "
        "SELECT $1, t.id, $2, t.digest, $3, $4 FROM unnest($5::uuid[], $6::bytea[]) "
        "AS t(id, digest) ON CONFLICT (tenant_id, purpose, digest) "
        "DO UPDATE SET until = excluded.until",
        *(ERASURE, now + LIFE, now, [new_id() for _ in digests], digests),
    )


async def suppressed(identities: Collection[Identity]) -> set[Identity]:
    """Which of these were somebody's who has been erased."""
    if not identities:
        return set()
    by_digest = await _digests(identities)
    rows = await fetch(
        "SELECT digest FROM suppressed_identity WHERE tenant_id = $1 AND purpose = $2 "
        "AND digest = ANY ($3::bytea[]) AND until > $4",
        *(ERASURE, list(by_digest), clock.now()),
    )
    return {by_digest[bytes(row["digest"])] for row in rows}


async def lift_suppression(identities: Collection[Identity]) -> int:
    """The person has come back by themselves, with what they have proved to be theirs: imports may
    name them again. Returns how many were suppressed."""
    rows = await fetch(
        "DELETE FROM suppressed_identity WHERE tenant_id = $1 AND purpose = $2 "
        "AND digest = ANY ($3::bytea[]) RETURNING id",
        *(ERASURE, list(await _digests(identities))),
    )
    return len(rows)


async def forget_suppressed() -> bool:
    """Deletes what is suppressed no longer, a thousand a step; says whether more may be left."""
    rows = await fetch(
        "DELETE FROM suppressed_identity WHERE tenant_id = $1 AND id IN "
        "(SELECT id FROM suppressed_identity WHERE tenant_id = $1 AND until <= $2 ORDER BY until "
        f"LIMIT {_SWEPT}) RETURNING id",
        clock.now(),
    )
    return len(rows) == _SWEPT
