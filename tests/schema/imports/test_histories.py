"""Whole histories through the public doors: sent as a file, imported in the background, added up.

CDNOW's purchases are real; phones and stores are made here, since it has none. Cents are taken as fen.
"""

import httpx
import pytest
from tests.schema.imports.sending import by_file
from tests.support.shop import Shop

from shuke_schema.demo.history import read_history

_SUMS = (
    "SELECT count(*) AS orders, count(DISTINCT member_id) AS members, sum(total_fen)::int8 AS fen, "
    "count(*) FILTER (WHERE total_fen = 0) AS free FROM orders WHERE tenant_id = $1"
)


def _cdnow(*, sample: bool) -> str:
    rows = [
        f"{purchase.customer}-{purchase.serial},S{purchase.customer % 2 + 1},{purchase.day},"
        f"138{purchase.customer:08},CD,{purchase.units},{purchase.fen / 100:.2f}\n"
        for purchase in read_history(sample=sample)
    ]
    return "".join(["order no,store,time,phone,item,quantity,amount\n", *rows])


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_the_whole_history_of_cdnow_adds_up_to_the_cent(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    told = await by_file(client, shop, _cdnow(sample=False), withoutPoints=True)
    assert told["fileImport"] == {
        "state": "DONE",
        "failure": None,
        "rows": 69_659,
        "entered": 69_659,
        "same": 0,
        "refused": 0,
    }
    rows = await shop.rows(_SUMS)
    assert rows == [{"orders": 69_659, "members": 23_570, "fen": 250_031_563, "free": 80}]
    visits = await shop.rows(
        "SELECT count(*) FILTER (WHERE n = 1) AS once, max(n) AS most FROM (SELECT count(*) AS n "
        "FROM orders WHERE tenant_id = $1 GROUP BY member_id) per_member"
    )
    assert visits == [{"once": 11_908, "most": 217}]


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_tenth_of_cdnow_earns_as_if_a_till_had_sent_it(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    purchases, text = read_history(sample=True), _cdnow(sample=True)
    for entered, same in ((6_919, 0), (0, 6_919)):
        told = (await by_file(client, shop, text))["fileImport"]
        assert (told["state"], told["entered"], told["same"]) == ("DONE", entered, same)
    for _ in range(3):
        await shop.work("relay", "reactions")
    earned = await shop.rows(
        "SELECT coalesce(sum(amount), 0)::int8 AS points, count(*) AS entries FROM ledger_entry "
        "WHERE tenant_id = $1 AND cause_type = 'order'"
    )
    assert earned == [
        {
            "points": sum(purchase.fen // 100 for purchase in purchases),
            "entries": sum(purchase.fen >= 100 for purchase in purchases),
        }
    ]
    assert (await shop.verified()).differences == 0
