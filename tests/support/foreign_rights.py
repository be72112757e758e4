"""Probes of consent and the rights of the person, asked with the handles of another tenant."""

from collections.abc import Awaitable, Callable

from tests.support.full_tenants import Handles

from shuke_core.consents.queries import consents_of, may_have_traits, may_market, needs_consent
from shuke_core.consents.rules import Purpose
from shuke_core.consents.services import give_consent, withdraw_consent
from shuke_core.members.services import Identity
from shuke_core.personal_data.document import document_of
from shuke_core.personal_data.erasure import erase
from shuke_core.personal_data.services import (
    answer_request,
    ask_correction,
    ask_erasure,
    cancel_erasure,
    take_my_data,
)
from shuke_core.suppression.services import lift_suppression, suppressed


async def _give(h: Handles) -> object:
    await give_consent(h.member_id, Purpose.MARKETING, 1)
    return "given"


async def _withdraw(h: Handles) -> object:
    await withdraw_consent(h.member_id, Purpose.PRIVACY)
    return "withdrawn"


async def _answer(h: Handles) -> object:
    await answer_request(h.request_id, "已更正", refused=False)
    return "answered"


async def _cancel(h: Handles) -> object:
    await cancel_erasure(h.member_id)
    return "cancelled"


async def _ask_erasure(h: Handles) -> object:
    return bool(await ask_erasure(h.member_id, "注销"))


async def _correct(h: Handles) -> object:
    return bool(await ask_correction(h.member_id, "姓名写错了"))


async def _data(h: Handles) -> object:
    return len(await take_my_data(h.member_id))


async def _document(h: Handles) -> object:
    return len(await document_of(h.member_id))


async def _erase(h: Handles) -> object:
    await erase(h.member_id, "")
    return "erased"


def _gone(h: Handles) -> list[Identity]:
    return [Identity.of_card("till", f"gone-{h.staff.removeprefix('s-')}")]


async def _suppressed(h: Handles) -> object:
    return len(await suppressed(_gone(h)))


OF_THE_PERSON: dict[str, Callable[[Handles], Awaitable[object]]] = {
    "give_consent": _give,
    "withdraw_consent": _withdraw,
    "consents_of": lambda h: consents_of(h.member_id),
    "needs_consent": lambda h: needs_consent(h.member_id),
    "answer_request": _answer,
    "cancel_erasure": _cancel,
    "ask_erasure": _ask_erasure,
    "ask_correction": _correct,
    "take_my_data": _data,
    "document_of": _document,
    "erase": _erase,
    "suppressed": _suppressed,
    "lift_suppression": lambda h: lift_suppression(_gone(h)),
    "may_market": lambda h: may_market([h.member_id]),
    "may_have_traits": lambda h: may_have_traits([h.member_id]),
}
