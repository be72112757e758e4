"""The verbs of consent: publish a text, give consent to it, withdraw it."""

from datetime import date, timedelta
from uuid import UUID

from shuke_core.audit.actors import current_actor
from shuke_core.audit.services import record
from shuke_core.consents.errors import (
    ConsentNeedsGuardian,
    ConsentSceneInvalid,
    ConsentTextOutdated,
    ConsentUnderAge,
    PrivacyTextInvalid,
)
from shuke_core.consents.events import ConsentChanged
from shuke_core.consents.queries import is_child
from shuke_core.consents.rules import (
    LONGEST_AGENT,
    LONGEST_GUARDIAN,
    LONGEST_TEXT,
    Purpose,
    is_scene,
    network_of,
)
from shuke_core.events.outbox import announce
from shuke_core.kit import clock
from shuke_core.kit.cleaning import Unclean, clean_text
from shuke_core.kit.ids import new_id
from shuke_core.kit.locking import lock_until_commit
from shuke_core.kit.transactions import Row, fetch, fetch_one, fetch_value
from shuke_core.members.events import MemberAgeChanged
from shuke_core.members.following import lock_member
from shuke_core.members.texts import clean_lines, seal_text

_TICK = timedelta(microseconds=1)


async def publish_text(purpose: Purpose, zh: str, en: str) -> int:
    """Publishes a text and returns its version, from 1; every member is asked for it anew.

    Raises PrivacyTextInvalid.
    """
    try:
        texts = [clean_lines(text, longest=LONGEST_TEXT) for text in (zh, en)]
    except Unclean:
        texts = [None]
    if None in texts:
        raise PrivacyTextInvalid(longest=LONGEST_TEXT)
    await lock_until_commit(f"privacy texts of {purpose.value}")
    version: int = await fetch_value(
        "INSERT INTO privacy_text (tenant_id, id, purpose, version, zh, en, published_at) "
        "SELECT $1, $2, $3::text, coalesce(max(version), 0) + 1, $4, $5, $6 FROM privacy_text "
        "WHERE tenant_id = $1 AND purpose = $3::text RETURNING version",
        *(new_id(), purpose.value, *texts, clock.now()),
    )
    await record("privacy_text.published", f"privacy_text:{purpose.value}:{version}")
    return version


async def give_consent(
    member_id: UUID, purpose: Purpose, version: int, scene: str = "", guardian: str | None = None
) -> None:
    """Records that consent is given to the newest text, which must be of that `version`.

    `guardian` names who consents for somebody under fourteen. Given already, it stays as it is.
    Raises MemberUnknown, ConsentTextOutdated, ConsentUnderAge, ConsentNeedsGuardian,
    ConsentSceneInvalid.
    """
    _check_scene(scene)
    # Held, so that words said at once are recorded one after the other.
    member_id = await lock_member(member_id, "NO KEY UPDATE")
    birthday: date | None = await fetch_value(
        "SELECT birthday FROM member WHERE tenant_id = $1 AND id = $2", member_id
    )
    text = await fetch_one(
        "SELECT id, version FROM privacy_text WHERE tenant_id = $1 AND purpose = $2 "
        "ORDER BY version DESC LIMIT 1",
        purpose.value,
    )
    if text is None or text["version"] != version:
        raise ConsentTextOutdated(newest=text["version"] if text else "none")
    under_age = await is_child(member_id, birthday)
    if under_age and purpose is Purpose.MARKETING:
        raise ConsentUnderAge(purpose=purpose.value)
    named = _guardian(guardian) if under_age or guardian is not None else None
    last = await _last_word(member_id, purpose)
    by = "guardian" if named else _who_says()
    if (
        last
        and (last["state"], last["text_id"]) == ("given", text["id"])
        and last["given_by"] in ("guardian", by)
    ):
        return
    await _note(member_id, purpose, text["id"], "given", by, scene, named, last)


async def withdraw_consent(member_id: UUID, purpose: Purpose, scene: str = "") -> None:
    """Takes consent back; it works with the commit. Not given, there is nothing to take back.

    Raises MemberUnknown, ConsentSceneInvalid.
    """
    _check_scene(scene)
    member_id = await lock_member(member_id, "NO KEY UPDATE")
    last = await _last_word(member_id, purpose)
    if last and last["state"] == "given":
        await _note(
            member_id, purpose, last["text_id"], "withdrawn", _who_says(), scene, None, last
        )


def _check_scene(scene: str) -> None:
    if not is_scene(scene):
        raise ConsentSceneInvalid()


def _guardian(name: str | None) -> str:
    try:
        clean = clean_text(name or "", longest=LONGEST_GUARDIAN)
    except Unclean:
        clean = None
    if clean is None:
        raise ConsentNeedsGuardian(longest=LONGEST_GUARDIAN)
    return clean


def _who_says() -> str:
    return "staff" if current_actor().kind == "staff" else "member"


async def _last_word(member_id: UUID, purpose: Purpose) -> Row | None:
    return await fetch_one(
        "SELECT state, text_id, given_by, recorded_at FROM consent WHERE tenant_id = $1 "
        "AND member_id = $2 AND purpose = $3 ORDER BY recorded_at DESC, id DESC LIMIT 1",
        *(member_id, purpose.value),
    )


async def _note(
    member_id: UUID,
    purpose: Purpose,
    text_id: UUID,
    state: str,
    by: str,
    scene: str,
    guardian: str | None,
    last: Row | None,
) -> None:
    """Adds what was said, later than what was said before, also where clocks of machines differ."""
    actor, row_id, now = current_actor(), new_id(), clock.now()
    at = max(now, last["recorded_at"] + _TICK) if last else now
    sealed = (
        await seal_text(guardian, "consent", row_id, "guardian", member_id) if guardian else None
    )
    await fetch(
        "INSERT INTO consent (tenant_id, id, member_id, purpose, text_id, state, given_by, staff_id, "
        "guardian, scene, address, agent, recorded_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        *(row_id, member_id, purpose.value, text_id, state, by),
        *(actor.id if by == "staff" else None, sealed, scene, network_of(actor.source)),
        *(actor.agent[:LONGEST_AGENT] or None, at),
    )
    announce(ConsentChanged(member_id, purpose.value, state))
    if guardian:
        announce(MemberAgeChanged(member_id))
