"""Compiled answers are those of plain resolvers, byte for byte, for whatever may be asked."""

import time

import pytest
from tests.schema.projection.samples import SAMPLES
from tests.schema.projection.trial import Tenant, Trial

from shuke_schema.composition import compose, shelf_of
from shuke_schema.parts import Audience

pytestmark = pytest.mark.slow

SEED = 20_261
DOCUMENTS = 150


@pytest.mark.timeout(0)
@pytest.mark.parametrize("with_plugins", [True, False], ids=["with plugins", "core alone"])
async def test_drawn_documents_are_answered_alike(
    tenants: list[Tenant], with_plugins: bool, soak: bool
) -> None:
    parts = [*(shelf_of(Audience.MEMBER).parts if with_plugins else []), SAMPLES]
    trial = Trial(compose(Audience.MEMBER, parts), tenants)
    seed = time.time_ns() if soak else SEED
    if differs := await trial.difference(5_000 if soak else DOCUMENTS, seed):
        pytest.fail(f"with the seed {seed}:\n{differs}")
    counts = trial.counts
    assert counts["executions"] == counts["documents"] * 8
    # Neither would mean much if nothing went wrong, or if no plan were used twice.
    assert counts["with errors"] > counts["executions"] / 20
    assert counts["on a kept plan"] > counts["executions"] / 4
