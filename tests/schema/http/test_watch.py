"""Requests are counted and timed by audience and operation; traces go on; labels stay bounded."""

import re
from hashlib import sha256
from uuid import uuid4

import httpx
import pytest
from prometheus_client import REGISTRY, generate_latest
from tests.support.shop import Shop

from shuke_core.kit import metrics
from shuke_core.kit.traces import begin_trace, current_notes, current_trace, noting, of_traces
from shuke_schema.asgi import create_app

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def _told(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def _post(shop: Shop, query: str) -> httpx.Response:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(create_app()), base_url="http://shuke.example"
    ) as app:
        return await app.post(f"/t/{shop.slug}/member/graphql", json={"query": query})


async def test_an_operation_is_counted_by_audience_and_digest(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "_operations", set())  # tests before may have used up the labels
    monkeypatch.setattr(metrics, "_seen_once", {})
    query = "query A { __typename }"
    digest = sha256(query.encode()).hexdigest()[:16]
    await _post(shop, query)  # it gets its label when it comes again
    before = _told("shuke_operation_seconds_count", audience="member", operation=digest)
    answer = await _post(shop, query)
    assert answer.status_code == 200
    assert re.fullmatch("[0-9a-f]{16}", answer.headers["x-request-id"])
    after = _told("shuke_operation_seconds_count", audience="member", operation=digest)
    assert after - before == 1
    assert shop.slug not in generate_latest().decode()


async def test_a_document_that_is_not_valid_makes_no_label(shop: Shop) -> None:
    before = generate_latest().decode().count("shuke_operation_seconds_count{")
    requests = _told("shuke_request_seconds_count", audience="member", status="2xx")
    await _post(shop, f"{{ nothing{uuid4().hex} }}")
    assert generate_latest().decode().count("shuke_operation_seconds_count{") == before
    assert _told("shuke_request_seconds_count", audience="member", status="2xx") == requests + 1


def test_after_two_hundred_operations_the_rest_are_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_operations", set())
    labels = {
        metrics.bounded_operation(f"{n:016}", is_trusted=False) for n in range(1000) for _ in "12"
    }
    assert len(labels) == metrics.MOST_OPERATIONS + 1
    assert metrics.OTHER in labels
    assert metrics.bounded_operation("trusted", is_trusted=True) == "trusted"


def test_documents_that_come_once_take_no_label_from_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(metrics, "_operations", set())
    monkeypatch.setattr(metrics, "_seen_once", {})
    made_up = {metrics.bounded_operation(f"{n:016}", is_trusted=False) for n in range(5000)}
    assert made_up == {metrics.OTHER}
    assert len(metrics._seen_once) == 1000
    told = [metrics.bounded_operation("honest", is_trusted=False) for _ in range(3)]
    assert told == [metrics.OTHER, "honest", "honest"]


def test_a_trace_keeps_its_id_and_gets_a_span_of_its_own() -> None:
    trace = begin_trace(PARENT)
    assert trace.split("-")[1] == PARENT.split("-")[1]
    assert trace != PARENT


@pytest.mark.parametrize(
    "parent",
    [None, "", "x", PARENT.upper(), "00-" + "0" * 32 + "-b7ad6b7169203331-01", "ff" + PARENT[2:]],
)
def test_without_a_legible_parent_a_trace_begins(parent: str | None) -> None:
    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-01", begin_trace(parent))
    assert begin_trace(parent).split("-")[1] != PARENT.split("-")[1]


def test_a_batch_of_several_traces_has_none() -> None:
    with of_traces([PARENT, PARENT]):
        assert current_trace() == PARENT
        assert current_notes() == {"trace": PARENT.split("-")[1]}
    with noting(trace=PARENT), of_traces([PARENT, None]):
        assert current_trace() is None


async def test_a_trace_goes_from_the_request_to_the_message_and_its_events(shop: Shop) -> None:
    headers, body = shop.message([shop.ticket()])
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(create_app()), base_url="http://shuke.example"
    ) as app:
        await app.post(
            f"/t/{shop.slug}/hooks/till", content=body, headers={**headers, "traceparent": PARENT}
        )
    await shop.send(shop.ticket())  # of another request: taken in by the same batch
    await shop.work()
    (told,) = await shop.rows("SELECT trace FROM inbox WHERE tenant_id = $1 AND trace IS NOT NULL")
    assert told["trace"].split("-")[1] == PARENT.split("-")[1]
    events = await shop.rows(
        "SELECT trace FROM event WHERE tenant_id = $1 AND type = 'order.completed'"
    )
    assert sorted(event["trace"] or "" for event in events) == ["", told["trace"]]
