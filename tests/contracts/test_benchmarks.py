"""The speed suite's arithmetic and table, on made-up numbers; the figures themselves are not tested."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import orjson
import pytest
from benchmarks.__main__ import BENCHES, main
from benchmarks.data import Shop as BenchShop
from benchmarks.load import post
from benchmarks.proof import LedgerDiffers, proven
from benchmarks.suite import (
    LIMIT,
    OURS,
    PEER,
    QUICK_MARGIN,
    Row,
    UnknownRow,
    alternate,
    chosen,
    percentile,
    row_of,
    table,
    write,
)
from tests.support.shop import Shop

from shuke_core.kit.ids import new_id

# The machine gets slower: every figure halves, and the ratio of a round stays what it is.
SLOWING = [
    {OURS: 400.0, LIMIT: 1000.0, PEER: 200.0},
    {OURS: 200.0, LIMIT: 400.0, PEER: 100.0},
    {OURS: 120.0, LIMIT: 240.0, PEER: 40.0},
]


def test_a_row_holds_medians_and_the_median_of_the_ratios_of_each_round() -> None:
    assert row_of("page", "requests/s", SLOWING, 0.45) == Row(
        name="page",
        ours=200.0,
        peer=100.0,
        limit=400.0,
        unit="requests/s",
        ratio_peer=2.0,
        ratio_limit=0.5,
        goal=0.45,
        met=True,
        rounds=3,
        spread=0.2,
    )


def test_a_row_without_limit_reports_and_never_fails() -> None:
    row = row_of("wake.p99", "ms", [{OURS: 20.0}, {OURS: 30.0}, {OURS: 22.0}])
    assert (row.ours, row.peer, row.limit, row.ratio_limit) == (22.0, None, None, None)
    assert (row.goal, row.met, row.spread) == (None, None, 0.455)
    assert not row.falls_short(1.0)


@pytest.mark.parametrize(
    ("goal", "met", "short", "short_when_quick"),
    [
        (0.5, True, False, False),
        (0.51, False, True, False),
        (1.0, False, True, False),
        (1.01, False, True, True),
    ],
)
def test_a_goal_is_met_from_its_ratio_on_and_quick_forgives_half(
    goal: float, met: bool, short: bool, short_when_quick: bool
) -> None:
    row = row_of("page", "requests/s", SLOWING, goal)
    assert row.met is met
    assert row.falls_short(1.0) is short
    assert row.falls_short(QUICK_MARGIN) is short_when_quick


async def test_contestants_take_turns() -> None:
    turns: list[str] = []

    def contestant(name: str, figure: float) -> Callable[[], Awaitable[float]]:
        async def run() -> float:
            turns.append(name)
            return figure

        return run

    rounds = await alternate(2, {OURS: contestant("a", 1.0), LIMIT: contestant("b", 2.0)})
    assert turns == ["a", "b", "a", "b"]
    assert rounds == [{OURS: 1.0, LIMIT: 2.0}] * 2


@pytest.mark.parametrize(
    ("part", "value"), [(0.0, 1.0), (0.5, 100.0), (0.501, 101.0), (0.99, 198.0), (1.0, 200.0)]
)
def test_a_percentile_is_a_value_that_was_there(part: float, value: float) -> None:
    assert percentile([float(n) for n in range(200, 0, -1)], part) == value


def test_the_table_lines_its_columns_up() -> None:
    rows = [
        row_of("page", "requests/s", [{OURS: 1234.4, LIMIT: 2468.8}], 0.6),
        row_of("wake.p50", "ms", [{OURS: 9.87}, {OURS: 9.5}]),
    ]
    assert table(rows).splitlines() == [
        "row       ours   peer  limit  unit        /peer  /limit  goal  met  spread",
        "page      1,234  -     2,469  requests/s  -      0.5     0.6   no   0%",
        "wake.p50  9.69   -     -      ms          -      -       -     -    4%",
    ]


def test_the_file_is_a_list_of_rows(tmp_path: Path) -> None:
    path = tmp_path / "results" / "latest.json"
    write([row_of("page", "requests/s", SLOWING, 0.6)], path)
    assert orjson.loads(path.read_bytes()) == [
        {
            "name": "page",
            "ours": 200.0,
            "peer": 100.0,
            "limit": 400.0,
            "unit": "requests/s",
            "ratio_peer": 2.0,
            "ratio_limit": 0.5,
            "goal": 0.6,
            "met": False,
            "rounds": 3,
            "spread": 0.2,
        }
    ]


def test_rows_are_chosen_by_name_and_run_in_the_order_of_the_suite() -> None:
    assert list(BENCHES) == [
        "read",
        "membership",
        "earn",
        "batch",
        "wake",
        "live",
        "staff",
        "growth",
        "rules",
    ]
    assert chosen([], list(BENCHES)) == list(BENCHES)
    assert chosen(["wake", "read"], list(BENCHES)) == ["read", "wake"]
    with pytest.raises(UnknownRow):
        chosen(["read", "reed"], list(BENCHES))


def test_an_unknown_name_is_refused_with_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--quick", "--only", "reed"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert (
        said.err == "There is no row 'reed'. Rows are: read, membership, earn, batch, "
        "wake, live, staff, growth, rules.\n"
    )


def test_a_request_is_whole() -> None:
    assert post("/t/a/hooks/till", {"webhook-id": "msg_1"}, b"{}") == (
        b"POST /t/a/hooks/till HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        b"webhook-id: msg_1\r\ncontent-length: 2\r\n\r\n{}"
    )


async def test_what_books_points_ends_in_the_ledger_verifier(shop: Shop) -> None:
    bench = BenchShop(1, shop.tenant_id, shop.slug, shop.secret, new_id(), {}, 0)
    with pytest.raises(LedgerDiffers, match="0 differences in 0 entries"):
        await proven(bench)
    await shop.sold(shop.ticket(phone="138 0013 8000", total="12.50"))
    assert await proven(bench) == 1
    await shop.rows(
        "UPDATE ledger_account SET available = available + 1 WHERE tenant_id = $1 RETURNING id"
    )
    with pytest.raises(LedgerDiffers, match="2 differences in 1 entries"):
        await proven(bench)
