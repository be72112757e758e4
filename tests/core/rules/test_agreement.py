"""SQL, memory and explanation agree on every row, for whatever facts and whatever documents are drawn.

As the app role on a real PostgreSQL, in all three truths. Each planted mistake must be found.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.core.rules.universe import World, documents, enter, moments, worlds
from tests.support.shop import Shop

from shuke_core.access.rights import EVERY_CLASS, Rights
from shuke_core.kit.transactions import fetch, unit_of_work
from shuke_core.rules import explanation, in_memory, in_sql
from shuke_core.rules.checking import check
from shuke_core.rules.document import Rule
from shuke_core.rules.explanation import explain
from shuke_core.rules.in_memory import Truth, decide, holds
from shuke_core.rules.in_sql import condition_of
from shuke_core.rules.loading import rows_for
from shuke_core.rules.registry import Registry, registry_with
from shuke_core.rules.rendering import Manner, render
from shuke_core.rules.times import At

pytestmark = pytest.mark.slow

TABLES = {"member": "member", "order": "orders", "line": "order_line"}
_HEALTH = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
DRAWN = settings(max_examples=150, suppress_health_check=_HEALTH)
PLANTED = settings(
    max_examples=400,
    suppress_health_check=_HEALTH,
    phases=[Phase.generate],
    report_multiple_bugs=False,
    derandomize=True,
    database=None,
)


class Undone(Exception):
    """Takes a world back."""


# Its end is where many drawn members have joined.
TODAY = ("member", {"field": "member.joined_at", "op": "between", "value": {"period": "today"}})


@st.composite
def trials(
    draw: st.DrawFn, also: Sequence[tuple[str, dict[str, Any]]] = ()
) -> tuple[At, World, Registry, list[tuple[str, dict[str, Any]]]]:
    """A moment, a world, the words of a tenant with retail on or off, and documents of these words."""
    at = draw(moments())
    registry = registry_with(frozenset({"retail"} if draw(st.booleans()) else ()))
    subjects = st.sampled_from(["member", "member", "order", "line"])
    asked = [
        (subject, draw(documents(registry, at, (subject,))))
        for subject in draw(st.lists(subjects, min_size=1, max_size=5))
    ]
    return at, draw(worlds(at)), registry, [*also, *asked]


async def sql_says(rule: Rule, registry: Registry, at: At) -> dict[UUID, Truth]:
    """The truth of every row."""
    text, values = condition_of(rule, registry, at).numbered("t")
    table = TABLES[rule.subject]
    rows = await fetch(
        f"SELECT t.id, {text} AS truth FROM {table} t WHERE t.tenant_id = $1", *values
    )
    return {row["id"]: row["truth"] for row in rows}


async def differences(
    at: At, world: World, registry: Registry, asked: list[tuple[str, dict[str, Any]]]
) -> None:
    """Raises AssertionError with the document for which two of the three disagree."""
    everything = Rights(classes=EVERY_CLASS)
    manner = Manner(at.zone)
    await enter(world)
    for subject, document in asked:
        rule = check(document, subject, registry, None)
        by_sql = await sql_says(rule, registry, at)
        rows = await rows_for([rule], registry, list(by_sql))
        by_memory = {each: decide(rule, row, at) for each, row in rows.items()}
        explained = {each: explain(rule, row, at, everything, manner) for each, row in rows.items()}
        assert by_memory == by_sql, document
        assert {each: why.holds for each, why in explained.items()} == by_sql, document
        assert {each: holds(rule, row, at) for each, row in rows.items()} == {
            each: truth is True for each, truth in by_sql.items()
        }
        assert render(rule, "zh", manner) == render(
            check(document, subject, registry, None), "zh", manner
        )


async def tried(shop: Shop, trial: tuple[At, World, Registry, list[Any]]) -> None:
    try:
        async with unit_of_work(shop.tenant_id):
            await differences(*trial)
            raise Undone
    except Undone:
        pass


@DRAWN
@given(trial=trials())
async def test_sql_memory_and_explanation_agree(shop: Shop, trial: Any) -> None:
    await tried(shop, trial)


def _not_of_unknown(part: in_memory.Decide) -> in_memory.Decide:
    return lambda rows, at: not part(rows, at)


MISTAKES = {
    "not of unknown is true": (in_memory, "_not", _not_of_unknown),
    "a period takes in the next one's first moment": (in_sql, "ends_before", lambda kind: False),
    "an explanation reads what is missing as false": (
        explanation,
        "compared",
        lambda *told: lambda rows, at: bool(in_memory.compared(*told)(rows, at)),
    ),
    "a null in memory equals itself": (
        in_memory,
        "_listed",
        lambda get, operand, wanted: lambda rows, at: (get(rows, at) in operand) is wanted,
    ),
}


@pytest.fixture(params=MISTAKES)
def mistake(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of the evaluators is wrong."""
    monkeypatch.setattr(*MISTAKES[request.param])


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="an evaluator is planted wrong")
@pytest.mark.usefixtures("mistake")
@PLANTED
@given(trial=trials([TODAY]))
async def test_a_wrong_evaluator_is_found(shop: Shop, trial: Any) -> None:
    await tried(shop, trial)
