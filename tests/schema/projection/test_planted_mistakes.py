"""The judge is worth something: mistakes that a compiler like ours could have turn it red."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.schema.projection.samples import SAMPLES
from tests.schema.projection.trial import Tenant, Trial

from shuke_core.access.rights import FieldClass
from shuke_core.projection.sql import Writer
from shuke_schema.composition import compose
from shuke_schema.parts import Audience
from shuke_schema.projection import arguments, plan
from shuke_schema.projection.arguments import Site, shape_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

Plant = Callable[[pytest.MonkeyPatch], None]
MOST_DOCUMENTS = 2_000  # most are found within a hundred


def _booleans_are_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        plan, "shape_of", lambda value: ... if isinstance(value, bool) else shape_of(value)
    )


def _an_empty_cursor_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        plan, "shape_of", lambda value: str if isinstance(value, str) else shape_of(value)
    )


def _nulls_are_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "shape_of", lambda value: ... if value is None else shape_of(value))


def _rights_are_not_in_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    outline = plan.Plans.outline

    def forgetful(self: plan.Plans, *asked: Any) -> Any:
        return outline(self, *asked[:4], frozenset[FieldClass]())  # type: ignore[call-arg]

    monkeypatch.setattr(plan.Plans, "outline", forgetful)


def _ties_are_not_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = Writer._rows

    def tied(
        self: Writer, found: Any, pick: Any, this: str, parent: Any, order: str, *rest: Any
    ) -> str:
        return rows(self, found, pick, this, parent, order.partition(",")[0], *rest)

    monkeypatch.setattr(Writer, "_rows", tied)


def _a_page_begins_where_the_last_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    after = Writer._after
    monkeypatch.setattr(
        Writer, "_after", lambda self, *asked: after(self, *asked).replace(" < ", " <= ")
    )


def _the_first_values_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Site, "is_fixed", lambda self: True)


def _page_sizes_are_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arguments, "checked_page_size", lambda first, most: first)


@pytest.mark.timeout(0)
@pytest.mark.parametrize(
    "plant",
    [
        _booleans_are_parameters,
        _an_empty_cursor_is_one,
        _nulls_are_parameters,
        _rights_are_not_in_the_key,
        _ties_are_not_broken,
        _a_page_begins_where_the_last_ended,
        _the_first_values_stay,
        _page_sizes_are_not_checked,
    ],
)
async def test_a_planted_mistake_is_found(
    tenants: list[Tenant], monkeypatch: pytest.MonkeyPatch, plant: Plant
) -> None:
    plant(monkeypatch)
    trial = Trial(compose(Audience.MEMBER, [SAMPLES]), tenants)
    found = False
    try:
        found = bool(await trial.difference(MOST_DOCUMENTS, seed=7))
    except Exception:  # noqa: BLE001 (a statement that PostgreSQL refuses is found as well)
        found = True
    assert found
