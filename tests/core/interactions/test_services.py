"""Interactions: sealed, followed up by whoever is in charge, and never seen by nobody."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from tests.support.follow_up import PHONE, act, ask, give_to, settle, somebody, task_of
from tests.support.shop import Shop

from shuke_core.interactions.follow_up import rule_for, set_follow_up_rule
from shuke_core.interactions.forms import save_form
from shuke_core.interactions.rules import MOST_AN_HOUR, Kind, Question, QuestionType, Rule
from shuke_core.interactions.services import (
    NewInteraction,
    answer_interaction,
    close_interaction,
    record_interaction,
)
from shuke_core.kit import clock
from shuke_core.kit.errors import ShukeError
from shuke_core.kit.ids import new_id
from shuke_core.members.texts import SealedText, open_texts
from shuke_core.staff.presence import set_away
from shuke_core.tasks.services import claim_task, complete_task


async def tasks(shop: Shop) -> list[dict[str, Any]]:
    return await shop.rows(
        "SELECT staff_id, role, state FROM task WHERE tenant_id = $1 ORDER BY id"
    )


async def follow_up(shop: Shop) -> list[str]:
    rows = await shop.rows(
        "SELECT state FROM interaction_follow_up WHERE tenant_id = $1 ORDER BY id"
    )
    return [row["state"] for row in rows]


async def test_it_goes_to_the_advisor_who_is_there_else_to_the_role(shop: Shop) -> None:
    ann, member = await somebody(shop, "ann", "advisor"), await shop.member(PHONE)
    await ask(shop, member)
    await give_to(shop, member, ann)
    await ask(shop, member)
    now = clock.now()
    await act(shop, lambda: set_away(ann.staff_id, now - timedelta(hours=1), None))
    await ask(shop, member)
    assert [task["staff_id"] for task in await tasks(shop)] == [None, ann.staff_id, None]
    assert {task["role"] for task in await tasks(shop)} == {"clerk"}
    events = await shop.rows(
        "SELECT payload ->> 'route' AS route FROM event WHERE tenant_id = $1 "
        "AND type = 'interaction.recorded' ORDER BY seq"
    )
    assert [event["route"] for event in events] == [
        "role:clerk", f"staff:{ann.staff_id}", "role:clerk"]  # fmt: skip


async def test_what_was_said_is_nowhere_in_the_clear_and_goes_with_the_key(shop: Shop) -> None:
    member, boss = await shop.member(PHONE), await somebody(shop, "boss", "clerk")
    asked = await ask(shop, member, "暗号金丝雀 请回电")
    await act(shop, lambda: answer_interaction(asked, boss, "金丝雀已经回电"), boss)
    for table in ("interaction", "interaction_follow_up", "task", "task_step", "event",
                  "audit_entry", "idempotency_key", "alert"):  # fmt: skip
        found = await shop.rows(
            f"SELECT count(*) AS n FROM {table} x WHERE tenant_id = $1 AND x::text LIKE '%金丝雀%'"
        )
        assert found == [{"n": 0}], table

    async def said() -> list[str | None]:
        (row,) = await shop.rows(
            "SELECT i.id, i.sealed, f.id AS f, f.answer FROM interaction i "
            "JOIN interaction_follow_up f ON f.tenant_id = $1 AND f.interaction_id = i.id "
            "WHERE i.tenant_id = $1"
        )
        texts = [
            SealedText("interaction", row["id"], "sealed", member, row["sealed"]),
            SealedText("interaction_follow_up", row["f"], "answer", member, row["answer"]),
        ]
        return await act(shop, lambda: open_texts(texts))

    assert await said() == ['{"text":"暗号金丝雀 请回电"}', "金丝雀已经回电"]
    await shop.rows("DELETE FROM member_key WHERE tenant_id = $1 AND member_id = $2", member)
    assert await said() == [None, None]


async def test_answered_or_closed_it_is_off_the_list_once(shop: Shop) -> None:
    boss, member = await somebody(shop, "boss", "clerk"), await shop.member(PHONE)
    first, second = await ask(shop, member), await ask(shop, member)
    await act(shop, lambda: answer_interaction(first, boss, "好"))
    await act(shop, lambda: close_interaction(second, boss, "广告"))
    assert await follow_up(shop) == ["answered", "closed"]
    assert [task["state"] for task in await tasks(shop)] == ["done", "cancelled"]
    for interaction, code in ((first, "INTERACTION_NOT_OPEN"), (new_id(), "INTERACTION_UNKNOWN")):
        with pytest.raises(ShukeError) as refused:
            await act(shop, lambda i=interaction: answer_interaction(i, boss, "好"))  # type: ignore[misc]
        assert refused.value.code == code


async def test_of_two_who_answer_at_once_one_does(shop: Shop) -> None:
    people = [await somebody(shop, f"s{n}", "clerk") for n in range(8)]
    asked = await ask(shop, await shop.member(PHONE))
    answers = await asyncio.gather(
        *(act(shop, lambda d=doer: answer_interaction(asked, d, d.role)) for doer in people),  # type: ignore[misc]
        return_exceptions=True,
    )
    assert answers.count(None) == 1
    assert {a.code for a in answers if isinstance(a, ShukeError)} == {"INTERACTION_NOT_OPEN"}


async def test_a_task_that_is_done_closes_what_it_came_of(shop: Shop) -> None:
    boss, member = await somebody(shop, "boss", "clerk"), await shop.member(PHONE)
    task = await task_of(shop, await ask(shop, member))
    await act(shop, lambda: claim_task(task, boss))
    await act(shop, lambda: complete_task(task, boss, 2, "打过电话"))
    assert await follow_up(shop) == ["open"]
    await settle(shop)
    assert await follow_up(shop) == ["closed"]


async def test_a_rule_for_one_form_goes_before_that_of_all(shop: Shop) -> None:
    question = Question("q", "问", "Q", QuestionType.TEXT)
    await act(shop, lambda: save_form("trial", "试听", "Trial", [question]))
    await act(shop, lambda: set_follow_up_rule(Rule(Kind.FORM, makes_task=False)))
    await act(shop, lambda: set_follow_up_rule(Rule(Kind.FORM, "trial", role="operator")))
    assert (await act(shop, lambda: rule_for(Kind.FORM, "trial"))).role == "operator"
    assert not (await act(shop, lambda: rule_for(Kind.FORM, "other"))).makes_task
    assert (await act(shop, lambda: rule_for(Kind.INQUIRY))) == Rule(Kind.INQUIRY)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"kind": Kind.INQUIRY}, "INTERACTION_INVALID"),
        ({"kind": Kind.INQUIRY, "text": " "}, "INTERACTION_TEXT_INVALID"),
        ({"kind": Kind.INQUIRY, "text": "长" * 2001}, "INTERACTION_TEXT_INVALID"),
        ({"kind": Kind.INQUIRY, "text": "好", "rating": 3}, "INTERACTION_INVALID"),
        ({"kind": Kind.FEEDBACK, "text": "好"}, "INTERACTION_INVALID"),
        ({"kind": Kind.FEEDBACK, "rating": 6}, "INTERACTION_INVALID"),
        ({"kind": Kind.CAMPAIGN}, "INTERACTION_INVALID"),
        ({"kind": Kind.FORM, "form": "none"}, "FORM_UNKNOWN"),
        ({"kind": Kind.MESSAGE, "text": "好", "channel": "长" * 41}, "INTERACTION_INVALID"),
        ({"kind": Kind.INQUIRY, "text": "好", "member_id": new_id()}, "MEMBER_UNKNOWN"),
    ],
)
async def test_what_is_not_taken_leaves_nothing(
    shop: Shop, said: dict[str, Any], code: str
) -> None:
    new = NewInteraction(**{"member_id": await shop.member(PHONE), **said})
    with pytest.raises(ShukeError) as refused:
        await act(shop, lambda: record_interaction(new))
    assert refused.value.code == code
    assert await shop.rows("SELECT id FROM interaction WHERE tenant_id = $1") == []


async def test_a_member_may_not_flood_staff_and_programs_may(shop: Shop) -> None:
    member, other = await shop.member(PHONE), await shop.member("13900139000")
    for _ in range(MOST_AN_HOUR):
        await ask(shop, member)
    with pytest.raises(ShukeError) as refused:
        await ask(shop, member)
    assert refused.value.code == "INTERACTIONS_TOO_MANY"
    await ask(shop, other)
    took_part = NewInteraction(member, Kind.CAMPAIGN, subject="spring")
    await act(shop, lambda: record_interaction(took_part))
    with clock.held_at(clock.now() + timedelta(minutes=61)):
        await ask(shop, member)


async def test_two_who_save_a_form_at_once_make_two_versions(shop: Shop) -> None:
    question = Question("q", "问", "Q", QuestionType.TEXT)
    await asyncio.gather(
        *(act(shop, lambda: save_form("f", "表", "F", [question])) for _ in range(8))
    )
    rows = await shop.rows("SELECT version, state FROM form WHERE tenant_id = $1 ORDER BY version")
    assert [row["version"] for row in rows] == list(range(1, 9))
    assert [row["state"] for row in rows] == ["replaced"] * 7 + ["current"]
