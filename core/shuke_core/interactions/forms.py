"""Forms (表单): the tenant makes them, members fill them in."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson

from shuke_core.audit.services import record
from shuke_core.interactions.errors import FormUnknown
from shuke_core.interactions.rules import Question, checked_key, checked_label, checked_questions
from shuke_core.kit import clock
from shuke_core.kit.ids import new_id
from shuke_core.kit.locking import lock_until_commit
from shuke_core.kit.transactions import fetch, fetch_one


@dataclass(frozen=True, slots=True)
class FormVersion:
    """A form that may be filled in."""

    id: UUID
    questions: list[Question]


async def save_form(key: str, zh: str, en: str, questions: Sequence[Question]) -> UUID:
    """Makes the form, or a new version of it; earlier answers keep theirs. Returns its id.

    Two who save at once get a version each, one after the other. Raises FormInvalid.
    """
    label_zh, label_en = checked_label(zh), checked_label(en)
    asked, form_id = checked_questions(questions), new_id()
    await lock_until_commit(f"form:{checked_key(key)}")
    rows = await fetch(
        "UPDATE form SET state = 'replaced' WHERE tenant_id = $1 AND key = $2 "
        "AND state = 'current' RETURNING id",
        key,
    )
    await fetch(
        "INSERT INTO form (tenant_id, id, key, version, label_zh, label_en, questions, state, "
        "saved_at) SELECT $1, $2, $3::varchar, coalesce(max(f.version), 0) + 1, $4, $5, $6::text::jsonb, "
        "'current', $7 FROM form f WHERE f.tenant_id = $1 AND f.key = $3::varchar",
        *(form_id, key, label_zh, label_en),
        orjson.dumps([question.stored() for question in asked]).decode(),
        clock.now(),
    )
    await record("form.saved", f"form:{key}", changes={"replaces": (len(rows), 1)})
    return form_id


async def close_form(key: str) -> None:
    """Nobody can fill the form in any more; what was answered stays. Raises FormUnknown."""
    rows = await fetch(
        "UPDATE form SET state = 'closed' WHERE tenant_id = $1 AND key = $2 "
        "AND state = 'current' RETURNING id",
        key,
    )
    if not rows:
        raise FormUnknown()
    await record("form.closed", f"form:{key}")


async def current_form(key: str) -> FormVersion:
    """The version that may be filled in; raises FormUnknown."""
    row = await fetch_one(
        "SELECT id, questions::text AS questions FROM form WHERE tenant_id = $1 AND key = $2 "
        "AND state = 'current'",
        key,
    )
    if row is None:
        raise FormUnknown()
    return FormVersion(row["id"], [Question.of(each) for each in orjson.loads(row["questions"])])
