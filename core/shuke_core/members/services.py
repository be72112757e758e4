"""The verbs of members: identify people by phone or card, and hand out tokens."""

import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from shuke_core.access.errors import TokenInvalid
from shuke_core.audit.services import record
from shuke_core.events.outbox import announce
from shuke_core.kit import clock
from shuke_core.kit.cleaning import Unclean, clean_text
from shuke_core.kit.crypto import Place, keyed_digest, new_key, seal, token_digest
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import current_tenant, fetch, read_value
from shuke_core.members.doubles import note_who_is_alike
from shuke_core.members.errors import MemberNameInvalid, MemberUnknown
from shuke_core.members.events import MemberJoined, MemberLoggedOut
from shuke_core.members.following import hold_members, member_now
from shuke_core.members.phones import Phone
from shuke_core.members.rules import LONGEST_NAME, masked_name, new_card_no
from shuke_core.tenants.keyring import TenantKeys, member_keys, tenant_keys

TOKEN_LIFE = timedelta(days=30)
_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Identity:
    """How a person is named: kind, issuer and value as `rules.IDENTITY_KINDS` has them."""

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

    @classmethod
    def of_openid(cls, app_id: str, openid: str) -> "Identity":
        return cls("openid", app_id, openid)

    @classmethod
    def of_unionid(cls, unionid: str) -> "Identity":
        return cls("unionid", "", unionid)


def _digest(keys: TenantKeys, identity: Identity) -> bytes:
    return keyed_digest(keys.digesting, identity.kind, identity.issuer, identity.value)


async def digest_of(identity: Identity) -> bytes:
    """By what the identity is found, without its being told."""
    return _digest(await tenant_keys(), identity)


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
    unique identity decides, and the losers take the winner's. Who is found is held: nobody merges them
    until the unit ends. Raises MemberUnknown where one was erased at this moment: asked again, whoever
    asks learns that the identity is suppressed.
    """
    wanted = set(identities)
    found = await find_members(wanted)
    missing = wanted - found.keys()
    if missing:
        found |= await enter_newcomers(missing)
    held = await hold_members(found.values())
    if not held.keys() >= set(found.values()):
        raise MemberUnknown()
    return {identity: held[member_id] for identity, member_id in found.items()}


async def enter_newcomers(missing: Collection[Identity]) -> dict[Identity, UUID]:
    """Members of these identities, which nobody had a moment ago: one statement, unless somebody was
    faster; then the member is theirs. Nobody is held."""
    entered = await enter(missing)
    lost = [identity for identity in missing if identity not in entered]
    return entered | (await find_members(lost) if lost else {})


async def enter(missing: Collection[Identity], *, state: str = "active") -> dict[Identity, UUID]:
    """Makes one person of each identity that nobody has, in that state: active, or visitor.

    Returns those that were made; of the others somebody has committed meanwhile.
    """
    keys, tenant_id, now = await tenant_keys(), current_tenant(), clock.now()
    # Sorted, so that two batches with the same newcomers wait for each other in one order only.
    newcomers = sorted(
        ((_digest(keys, identity), identity) for identity in missing), key=lambda pair: pair[0]
    )
    columns: list[tuple[object, ...]] = []
    whose: dict[UUID, Identity] = {}
    for digest, identity in newcomers:
        member_id, key_id, identity_id, key = new_id(), new_id(), new_id(), new_key()
        whose[member_id] = identity
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
            SELECT $1, n.member_id, n.card_no, $14, n.masked, $13
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
        state,
    )
    for row in rows if state == "active" else ():
        announce(MemberJoined(row["member_id"]))
    return {whose[row["member_id"]]: row["member_id"] for row in rows}


async def link_identities(found: Mapping[Identity, UUID], through: Identity | None = None) -> int:
    """Adds further identities to members, such as the card shown together with a known phone.

    An identity that belongs to somebody already stays with them: bringing two members together is
    a decision of its own. Returns how many were new. `through` is one that the member has and that
    vouches for these: whoever gets that back when a merge is undone gets these as well.
    """
    known = await find_members(found) if found else {}
    fresh = sorted(found.keys() - known.keys(), key=lambda i: (i.kind, i.issuer, i.value))
    if not fresh:
        return 0
    tenant_id, keys = current_tenant(), await tenant_keys()
    held = await hold_members(found[identity] for identity in fresh)
    own = await member_keys(set(held.values()))
    # Who was erased since they were found has no row to hold and no key: nobody's is added to.
    whose = {each: who for each in fresh if (who := held.get(found[each])) in own and who}
    fresh = [each for each in fresh if each in whose]
    ids = [new_id() for _ in fresh]
    rows = await fetch(
        "INSERT INTO member_identity (tenant_id, id, member_id, kind, issuer, digest, sealed, "
        "state, created_at, through_id) SELECT $1, t.*, 'active', $2, (SELECT v.id "
        "FROM member_identity v WHERE v.tenant_id = $1 AND v.digest = $9 AND v.state = 'active') "
        "FROM unnest($3::uuid[], $4::uuid[], "
        "$5::text[], $6::text[], $7::bytea[], $8::bytea[]) AS t "
        "ON CONFLICT (tenant_id, kind, issuer, digest) WHERE state = 'active' DO NOTHING "
        "RETURNING id",
        clock.now(),
        ids,
        [whose[identity] for identity in fresh],
        [identity.kind for identity in fresh],
        [identity.issuer for identity in fresh],
        [_digest(keys, identity) for identity in fresh],
        [
            seal(
                own[whose[identity]].own,
                identity.value.encode(),
                Place(tenant_id, "member_identity", row_id, "sealed"),
            )
            for row_id, identity in zip(ids, fresh, strict=True)
        ],
        _digest(keys, through) if through else None,
    )
    return len(rows)


async def complete_members(names: Mapping[UUID, str], stores: Mapping[UUID, UUID]) -> None:
    """Gives members what they have none of yet: a name, and the store they belong to.

    What somebody is called already, and where they belong already, stays.
    """
    ids = sorted(names.keys() | stores.keys())
    if ids:
        await fetch(
            "WITH given AS (SELECT * FROM unnest($2::uuid[], $3::text[], $4::uuid[]) "
            "AS t(id, name, store_id)), lacking AS (SELECT m.id, g.name, g.store_id FROM member m "
            "JOIN given g ON g.id = m.id WHERE m.tenant_id = $1 AND m.state = 'active' "
            "AND (m.name IS NULL AND g.name IS NOT NULL "
            "OR m.store_id IS NULL AND g.store_id IS NOT NULL) ORDER BY m.id "
            "FOR NO KEY UPDATE OF m) "  # others hold them as well, and go on
            "UPDATE member m SET name = coalesce(m.name, l.name), "
            "store_id = coalesce(m.store_id, l.store_id) "
            "FROM lacking l WHERE m.tenant_id = $1 AND m.id = l.id",
            *(ids, [names.get(each) for each in ids], [stores.get(each) for each in ids]),
        )


async def rename_member(member_id: UUID, name: str) -> None:
    """Gives the member another name; raises MemberNameInvalid and MemberUnknown."""
    try:
        clean = clean_text(name, longest=LONGEST_NAME)
    except Unclean:
        clean = None
    if clean is None:
        raise MemberNameInvalid(longest=LONGEST_NAME)
    member_id = await member_now(member_id)
    rows = await fetch(
        "UPDATE member m SET name = $3, version = m.version + 1 FROM (SELECT id, name FROM member "
        "WHERE tenant_id = $1 AND id = $2 AND state = 'active' FOR UPDATE) AS before "
        "WHERE m.tenant_id = $1 AND m.id = before.id RETURNING before.name",
        *(member_id, clean),
    )
    if not rows:
        raise MemberUnknown()
    await note_who_is_alike(member_id)
    await record(
        "member.renamed",
        f"member:{member_id}",
        changes={"name": (masked_name(rows[0]["name"]), masked_name(clean))},
        member_id=member_id,
    )


async def issue_token(member_id: UUID) -> str:
    """A new access token for a member or visitor, thirty days long. Only its hash is kept."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    now = clock.now()
    rows = await fetch(
        "INSERT INTO member_token (tenant_id, id, member_id, digest, expires_at, created_at) "
        "SELECT $1, $2, m.id, $4, $5, $6 FROM member m "
        "WHERE m.tenant_id = $1 AND m.id = $3 AND m.state IN ('visitor', 'active') RETURNING id",
        *(new_id(), await member_now(member_id), token_digest(token), now + TOKEN_LIFE, now),
    )
    if not rows:
        raise MemberUnknown()
    return token


async def member_of_token(token: str) -> UUID:
    """Whose token it is; raises TokenInvalid for an unknown, revoked or expired one alike."""
    member_id: UUID | None = await read_value(
        "SELECT t.member_id FROM member_token t "
        "JOIN member m ON m.tenant_id = t.tenant_id AND m.id = t.member_id "
        "WHERE t.tenant_id = $1 AND t.digest = $2 AND t.revoked_at IS NULL "
        "AND t.expires_at > $3 AND m.state IN ('visitor', 'active')",
        *(token_digest(token), clock.now()),
    )
    if member_id is None:
        raise TokenInvalid()
    return member_id


async def members_of_digests(digests: Collection[bytes]) -> dict[bytes, UUID]:
    """Whose tokens these are, by the tokens' digests; those that hold no more are left out."""
    rows = await fetch(
        "SELECT t.digest, t.member_id FROM member_token t "
        "JOIN member m ON m.tenant_id = t.tenant_id AND m.id = t.member_id "
        "WHERE t.tenant_id = $1 AND t.digest = ANY ($2::bytea[]) AND t.revoked_at IS NULL "
        "AND t.expires_at > $3 AND m.state IN ('visitor', 'active')",
        *(list(digests), clock.now()),
    )
    return {bytes(row["digest"]): row["member_id"] for row in rows}


async def log_out(member_id: UUID) -> int:
    """Revokes all tokens of the member, open sockets included; returns how many held."""
    rows = await fetch(
        "UPDATE member_token SET revoked_at = $3 WHERE tenant_id = $1 AND member_id = $2 "
        "AND revoked_at IS NULL AND expires_at > $3 RETURNING id",
        *(member_id, clock.now()),
    )
    if rows:
        announce(MemberLoggedOut(member_id))
    return len(rows)
