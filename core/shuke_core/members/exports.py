"""What of members can be exported."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from shuke_core.access.permissions import MEMBERS_READ, MEMBERS_REVEAL
from shuke_core.access.rights import FieldClass, Scope
from shuke_core.exports.errors import ExportFiltersInvalid
from shuke_core.exports.kinds import Column, Filter, declare_export
from shuke_core.members.plain import plain_phones
from shuke_core.members.rules import LONGEST_NAME, prefix_range
from shuke_core.tenants.queries import stores_by_code


async def _name_prefix(value: Any) -> Mapping[str, object] | None:
    if not isinstance(value, str) or not 1 <= len(value) <= LONGEST_NAME:
        raise ExportFiltersInvalid(why="namePrefix is how names begin, as text.")
    low, high = prefix_range(value)
    return {"low": low, "high": high}


async def _store(value: Any) -> Mapping[str, object] | None:
    found = await stores_by_code([value]) if isinstance(value, str) else {}
    if value not in found:
        raise ExportFiltersInvalid(why="store is the code of a store.")
    return {"store": found[value]}


async def _unassigned(value: Any) -> Mapping[str, object] | None:
    if not isinstance(value, bool):
        raise ExportFiltersInvalid(why="unassigned is true or false.")
    return {} if value else None


async def _phones(member_ids: Sequence[UUID]) -> Mapping[UUID, str]:
    """As a person dials them: what a spreadsheet shows as it is, with another country's in full."""
    return {
        member_id: phone.removeprefix("+86")
        for member_id, phone in (await plain_phones(member_ids)).items()
    }


def _row_of(table: str, column: str, by: str) -> str:
    return f"(SELECT r.{column} FROM {table} r WHERE r.tenant_id = $1 AND r.id = this.{by})"


MEMBERS = declare_export(
    "members",
    {"zh": "会员", "en": "Members"},
    MEMBERS_READ,
    table="member",
    where="this.state = 'active'",
    newest="joined_at",
    columns=(
        Column("cardNo", {"zh": "会员卡号", "en": "Card number"}, "this.card_no"),
        Column(
            "name",
            {"zh": "姓名", "en": "Name"},
            "this.name",
            see=FieldClass.CONTACT,
            mask="left(this.name, 1) || '**'",
        ),
        Column("maskedPhone", {"zh": "手机号(掩码)", "en": "Masked phone"}, "this.phone_masked"),
        Column(
            "phone",
            {"zh": "手机号", "en": "Phone"},
            see=FieldClass.CONTACT,
            opened=_phones,
            needs=MEMBERS_REVEAL,
        ),
        Column(
            "joinedAt",
            {"zh": "入会时间", "en": "Joined at"},
            "to_char(this.joined_at AT TIME ZONE :zone, 'YYYY-MM-DD HH24:MI:SS')",
        ),
        Column(
            "storeCode", {"zh": "门店编码", "en": "Store"}, _row_of("store", "code", "store_id")
        ),
        Column(
            "storeName", {"zh": "门店", "en": "Store's name"}, _row_of("store", "name", "store_id")
        ),
        Column("advisor", {"zh": "顾问", "en": "Advisor"}, _row_of("staff", "name", "advisor_id")),
    ),
    filters=(
        Filter(
            "namePrefix",
            "this.name >= :low AND this.name < :high",
            _name_prefix,
            see=FieldClass.CONTACT,
        ),
        Filter("store", "this.store_id = :store", _store),
        Filter("unassigned", "this.advisor_id IS NULL", _unassigned),
    ),
    within={
        Scope.OWN: "this.advisor_id = :staff",
        Scope.STORES: "this.store_id = ANY (:stores::uuid[])",
    },
)
