"""Probes of services: asked for a thing of another tenant, each answers as for an unknown one.

A probe is a question with handles. It is asked three times inside one tenant: with its own handles,
with made-up ones, and with those of the other tenant. The last two answers must be alike; the first
must differ from them, or the question could not tell a leak.
"""

import re
import secrets
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
from tests.support.full_tenants import Handles, Pair
from tests.support.leaks import Leak

from shuke_core.events.queries import events_behind
from shuke_core.integrations.quarantine import correct, discard, replay, waiting_tickets
from shuke_core.integrations.queries import progress_of
from shuke_core.integrations.services import integration_of, verify_sender
from shuke_core.integrations.signatures import SignatureRefused, new_secret, sign
from shuke_core.kit import clock
from shuke_core.kit.errors import ShukeError
from shuke_core.kit.ids import new_id
from shuke_core.kit.pagination import from_cursor
from shuke_core.kit.transactions import unit_of_work
from shuke_core.ledger.queries import balance_of, earned_by, entries_before, lots_expiring
from shuke_core.ledger.services import Cause, Earning, claw_back, earn, spend
from shuke_core.ledger.verify import verify_ledger
from shuke_core.members.phones import normalise_phone
from shuke_core.members.queries import member_card
from shuke_core.members.services import Identity, find_members, issue_token, member_of_token
from shuke_core.orders.queries import orders_before
from shuke_core.orders.services import NewRefund, NewSale, record_refunds, record_sales
from shuke_core.points.services import rule_in_force, take_back_for_refunds
from shuke_core.tenants.keyring import tenant_keys
from shuke_core.tenants.queries import count_rows, stores_by_code, this_tenant

Question = Callable[[Handles], Awaitable[object]]

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DAY = clock.now().date()


class _Undo(Exception):
    """Ends a unit that must leave nothing behind."""


def unknown() -> Handles:
    """Handles of the right form that nobody has given out."""
    return Handles(
        **{
            name: new_id()
            for name in (
                "member_id",
                "account_id",
                "entry_id",
                "order_id",
                "store_id",
                "integration_id",
                "ticket_id",
            )
        },
        store_code="S-none",
        integration="i-none",
        phone=f"139{secrets.randbelow(10**8):08}",
        token=secrets.token_urlsafe(32),
        cursor=secrets.token_urlsafe(27),
        secret=new_secret(),
    )


async def _claw_back(h: Handles) -> object:
    return await claw_back(
        h.account_id,
        1,
        first_from=h.entry_id,
        cause=Cause("refund", new_id()),
        rule_id=None,
        happened_at=clock.now(),
    )


async def _take_back(h: Handles) -> object:
    refund: dict[str, Any] = {
        "order_id": str(h.order_id),
        "refund_id": str(new_id()),
        "total_fen": 10_000,
        "refunded_before_fen": 2_000,
        "refunded_fen": 3_000,
        "refunded_at": clock.now().isoformat(),
    }
    return await take_back_for_refunds([refund])


async def _earn(h: Handles) -> object:
    earning = Earning(h.member_id, 1, new_id(), clock.now(), None)
    return await earn([earning], cause_type="gift", rule_id=None)


async def _find_members(h: Handles) -> object:
    phone = normalise_phone(h.phone)
    assert phone is not None
    return [str(found) for found in (await find_members([Identity.of_phone(phone)])).values()]


async def _sell_to(h: Handles, store_id: UUID, member_id: UUID | None) -> object:
    now = clock.now()
    sale = NewSale(store_id, secrets.token_hex(8), _DAY, now, now, member_id, 100, ())
    return await record_sales("probe", "CNY", [sale])


async def _sell_to_member(h: Handles) -> object:
    stores = await stores_by_code(["S1"])
    return await _sell_to(h, stores["S1"], h.member_id)


async def _refund_at_store(h: Handles) -> object:
    number = secrets.token_hex(8)
    refund = NewRefund(h.store_id, number, _DAY, clock.now(), number, None, 100, ())
    return await record_refunds("probe", [refund])


async def _issue_token(h: Handles) -> object:
    return bool(await issue_token(h.member_id))


async def _discard(h: Handles) -> object:
    await discard(h.ticket_id)
    return "discarded"


async def _cursor(h: Handles) -> object:
    return from_cursor((await tenant_keys()).digesting, "member.orders", h.cursor)


async def _verify_sender(h: Handles) -> object:
    moment = int(clock.now().timestamp())
    headers = {
        "webhook-id": "msg_probe",
        "webhook-timestamp": str(moment),
        "webhook-signature": sign(h.secret, "msg_probe", moment, b"{}"),
    }
    return await verify_sender("till", headers, b"{}")


async def _replay_until(h: Handles) -> object:
    """What a replay tries of the tickets up to the handle's."""
    tried, last = await replay("till", UUID(int=h.ticket_id.int - 1))
    return (tried, last == h.ticket_id)


QUESTIONS: dict[str, Question] = {
    "claw_back": _claw_back,
    "take_back_for_refunds": _take_back,
    "earn": _earn,
    "spend": lambda h: spend(h.account_id, 1, Cause("gift", new_id())),
    "balance_of": lambda h: balance_of(h.member_id),
    "lots_expiring": lambda h: lots_expiring(h.account_id, clock.now() + timedelta(days=800)),
    "entries_before": lambda h: entries_before(h.account_id, None, 100),
    "earned_by": lambda h: earned_by("order", [h.order_id]),
    "member_card": lambda h: member_card(h.member_id),
    "issue_token": _issue_token,
    "member_of_token": lambda h: member_of_token(h.token),
    "find_members": _find_members,
    "orders_before": lambda h: orders_before(h.member_id, None, 100),
    "record_sales at a store": lambda h: _sell_to(h, h.store_id, None),
    "record_sales to a member": _sell_to_member,
    "record_refunds": _refund_at_store,
    "stores_by_code": lambda h: stores_by_code([h.store_code]),
    "integration_of": lambda h: integration_of(h.integration),
    "verify_sender": _verify_sender,
    "progress_of": lambda h: progress_of(h.integration_id),
    "correct": lambda h: correct(h.ticket_id, {"store": "S1"}),
    "discard": _discard,
    "replay": _replay_until,
    "cursor": _cursor,
}

# Questions about the whole tenant: what another one has must not change the answer.
WHOLE: dict[str, Callable[[], Awaitable[object]]] = {
    "count_rows": count_rows,
    "this_tenant": this_tenant,
    "rule_in_force": rule_in_force,
    "events_behind": events_behind,
    "verify_ledger": verify_ledger,
    "waiting_tickets": lambda: waiting_tickets("till"),
}


async def answer(
    tenant_id: UUID, ask: Callable[[], Awaitable[object]], named: Sequence[str] = ()
) -> str:
    """What comes back: the value, or the error with its words. Nothing stays.

    Ids, and what the asker has `named`, are left out of it.
    """
    said = ""
    try:
        async with unit_of_work(tenant_id):
            said = f"answers {await ask()!r}"
            raise _Undo
    except _Undo:
        pass
    except ShukeError as error:
        said = f"{error.code}: {error}"
    except (SignatureRefused, asyncpg.PostgresError, LookupError) as error:
        said = f"{type(error).__name__}: {error}"
    for text in named:
        said = said.replace(text, "(named)")
    return _ID.sub("(id)", said)


async def _asked(pair: Pair, question: Question, handles: Handles) -> str:
    named = (handles.store_code, handles.integration)
    return await answer(pair.one.tenant_id, lambda: question(handles), named)


async def service_leaks(pair: Pair) -> list[Leak]:
    """Services that tell the other tenant's things from unknown ones, from within the first."""
    leaks = []
    for name, question in QUESTIONS.items():
        of_nobody = await _asked(pair, question, unknown())
        of_other = await _asked(pair, question, pair.other.handles)
        if of_other != of_nobody:
            leaks.append(Leak(name, "service", f"{of_other}, for an unknown one: {of_nobody}"))
    return leaks


async def blind_questions(pair: Pair) -> list[str]:
    """Questions that answer alike for a tenant's own things: they could not tell a leak."""
    return [
        name
        for name, question in QUESTIONS.items()
        if await _asked(pair, question, pair.one.handles) == await _asked(pair, question, unknown())
    ]


async def whole_answers(pair: Pair) -> dict[str, str]:
    """The answers about the whole first tenant."""
    return {name: await answer(pair.one.tenant_id, ask) for name, ask in WHOLE.items()}
