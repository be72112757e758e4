"""The verbs of members: identify people by phone or card, and hand out tokens."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from shuke_core.events.outbox import announce
from shuke_core.kit import clock
from shuke_core.kit.crypto import Place, keyed_digest, new_key, seal, token_digest, unseal
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import current_tenant, fetch, fetch_one
from shuke_core.members.errors import MemberUnknown, TokenInvalid
from shuke_core.members.events import MemberJoined
from shuke_core.members.phones import Phone
from shuke_core.members.rules import new_card_no
from shuke_core.tenants.keyring import TenantKeys, tenant_keys

TOKEN_LIFE = timedelta(days=30)
_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Identity:
    """How a person is named. A phone has no issuer; a card is unique within its issuer's."""

    kind: str
    issuer: str
    value: str
    masked: str | None = None

    @classmethod
    def of_phone(cls, phone: Phone) -> "Identity":
        return cls("phone", "", phone.e164, phone.masked)

    @classmethod
    def of_card(cls, issuer: str, card: str) -> "Identity":
        return cls("card", issuer, card)


def _digest(keys: TenantKeys, identity: Identity) -> bytes:
    return keyed_digest(keys.digesting, identity.kind, identity.issuer, identity.value)


async def find_members(identities: Iterable[Identity]) -> dict[Identity, UUID]:
    """Which of these people are members already."""
    keys = await tenant_keys()
    by_digest = {_digest(keys, identity): identity for identity in identities}
    rows = await fetch(
        "SELECT digest, member_id FROM member_identity WHERE tenant_id = $1 "
        "AND digest = ANY ($2::bytea[]) AND state = 'active'",
        list(by_digest),
    )
    return {by_digest[bytes(row["digest"])]: row["member_id"] for row in rows}


async def identify_members(identities: Iterable[Identity]) -> Mapping[Identity, UUID]:
    """The member of each identity; whoever is new becomes a member. Safe against racing sign-ups.

    However many channels enter the same person at the same moment, one member comes of it: the
    unique identity decides, and the losers take the winner's.
    """
    wanted = set(identities)
    found = await find_members(wanted)
    missing = wanted - found.keys()
    if missing:
        await _enter(missing)
        found |= await find_members(missing)
    return found


async def _enter(missing: set[Identity]) -> None:
    keys, tenant_id, now = await tenant_keys(), current_tenant(), clock.now()
    # Sorted, so that two batches with the same newcomers wait for each other in one order only.
    newcomers = sorted(
        ((_digest(keys, identity), identity) for identity in missing), key=lambda pair: pair[0]
    )
    columns: list[tuple[object, ...]] = []
    for digest, identity in newcomers:
        member_id, key_id, identity_id, key = new_id(), new_id(), new_id(), new_key()
        columns.append(
            (
                digest,
                identity.kind,
                identity.issuer,
                identity.masked,
                member_id,
                new_card_no(),
                key_id,
                seal(keys.sealing, key, Place(tenant_id, "member_key", key_id, "wrapped")),
                identity_id,
                seal(
                    key,
                    identity.value.encode(),
                    Place(tenant_id, "member_identity", identity_id, "sealed"),
                ),
            )
        )
    rows = await fetch(
        """
        WITH newcomer AS (
            SELECT * FROM unnest($2::bytea[], $3::text[], $4::text[], $5::text[], $6::uuid[],
                                 $7::text[], $8::uuid[], $9::bytea[], $10::uuid[], $11::bytea[])
                AS t(digest, kind, issuer, masked, member_id, card_no, key_id, wrapped, id, sealed)
        ), entered AS (
            INSERT INTO member_identity (tenant_id, id, member_id, kind, issuer, digest, sealed,
                                         state, created_at)
            SELECT $1, id, member_id, kind, issuer, digest, sealed, 'active', $13 FROM newcomer
                ON CONFLICT (tenant_id, kind, issuer, digest) WHERE state = 'active' DO NOTHING
            RETURNING member_id
        ), joined AS (
            INSERT INTO member (tenant_id, id, card_no, state, phone_masked, joined_at)
            SELECT $1, n.member_id, n.card_no, 'active', n.masked, $13
              FROM newcomer n JOIN entered USING (member_id)
        ), keyed AS (
            INSERT INTO member_key (tenant_id, id, member_id, tenant_key_id, wrapped)
            SELECT $1, n.key_id, n.member_id, $12, n.wrapped
              FROM newcomer n JOIN entered USING (member_id)
        )
        SELECT member_id FROM entered
        """,
        *(list(column) for column in zip(*columns, strict=True)),
        keys.id,
        now,
    )
    for row in rows:
        announce(MemberJoined(row["member_id"]))


async def link_identities(found: Mapping[Identity, UUID]) -> int:
    """Adds further identities to members, such as the card shown together with a known phone.

    An identity that belongs to somebody already stays with them: bringing two members together is
    a decision of its own. Returns how many were new.
    """
    known = await find_members(found)
    fresh = sorted(found.keys() - known.keys(), key=lambda i: (i.kind, i.issuer, i.value))
    if not fresh:
        return 0
    tenant_id, keys = current_tenant(), await tenant_keys()
    own = await _member_keys({found[identity] for identity in fresh})
    ids = [new_id() for _ in fresh]
    rows = await fetch(
        "INSERT INTO member_identity (tenant_id, id, member_id, kind, issuer, digest, sealed, "
        "state, created_at) SELECT $1, t.*, 'active', $2 FROM unnest($3::uuid[], $4::uuid[], "
        "$5::text[], $6::text[], $7::bytea[], $8::bytea[]) AS t "
        "ON CONFLICT (tenant_id, kind, issuer, digest) WHERE state = 'active' DO NOTHING "
        "RETURNING id",
        clock.now(),
        ids,
        [found[identity] for identity in fresh],
        [identity.kind for identity in fresh],
        [identity.issuer for identity in fresh],
        [_digest(keys, identity) for identity in fresh],
        [
            seal(
                own[found[identity]],
                identity.value.encode(),
                Place(tenant_id, "member_identity", row_id, "sealed"),
            )
            for row_id, identity in zip(ids, fresh, strict=True)
        ],
    )
    return len(rows)


async def _member_keys(member_ids: set[UUID]) -> dict[UUID, bytes]:
    """The members' own keys, opened with the tenant's."""
    keys, tenant_id = await tenant_keys(), current_tenant()
    rows = await fetch(
        "SELECT id, member_id, wrapped FROM member_key "
        "WHERE tenant_id = $1 AND member_id = ANY ($2::uuid[])",
        list(member_ids),
    )
    return {
        row["member_id"]: unseal(
            keys.sealing, row["wrapped"], Place(tenant_id, "member_key", row["id"], "wrapped")
        )
        for row in rows
    }


async def issue_token(member_id: UUID) -> str:
    """A new access token for the member, thirty days long. Only its hash is kept."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    now = clock.now()
    rows = await fetch(
        "INSERT INTO member_token (tenant_id, id, member_id, digest, expires_at, created_at) "
        "SELECT $1, $2, m.id, $4, $5, $6 FROM member m "
        "WHERE m.tenant_id = $1 AND m.id = $3 AND m.state = 'active' RETURNING id",
        *(new_id(), member_id, token_digest(token), now + TOKEN_LIFE, now),
    )
    if not rows:
        raise MemberUnknown()
    return token


async def member_of_token(token: str) -> UUID:
    """Whose token it is; raises TokenInvalid for an unknown, revoked or expired one alike."""
    row = await fetch_one(
        "SELECT t.member_id FROM member_token t "
        "JOIN member m ON m.tenant_id = t.tenant_id AND m.id = t.member_id "
        "WHERE t.tenant_id = $1 AND t.digest = $2 AND t.revoked_at IS NULL "
        "AND t.expires_at > $3 AND m.state = 'active'",
        *(token_digest(token), clock.now()),
    )
    if row is None:
        raise TokenInvalid()
    member_id: UUID = row["member_id"]
    return member_id
