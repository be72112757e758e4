"""What programs outside tell is recorded once; what was refused says nothing of what was typed."""

import asyncio
from dataclasses import replace

import pytest
from tests.support.follow_up import PHONE, act, settle, somebody, task_of
from tests.support.shop import Shop

from shuke_core.interactions.errors import AnswersInvalid, InteractionInvalid
from shuke_core.interactions.rules import (
    MOST_AN_HOUR,
    Kind,
    Question,
    QuestionType,
    checked_answers,
)
from shuke_core.interactions.services import NewInteraction, Told, record_told
from shuke_core.kit.errors import ShukeError
from shuke_core.kit.ids import new_id


async def counts(shop: Shop) -> dict[str, int]:
    (row,) = await shop.rows(
        "SELECT (SELECT count(*) FROM interaction WHERE tenant_id = $1) AS interactions, "
        "(SELECT count(*) FROM task WHERE tenant_id = $1) AS tasks, "
        "(SELECT count(*) FROM event WHERE tenant_id = $1 AND type = 'interaction.recorded') AS told"
    )
    return row


async def test_told_by_many_at_once_and_again_it_is_recorded_once(shop: Shop) -> None:
    first, second = await shop.member(PHONE), await shop.member("13900139000")
    told = Told("wechat", "msg-24681")
    # Half of them say that it was somebody else's: then no lock of one member keeps them apart.
    said = [NewInteraction(m, Kind.MESSAGE, "在吗", channel="wechat") for m in (first, second)]
    ids = await asyncio.gather(
        *(act(shop, lambda n=n: record_told(said[n % 2], told)) for n in range(8))  # type: ignore[misc]
    )
    again = await act(shop, lambda: record_told(replace(said[0], text="改了"), told))
    assert len({*ids, again}) == 1
    assert await counts(shop) == {"interactions": 1, "tasks": 1, "told": 1}
    assert await task_of(shop, again)


async def test_names_are_of_their_program_and_their_tenant(shop: Shop, other_shop: Shop) -> None:
    ids = set()
    for where in (shop, other_shop):
        member = await where.member(PHONE)
        for told in (Told("wechat", "1"), Told("wechat", "2"), Told("sms", "1")):
            new = NewInteraction(member, Kind.CAMPAIGN, subject="double-eleven")
            ids.add(await act(where, lambda n=new, t=told: record_told(n, t)))  # type: ignore[misc]
    assert len(ids) == 6
    assert await counts(shop) == {"interactions": 3, "tasks": 0, "told": 3}


async def test_what_comes_through_a_program_is_not_held_to_the_pace_of_a_person(shop: Shop) -> None:
    member = await shop.member(PHONE)

    async def all_of_them() -> None:
        for number in range(MOST_AN_HOUR + 5):
            await record_told(
                NewInteraction(member, Kind.MESSAGE, "在吗"), Told("wechat", str(number))
            )

    await act(shop, all_of_them)
    assert (await counts(shop))["interactions"] == MOST_AN_HOUR + 5
    await settle(shop)


@pytest.mark.parametrize(
    "told",
    [Told("", "1"), Told("wechat", ""), Told("x" * 41, "1"), Told("wechat", "y" * 121),
     Told("wechat", "我的 13800138000"), Told("wechat", "a\x00b"), Told("we\ud800", "1")],
)  # fmt: skip
async def test_a_name_is_a_name(told: Told, shop: Shop) -> None:
    new = NewInteraction(new_id(), Kind.MESSAGE, "在吗")
    with pytest.raises(InteractionInvalid):
        await act(shop, lambda: record_told(new, told))


async def test_what_is_refused_was_never_told(shop: Shop) -> None:
    """The same name may be told again, and right."""
    member, told = await shop.member(PHONE), Told("wechat", "7")
    for wrong in (
        NewInteraction(member, Kind.MESSAGE),
        NewInteraction(new_id(), Kind.MESSAGE, "好"),
    ):
        with pytest.raises(ShukeError):
            await act(shop, lambda n=wrong: record_told(n, told))  # type: ignore[misc]
    assert (await counts(shop))["interactions"] == 0
    await act(shop, lambda: record_told(NewInteraction(member, Kind.MESSAGE, "好"), told))
    assert (await counts(shop))["interactions"] == 1


def test_a_refusal_repeats_no_key_that_a_member_has_typed() -> None:
    """It is kept in the clear with the idempotency key."""
    asked = [Question("name", "姓名", "Name", QuestionType.TEXT)]
    for typed in ("13800138000", "a13800138000"):
        with pytest.raises(AnswersInvalid) as refused:
            checked_answers(asked, {typed: "x"})
        assert "13800138000" not in str(refused.value)


async def test_somebody_is_there_for_it(shop: Shop) -> None:
    """A message to the service account is a task as an inquiry is, with who is in the role."""
    await somebody(shop, "bob", "clerk")
    new = NewInteraction(await shop.member(PHONE), Kind.MESSAGE, "在吗")
    made = await act(shop, lambda: record_told(new, Told("wechat", "1")))
    rows = await shop.rows(
        "SELECT role, source FROM task WHERE tenant_id = $1 AND interaction_id = $2", made
    )
    assert rows == [{"role": "clerk", "source": "interaction"}]
