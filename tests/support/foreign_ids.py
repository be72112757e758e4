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
from tests.support.foreign_alerts import ALERTED
from tests.support.foreign_campaigns import CAMPAIGNED, CAMPAIGNS
from tests.support.foreign_care import CARED_FOR
from tests.support.foreign_catalog import SHELVED, SHELVES
from tests.support.foreign_exports import DISCLOSED
from tests.support.foreign_identities import IDENTIFIED
from tests.support.foreign_merges import MERGED, MERGES
from tests.support.foreign_orders import ORDERED
from tests.support.foreign_rights import OF_THE_PERSON
from tests.support.foreign_rules import RULED
from tests.support.full_tenants import Account, Handles, Pair
from tests.support.leaks import Leak
from tests.support.reading import columns_of, page_of, told_staff

from shuke_core.assignments.queries import AssignmentWay, advisor_of
from shuke_core.assignments.services import (
    Chosen,
    assign_automatically,
    assign_members,
    hand_over,
)
from shuke_core.audit.chain import verify_chain
from shuke_core.audit.queries import Search, acts_before
from shuke_core.credentials.locks import STRANGERS, take_try
from shuke_core.credentials.second_factor import second_factor_of, take_recovery_code
from shuke_core.disclosure.limits import disclosure_limits
from shuke_core.events.queries import events_behind
from shuke_core.idempotency.services import once
from shuke_core.integrations.quarantine import correct, discard, replay, waiting_tickets
from shuke_core.integrations.queries import (
    all_integrations,
    messages_before,
    progress_of,
    waiting_after,
)
from shuke_core.integrations.services import integration_of, verify_sender
from shuke_core.integrations.signatures import SignatureRefused, new_secret, sign
from shuke_core.interactions.errors import FollowUpRuleInvalid
from shuke_core.interactions.follow_up import rule_for, set_follow_up_rule
from shuke_core.interactions.forms import close_form, current_form
from shuke_core.interactions.queries import interaction_of_id
from shuke_core.interactions.rules import Kind, Rule
from shuke_core.interactions.services import (
    NewInteraction,
    Told,
    close_interaction,
    record_interaction,
    record_told,
)
from shuke_core.kit import clock
from shuke_core.kit.errors import ShukeError
from shuke_core.kit.ids import new_id
from shuke_core.kit.pagination import from_cursor
from shuke_core.kit.transactions import fetch_one, unit_of_work
from shuke_core.ledger.queries import ExpiringPoints, PointsEntry, balance_of, earned_by
from shuke_core.ledger.services import Cause, Earning, claw_back, earn, spend
from shuke_core.ledger.verify import verify_ledger
from shuke_core.members.queries import (
    id_of_phone,
    member_of_card,
    member_of_id,
)
from shuke_core.members.rules import new_card_no
from shuke_core.members.services import (
    issue_token,
    member_of_token,
    rename_member,
)
from shuke_core.orders.queries import Order
from shuke_core.orders.services import NewSale, record_sales
from shuke_core.orders.steps import NewRefund, record_refunds
from shuke_core.plugins.queries import plugin_switches
from shuke_core.points.services import rule_in_force, take_back_for_refunds
from shuke_core.profiles.queries import all_profile_fields
from shuke_core.projection.reads import Read
from shuke_core.rules.queries import stored_rules
from shuke_core.staff.addressees import Addressee
from shuke_core.staff.administration import change_role, issue_reset_code, unlock_staff
from shuke_core.staff.codes import try_challenge, use_code
from shuke_core.staff.demands import second_factor_rule
from shuke_core.staff.presence import set_away, set_stores
from shuke_core.staff.queries import account_of, accounts_before, all_staff
from shuke_core.staff.services import issue_staff_token, leave, staff_of_token
from shuke_core.staff.sessions import revoke_all, revoke_session, sessions_of
from shuke_core.staff.sign_in import names_of
from shuke_core.stepup.approvals import decide_approval
from shuke_core.stepup.queries import approval_limits, approvals_before
from shuke_core.stepup.services import confirm_step_up
from shuke_core.tasks.queries import task_told
from shuke_core.tasks.services import Doer, NewTask, cancel_task, create_task, hand_over_task
from shuke_core.tenants.keyring import tenant_keys
from shuke_core.tenants.queries import all_stores, count_rows, stores_by_code, this_tenant

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
                "rule_id",
                "campaign_id",
                "absorbed_id",
                "merge_id",
                "account_id",
                "entry_id",
                "order_id",
                "store_id",
                "advisor_id",
                "integration_id",
                "ticket_id",
                "interaction_id",
                "task_id",
                "alert_id",
                "export_id",
                "request_id",
                "claim_id",
                "note_id",
                "upload_id",
                "category_id",
                "item_id",
                "import_id",
                "row_id",
            )
        },
        item_code="I-none",
        campaign_code="C-none",
        store_code="S-none",
        form="f_none",
        app_id="wx00000000",
        openid="o-none00",
        erp_no="E-none",
        profile_field="p_none",
        member_code="SKM." + secrets.token_urlsafe(42),
        export_link=secrets.token_urlsafe(32),
        picture_link=secrets.token_urlsafe(36),
        integration="i-none",
        phone=f"139{secrets.randbelow(10**8):08}",
        card_no=new_card_no(),
        name="王nobody",
        token=secrets.token_urlsafe(32),
        staff="s-none",
        staff_token=secrets.token_urlsafe(32),
        account=Account(
            staff_id=new_id(),
            session_id=new_id(),
            invite=secrets.token_urlsafe(24),
            challenge=secrets.token_urlsafe(24),
            recovery_code="aaaa-bbbb-cccc-dddd",
            step_up_id=new_id(),
            approval_id=new_id(),
        ),
        key="k-none",
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


async def _rename(h: Handles) -> object:
    await rename_member(h.member_id, "李")
    return "renamed"


async def _staff_token(h: Handles) -> object:
    return bool(await issue_staff_token(h.staff))


async def _leave(h: Handles) -> object:
    await leave(h.staff)
    return "left"


async def _away(h: Handles) -> object:
    await set_away(h.advisor_id, clock.now(), None)
    return "away"


async def _stores_of_staff(h: Handles) -> object:
    await set_stores(h.advisor_id, [])
    return "at none"


async def _stores_of_ours(h: Handles) -> object:
    """Somebody of ours is to work at the handle's store."""
    row = await fetch_one("SELECT id FROM staff WHERE tenant_id = $1 LIMIT 1")
    assert row is not None
    await set_stores(row["id"], [h.store_id])
    return "there"


async def _deal(h: Handles) -> object:
    await assign_members(Chosen(ids=[h.member_id]), None)
    return await assign_automatically(Chosen(ids=[h.member_id]), AssignmentWay.LEAST_BUSY)


async def _messages(h: Handles) -> object:
    return len(await messages_before(h.integration_id, None, None, 10))


async def _waiting(h: Handles) -> object:
    return len(await waiting_after(h.integration_id, None, 10))


async def _once(h: Handles) -> object:
    """Whether the act was done now, or before under the same key."""

    async def act() -> dict[str, int]:
        return {"done": 2}

    return (await once("probe", "act", h.key, {}, act, refusals=())).result


async def _take_try(h: Handles) -> object:
    """Whether there is somebody whose tries are counted."""
    return (await take_try(h.account.staff_id, STRANGERS)).failures > 0


async def _confirm_step_up(h: Handles) -> object:
    """Whether there is one to confirm: a wrong code is answered otherwise."""
    return type(await confirm_step_up(h.account.staff_id, h.account.step_up_id, "x"))


async def _decide(h: Handles) -> object:
    await decide_approval(None, h.account.approval_id, True)
    return "decided"


async def _revoke(h: Handles) -> object:
    await revoke_session(h.account.staff_id, h.account.session_id)
    return "revoked"


async def _unlock(h: Handles) -> object:
    await unlock_staff(h.account.staff_id)
    return "unlocked"


async def _change_role(h: Handles) -> object:
    await change_role(None, h.account.staff_id, "admin")
    return "changed"


async def _reset_code(h: Handles) -> object:
    return bool(await issue_reset_code(None, h.account.staff_id))


async def _names(h: Handles) -> object:
    """What is known of somebody, beside what the tenant is called."""
    return len(await names_of(h.account.staff_id))


_DOER = Doer(UUID(int=1), "operator", manages=True)


async def _record(h: Handles, kind: Kind, **more: Any) -> object:
    return bool(await record_interaction(NewInteraction(h.member_id, kind, **more)))


async def _tell(h: Handles) -> object:
    new = NewInteraction(h.member_id, Kind.MESSAGE, "在吗")
    return bool(await record_told(new, Told("wechat", str(h.member_id))))


async def _fill_in(h: Handles) -> object:
    return len((await current_form(h.form)).questions)


async def _close_form(h: Handles) -> object:
    await close_form(h.form)
    return "closed"


async def _rule_of_form(h: Handles) -> object:
    return (await rule_for(Kind.FORM, h.form)).role


async def _set_rule(h: Handles) -> object:
    try:
        await set_follow_up_rule(Rule(Kind.FORM, h.form, role="clerk"))
    except FollowUpRuleInvalid as refused:
        return refused.code  # its words name the form that was asked for
    return "set"


async def _close_interaction(h: Handles) -> object:
    await close_interaction(h.interaction_id, _DOER)
    return "closed"


async def _hand_over_task(h: Handles) -> object:
    await hand_over_task(h.task_id, _DOER, Addressee(role="clerk"), 1)
    return "handed over"


async def _cancel(h: Handles) -> object:
    await cancel_task(h.task_id, _DOER, 1, None)
    return "cancelled"


async def _task_about(h: Handles) -> object:
    due = clock.now() + timedelta(hours=1)
    return bool(await create_task(NewTask(Addressee(role="clerk"), due, h.member_id)))


_OF_THE_ACCOUNT = "this.account_id = :account"
_PAGE = "{ me { cardNo points { balance entries { edges { node { points } } } } } }"
_NAMED = "query ($prefix: String!) { members(namePrefix: $prefix) { edges { node { name } } } }"
_NEWEST = "{ members { edges { node { cardNo orders { edges { node { no } } } } } } }"


def vars_of(h: Handles) -> dict[str, UUID]:
    """What the reads below are given."""
    return {"account": h.account_id, "member": h.member_id}


QUESTIONS: dict[str, Question] = {
    "member_of_card": lambda h: columns_of(member_of_card(h.card_no), "card_no"),
    "id_of_phone": lambda h: id_of_phone(h.phone),
    "members_named": lambda h: told_staff(_NAMED, prefix=h.name),
    "rename_member": _rename,
    **CARED_FOR,
    "staff_of_token": lambda h: staff_of_token(h.staff_token),
    "issue_staff_token": _staff_token,
    "leave": _leave,
    "take_try": _take_try,
    "second_factor_of": lambda h: second_factor_of(h.account.staff_id),
    "take_recovery_code": lambda h: take_recovery_code(h.account.staff_id, h.account.recovery_code),
    "use_code": lambda h: use_code(h.account.invite, "invite"),
    "try_challenge": lambda h: try_challenge(h.account.challenge),
    "sessions_of": lambda h: sessions_of(h.account.staff_id),
    "revoke_session": _revoke,
    "revoke_all": lambda h: revoke_all(h.account.staff_id),
    "unlock_staff": _unlock,
    "change_role": _change_role,
    "issue_reset_code": _reset_code,
    "account_of": lambda h: account_of(h.account.staff_id),
    "names_of": _names,
    "confirm_step_up": _confirm_step_up,
    "decide_approval": _decide,
    "approvals of one": lambda h: approvals_before(None, h.account.staff_id, None, 9),
    "set_away": _away,
    "set_stores of staff": _stores_of_staff,
    "set_stores at a store": _stores_of_ours,
    "advisor_of": lambda h: advisor_of(h.member_id),
    "assign_members": lambda h: assign_members(Chosen(ids=[h.member_id]), None),
    "assign_members to an advisor": lambda h: assign_members(Chosen(), h.advisor_id),
    "assign_automatically": _deal,
    "hand_over": lambda h: hand_over(h.advisor_id, None),
    "messages_before": _messages,
    "waiting_after": _waiting,
    "once": _once,
    "claw_back": _claw_back,
    "take_back_for_refunds": _take_back,
    "earn": _earn,
    "spend": lambda h: spend(h.account_id, 1, Cause("gift", new_id())),
    "balance_of": lambda h: balance_of(h.member_id),
    "points that expire": lambda h: columns_of(
        Read.many(ExpiringPoints, _OF_THE_ACCOUNT, order="this.id", given=vars_of(h)), "points"
    ),
    "entries": lambda h: columns_of(
        Read.many(PointsEntry, _OF_THE_ACCOUNT, order="this.id", given=vars_of(h)), "points"
    ),
    "earned_by": lambda h: earned_by("order", [h.order_id]),
    "member_of_id": lambda h: columns_of(member_of_id(h.member_id), "card_no"),
    "page": lambda h: page_of(h.member_id, _PAGE),
    "issue_token": _issue_token,
    "member_of_token": lambda h: member_of_token(h.token),
    "orders": lambda h: columns_of(
        Read.many(Order, "this.member_id = :member", order="this.id", given=vars_of(h)), "no"
    ),
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
    "record_told": _tell,
    "record_interaction": lambda h: _record(h, Kind.INQUIRY, text="在吗"),
    "current_form": _fill_in,
    "close_form": _close_form,
    "rule_for": _rule_of_form,
    "set_follow_up_rule": _set_rule,
    "close_interaction": _close_interaction,
    "hand_over_task": _hand_over_task,
    "cancel_task": _cancel,
    "create_task about a member": _task_about,
    "interaction_of_id": lambda h: columns_of(interaction_of_id(h.interaction_id), "channel"),
    "task_told": lambda h: columns_of(task_told(h.task_id), "version"),
    **DISCLOSED,
    **OF_THE_PERSON,
    **RULED,
    **IDENTIFIED,
    **MERGED,
    **ALERTED,
    **SHELVED,
    **ORDERED,
    **CAMPAIGNED,
}

# Questions about the whole tenant: what another one has must not change the answer.
WHOLE: dict[str, Callable[[], Awaitable[object]]] = {
    **MERGES,
    **SHELVES,
    **CAMPAIGNS,
    "count_rows": count_rows,
    "this_tenant": this_tenant,
    "rule_in_force": rule_in_force,
    "events_behind": events_behind,
    "verify_ledger": verify_ledger,
    "waiting_tickets": lambda: waiting_tickets("till"),
    "newest_members": lambda: told_staff(_NEWEST),
    "audit entries": lambda: acts_before(Search(), None, 100),
    "verify_chain": verify_chain,
    "all_staff": all_staff,
    "accounts": lambda: accounts_before(None, None, 99),
    "second_factor_rule": second_factor_rule,
    "approvals": lambda: approvals_before(None, None, None, 99),
    "approval_limits": approval_limits,
    "disclosure_limits": disclosure_limits,
    "all_stores": all_stores,
    "all_profile_fields": all_profile_fields,
    "stored_rules": stored_rules,
    "all_integrations": all_integrations,
    "plugin_switches": plugin_switches,
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
    named = (handles.store_code, handles.integration, handles.staff, handles.item_code)
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
