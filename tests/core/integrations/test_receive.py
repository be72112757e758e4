"""What is received is safe; what is refused leaves no trace."""

from datetime import timedelta

import orjson
import pytest
from tests.support.shop import Shop

from shuke_core.integrations.errors import (
    IntegrationReserved,
    IntegrationUnknown,
    MessageMalformed,
    MessageTypeUnknown,
)
from shuke_core.integrations.services import add_integration, receive_message, rotate_secret
from shuke_core.integrations.signatures import SignatureRefused, sign
from shuke_core.kit import clock
from shuke_core.kit.errors import ShukeError
from shuke_core.kit.transactions import unit_of_work


async def _receive(shop: Shop, headers: dict[str, str], body: bytes, key: str = "till") -> bool:
    async with unit_of_work(shop.tenant_id):
        return (await receive_message(key, headers, body)).known


async def _inbox(shop: Shop) -> int:
    return len(await shop.rows("SELECT id FROM inbox WHERE tenant_id = $1"))


def _signed(shop: Shop, body: bytes) -> dict[str, str]:
    moment = int(clock.now().timestamp())
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(moment),
        "webhook-signature": sign(shop.secret, "msg_1", moment, body),
    }


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", MessageMalformed),
        (b"{", MessageMalformed),
        (b"[]", MessageMalformed),
        (b'{"data":{}}', MessageMalformed),
        (b'{"type":7}', MessageMalformed),
        (b'{"type":"weather","data":{}}', MessageTypeUnknown),
        (b'{"type":"tickets"}', MessageMalformed),
        (b'{"type":"tickets","data":{"tickets":[]}}', MessageMalformed),
        (b'{"type":"tickets","data":{"tickets":{}}}', MessageMalformed),
        (orjson.dumps({"type": "tickets", "data": {"tickets": [1] * 501}}), MessageMalformed),
    ],
)
async def test_a_malformed_message_is_refused_and_not_kept(
    shop: Shop, body: bytes, error: type[ShukeError]
) -> None:
    with pytest.raises(error):
        await _receive(shop, _signed(shop, body), body)
    assert await _inbox(shop) == 0


@pytest.mark.parametrize("minutes", [-6, 6])
async def test_a_stale_or_future_timestamp_is_refused(shop: Shop, minutes: int) -> None:
    headers, body = shop.message([shop.ticket()], at=clock.now() + timedelta(minutes=minutes))
    with pytest.raises(SignatureRefused) as refused:
        await _receive(shop, headers, body)
    assert refused.value.code == "TIMESTAMP_STALE"
    assert await _inbox(shop) == 0


async def test_a_forged_body_is_refused(shop: Shop) -> None:
    headers, body = shop.message([shop.ticket()])
    with pytest.raises(SignatureRefused) as refused:
        await _receive(shop, headers, body + b" ")
    assert refused.value.code == "SIGNATURE_INVALID"
    assert await _inbox(shop) == 0


async def test_the_secret_of_another_tenant_signs_nothing_here(
    shop: Shop, other_shop: Shop
) -> None:
    headers, body = other_shop.message([shop.ticket()])
    with pytest.raises(SignatureRefused):
        await _receive(shop, headers, body)


async def test_an_unknown_integration_is_refused(shop: Shop) -> None:
    headers, body = shop.message([shop.ticket()])
    with pytest.raises(IntegrationUnknown):
        await _receive(shop, headers, body, key="other-till")


async def test_both_secrets_sign_while_the_sender_changes_over(shop: Shop) -> None:
    async with unit_of_work(shop.tenant_id):
        await rotate_secret("till")
    old_still_works = await _receive(shop, *shop.message([shop.ticket()]))
    assert old_still_works is False
    with clock.held_at(clock.now() + timedelta(days=1, minutes=1)):
        headers, body = shop.message([shop.ticket()])
        with pytest.raises(SignatureRefused):
            await _receive(shop, headers, body)


async def test_messages_are_sealed_at_rest(shop: Shop) -> None:
    await shop.send(shop.ticket(phone="13800138000"))
    rows = await shop.rows("SELECT sealed FROM inbox WHERE tenant_id = $1")
    assert b"13800138000" not in rows[0]["sealed"]


@pytest.mark.parametrize("key", ["mini-program", "counter"])
async def test_no_integration_is_called_as_a_channel_of_the_house(shop: Shop, key: str) -> None:
    with pytest.raises(IntegrationReserved):
        async with unit_of_work(shop.tenant_id):
            await add_integration(key)
    assert len(await shop.rows("SELECT id FROM integration WHERE tenant_id = $1")) == 1
