"""No tenant reaches another's rows: by table, by service, and with the code's own filters gone."""

import pytest
from tests.support.foreign_ids import blind_questions, service_leaks, whole_answers
from tests.support.full_tenants import Pair, Scratch
from tests.support.leaks import table_leaks
from tests.support.orm import orm_leaks
from tests.support.scratch import own_pool
from tests.support.without_filters import filters_removed

from shuke_core.places import Places


async def test_tables_are_apart(pair: Pair, places: Places) -> None:
    assert await table_leaks(pair, places) == []


async def test_both_tenants_have_rows_in_every_table(pair: Pair) -> None:
    assert set(pair.one.ids) == set(pair.other.ids) == set(pair.tables)
    assert all(pair.one.ids.values())
    assert all(pair.other.ids.values())


async def test_models_are_apart(pair: Pair) -> None:
    assert await orm_leaks(pair) == []


async def test_services_answer_a_foreign_id_as_an_unknown_one(pair: Pair) -> None:
    assert await service_leaks(pair) == []


async def test_every_question_tells_own_from_unknown(pair: Pair) -> None:
    assert await blind_questions(pair) == []


@pytest.mark.slow
async def test_row_security_alone_keeps_services_apart(scratch: Scratch) -> None:
    async with own_pool(scratch.places, 4):
        before = await whole_answers(scratch.pair)
        with filters_removed() as removed:
            assert await service_leaks(scratch.pair) == []
            assert await blind_questions(scratch.pair) == []
            assert await whole_answers(scratch.pair) == before
        assert removed.filters > 100
        assert removed.joins > 20
        assert removed.left == []


@pytest.mark.slow
async def test_row_security_alone_keeps_tables_and_models_apart(scratch: Scratch) -> None:
    async with own_pool(scratch.places, 4):
        with filters_removed() as removed:
            assert await orm_leaks(scratch.pair) == []
            assert await table_leaks(scratch.pair, scratch.places) == []
        assert removed.managers > 60
