"""Staff watch an integration and mend its quarantine; retried acts happen once."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.schema.staff.staff import ask, code_of, data
from tests.support.shop import Shop

from shuke_core.kit.transactions import unit_of_work
from shuke_core.tenants.services import add_store

LOOK = """
query ($after: String, $state: InboxState) {
  integration(key: "till") {
    key kind state
    progress { received pending dead accepted known quarantined }
    inbox(state: $state) { edges { node { messageId state accepted quarantined } } }
    quarantine(first: 2, after: $after) {
      edges { node { id rowNo field code found } } pageInfo { hasNextPage endCursor }
    }
  }
}
"""
REPAIR = """
mutation ($id: ID!, $fields: JSON!, $key: String!) {
  correctTicket(id: $id, fields: $fields, idempotencyKey: $key) {
    accepted stillQuarantined errors { code path message }
  }
}
"""
REPLAY = """
mutation ($after: ID, $key: String!, $integration: String! = "till") {
  replayTickets(integration: $integration, after: $after, idempotencyKey: $key) {
    accepted stillQuarantined last errors { code path }
  }
}
"""
DISCARD = """
mutation ($id: ID!, $key: String!) {
  discardTicket(id: $id, idempotencyKey: $key) { accepted errors { code path } }
}
"""


async def _spoilt(shop: Shop, tickets: int = 1) -> None:
    await shop.sold(
        *[shop.ticket(store="S9", no=f"B-{n}", phone="13800138000") for n in range(tickets)]
    )


async def _look(client: httpx.AsyncClient, shop: Shop, **variables: Any) -> Any:
    return (await data(client, shop, LOOK, "operator", **variables))["integration"]


async def _first(client: httpx.AsyncClient, shop: Shop) -> str:
    found = await _look(client, shop)
    return str(found["quarantine"]["edges"][0]["node"]["id"])


async def test_how_an_integration_is_doing(client: httpx.AsyncClient, shop: Shop) -> None:
    await shop.send(shop.ticket(), message_id="m-1")
    waiting = await _look(client, shop)
    assert waiting["progress"]["pending"] == 1
    await shop.work()
    await _spoilt(shop, 3)
    found = await _look(client, shop)
    assert (found["key"], found["kind"], found["state"]) == ("till", "webhook", "active")
    assert found["progress"] == {
        "received": 2, "pending": 0, "dead": 0, "accepted": 1, "known": 0, "quarantined": 3
    }  # fmt: skip
    assert [edge["node"]["quarantined"] for edge in found["inbox"]["edges"]] == [3, 0]
    assert (await _look(client, shop, state="PENDING"))["inbox"]["edges"] == []
    first = found["quarantine"]["edges"][0]["node"]
    assert (first["rowNo"], first["field"], first["code"], first["found"]) == (
        1, "store", "STORE_UNKNOWN", "S9"
    )  # fmt: skip
    rest = await _look(client, shop, after=found["quarantine"]["pageInfo"]["endCursor"])
    assert [edge["node"]["rowNo"] for edge in rest["quarantine"]["edges"]] == [3]
    everything = await data(client, shop, "{ integrations { key } }")
    assert everything == {"integrations": [{"key": "till"}]}
    unknown = await data(client, shop, '{ integration(key: "tilt") { key } }')
    assert unknown == {"integration": None}


async def test_a_corrected_ticket_goes_in_once_however_often_it_is_sent(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    await _spoilt(shop)
    asked = {"id": await _first(client, shop), "fields": {"store": "S1"}, "key": "k-1"}
    answers = [await data(client, shop, REPAIR, "operator", **asked) for _ in range(3)]
    assert answers == [{"correctTicket": {"accepted": 1, "stillQuarantined": 0, "errors": []}}] * 3
    for _ in range(2):
        await shop.work()
    assert await shop.rows("SELECT external_no FROM orders WHERE tenant_id = $1") == [
        {"external_no": "B-0"}
    ]
    other = await data(client, shop, REPAIR, "operator", **asked | {"fields": {"store": "S2"}})
    (error,) = other["correctTicket"]["errors"]
    assert (error["code"], error["path"]) == ("IDEMPOTENCY_KEY_REUSED", ["idempotencyKey"])
    again = await data(client, shop, REPAIR, "operator", **asked | {"key": "k-2"})
    (error,) = again["correctTicket"]["errors"]
    assert (error["code"], error["path"]) == ("TICKET_NOT_QUARANTINED", ["id"])
    assert "errors" not in await ask(client, shop, REPAIR, "admin", **asked)  # another caller


async def test_a_correction_that_is_none_leaves_the_ticket_where_it_is(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    await _spoilt(shop)
    ticket = await _first(client, shop)
    done = await data(client, shop, REPAIR, id=ticket, fields={"store": "S8"}, key="k-1")
    assert done["correctTicket"] == {"accepted": 0, "stillQuarantined": 1, "errors": []}
    done = await data(client, shop, REPAIR, id=ticket, fields=["store"], key="k-2")
    (error,) = done["correctTicket"]["errors"]
    assert (error["code"], error["path"]) == ("CORRECTION_INVALID", ["fields"])
    assert await _first(client, shop) == ticket


async def test_after_a_fix_outside_all_are_replayed(client: httpx.AsyncClient, shop: Shop) -> None:
    await _spoilt(shop, 3)
    async with unit_of_work(shop.tenant_id):
        await add_store("S9", "九店")
    done = (await data(client, shop, REPLAY, "operator", key="k-1"))["replayTickets"]
    assert (done["accepted"], done["stillQuarantined"], done["errors"]) == (3, 0, [])
    assert (await data(client, shop, REPLAY, "operator", key="k-1"))["replayTickets"] == done
    rest = await data(client, shop, REPLAY, "operator", key="k-2", after=done["last"])
    assert rest["replayTickets"] == {
        "accepted": 0, "stillQuarantined": 0, "last": None, "errors": []
    }  # fmt: skip
    nobody = await data(client, shop, REPLAY, "operator", key="k-3", integration="tilt")
    assert nobody["replayTickets"]["errors"] == [
        {"code": "INTEGRATION_UNKNOWN", "path": ["integration"]}
    ]


async def test_a_discarded_ticket_is_gone_for_good(client: httpx.AsyncClient, shop: Shop) -> None:
    await _spoilt(shop)
    ticket = await _first(client, shop)
    assert (await data(client, shop, DISCARD, id=ticket, key="k-1"))["discardTicket"][
        "errors"
    ] == []
    assert (await _look(client, shop))["quarantine"]["edges"] == []


@pytest.mark.parametrize("kind", ["foreign", "unknown", "impossible"])
async def test_somebody_elses_ticket_is_answered_as_an_unknown_one(
    kind: str, client: httpx.AsyncClient, shop: Shop, other_shop: Shop
) -> None:
    await _spoilt(other_shop)
    ids = {
        "foreign": await _first(client, other_shop),
        "unknown": str(uuid4()),
        "impossible": "x",
    }
    asked: list[tuple[str, dict[str, Any]]] = [(DISCARD, {}), (REPAIR, {"fields": {"store": "S1"}})]
    for document, more in asked:
        key = f"k-{len(more)}"
        body = await data(client, shop, document, id=ids[kind], key=key, **more)
        (payload,) = body.values()
        assert [error["code"] for error in payload["errors"]] == ["TICKET_NOT_QUARANTINED"]
    assert (await _look(client, other_shop))["progress"]["quarantined"] == 1


@pytest.mark.parametrize("key", ["", "with blank", "k" * 101])
async def test_an_idempotency_key_must_be_one(
    key: str, client: httpx.AsyncClient, shop: Shop
) -> None:
    done = await data(client, shop, REPLAY, key=key)
    assert done["replayTickets"]["errors"] == [
        {"code": "IDEMPOTENCY_KEY_INVALID", "path": ["idempotencyKey"]}
    ]


async def test_no_personal_value_comes_with_a_quarantined_ticket(
    client: httpx.AsyncClient, shop: Shop
) -> None:
    await shop.sold(shop.ticket(phone="1380013800013"), shop.ticket(phone="138 0013 80OO 张三"))
    body = await ask(client, shop, LOOK, "operator")
    assert "errors" not in body
    assert "001380" not in str(body)
    assert "张三" not in str(body)
    assert code_of(await ask(client, shop, LOOK, "clerk")) == "PERMISSION_DENIED"
