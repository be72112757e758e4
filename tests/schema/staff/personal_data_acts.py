"""What mutations of consent and personal data are asked with, so that each leaves its act."""

from collections.abc import Awaitable, Callable
from typing import Any

from tests.support.accounts import step_up_of
from tests.support.shop import Shop

from shuke_core.kit.transactions import unit_of_work
from shuke_core.personal_data.services import ask_correction

Given = dict[str, Any]
REASON = "本人到店申请"


async def _nothing(_: Shop) -> Given:
    return {}


async def _granted(shop: Shop, operation: str, **why: str) -> Given:
    await shop.staff_login()
    member = str(await shop.member("13800138000"))
    grant = await step_up_of(shop, "admin", operation, {"member": member, **why})
    return {"id": member, "stepUp": grant}


async def _erased(shop: Shop) -> Given:
    return await _granted(shop, "members.erase", ground="asked_in_person")


async def _handed_over(shop: Shop) -> Given:
    return await _granted(shop, "members.hand_over_data", reason=REASON)


async def _corrected(shop: Shop) -> Given:
    member_id = await shop.member("13800138000")
    async with unit_of_work(shop.tenant_id):
        return {"id": str(await ask_correction(member_id, "生日写错了"))}


PERSONAL_DATA_MUTATIONS: dict[str, tuple[str, Callable[[Shop], Awaitable[Given]], str]] = {
    "publishPrivacyText": (
        'publishPrivacyText(purpose: PRIVACY, zh: "文本", en: "Text")',
        _nothing,
        "privacy_text.published",
    ),
    "eraseMember": (
        "eraseMember(member: $id, ground: ASKED_IN_PERSON, stepUp: $stepUp)",
        _erased,
        "member.erased",
    ),
    "handOverMemberData": (
        f'handOverMemberData(member: $id, reason: "{REASON}", stepUp: $stepUp)',
        _handed_over,
        "member.data_handed_over",
    ),
    "answerRightsRequest": (
        'answerRightsRequest(id: $id, answer: "已改正")',
        _corrected,
        "rights_request.answered",
    ),
}
