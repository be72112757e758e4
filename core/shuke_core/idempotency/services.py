"""The verb of idempotency: do an act once, however often it is asked for under one key.

The key commits together with the act: what was rolled back was never asked. Somebody who asks at
the same moment waits for the first to commit, and gets the first one's answer.
"""

import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson

from shuke_core.idempotency.errors import IdempotencyKeyInvalid, IdempotencyKeyReused
from shuke_core.kit import clock
from shuke_core.kit.crypto import keyed_digest
from shuke_core.kit.errors import ShukeError
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import fetch, savepoint
from shuke_core.tenants.keyring import tenant_keys

KEPT = timedelta(days=7)
LONGEST_KEY = 100
_KEY = re.compile(r"[!-~]{1,100}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an act came out: what it resulted in (ids and counts), or why it was refused."""

    result: Mapping[str, Any]
    code: str | None = None
    sentence: str | None = None


async def once(
    caller: str,
    operation: str,
    key: str,
    arguments: Mapping[str, Any],
    act: Callable[[], Awaitable[Mapping[str, Any]]],
    *,
    refusals: Collection[str],
) -> Outcome:
    """Does `act` unless this caller has done this operation under this key; answers alike.

    `act` returns ids and counts as JSON values, never anything personal. A failure whose code is
    among `refusals` is an outcome: it is kept, and what `act` had done is undone. Any other is
    raised, and then nothing was asked. Raises IdempotencyKeyInvalid, and IdempotencyKeyReused where
    the arguments were others.
    """
    if not _KEY.fullmatch(key):
        raise IdempotencyKeyInvalid(longest=LONGEST_KEY)
    asked = await fingerprint(arguments)
    row_id = new_id()
    mine = await fetch(
        "INSERT INTO idempotency_key (tenant_id, id, caller, operation, key, fingerprint, result, "
        "created_at) VALUES ($1, $2, $3, $4, $5, $6, '{}', $7) "
        "ON CONFLICT (tenant_id, caller, operation, key) DO NOTHING RETURNING id",
        *(row_id, caller, operation, key, asked, clock.now()),
    )
    if not mine:
        return await _earlier(caller, operation, key, asked)
    try:
        async with savepoint():
            outcome = Outcome(await act())
    except ShukeError as refused:
        if refused.code not in refusals:
            raise
        outcome = Outcome({}, refused.code, str(refused)[:500])
    await fetch(
        "UPDATE idempotency_key SET code = $3, sentence = $4, result = $5::text::jsonb "
        "WHERE tenant_id = $1 AND id = $2",
        row_id,
        outcome.code,
        outcome.sentence,
        orjson.dumps(outcome.result).decode(),
    )
    return outcome


async def fingerprint(arguments: Mapping[str, Any]) -> bytes:
    """A keyed digest of an act's arguments: tells whether they are the same, and nothing of them."""
    return keyed_digest(
        (await tenant_keys()).digesting,
        "idempotency",
        orjson.dumps(dict(arguments), option=orjson.OPT_SORT_KEYS, default=str).decode(),
    )


async def _earlier(caller: str, operation: str, key: str, asked: bytes) -> Outcome:
    rows = await fetch(
        "SELECT fingerprint, code, sentence, result::text AS result FROM idempotency_key "
        "WHERE tenant_id = $1 AND caller = $2 AND operation = $3 AND key = $4",
        *(caller, operation, key),
    )
    found = rows[0]
    if bytes(found["fingerprint"]) != asked:
        raise IdempotencyKeyReused()
    return Outcome(orjson.loads(found["result"]), found["code"], found["sentence"])


async def forget_keys() -> bool:
    """Deletes keys past their week, a thousand a step; says whether more may be left."""
    rows = await fetch(
        "DELETE FROM idempotency_key WHERE tenant_id = $1 AND id IN (SELECT id "
        "FROM idempotency_key WHERE tenant_id = $1 AND created_at < $2 LIMIT 1000) RETURNING id",
        clock.now() - KEPT,
    )
    return bool(rows)
