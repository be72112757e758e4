"""The judge: the same API by plain Python resolvers, through graphql-core's ordinary executor.

Its schema is built from the SDL alone. Of the product it uses the cursors' and the page sizes' own
rules, nothing else.
"""

import base64
import hmac
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from graphql import GraphQLSchema, build_schema
from tests.schema.projection.people import NOW, People
from tests.schema.projection.samples import nick_of, picture_of

from shuke_core.access.rights import FieldClass
from shuke_core.kit.pagination import checked_page_size, from_cursor, to_cursor
from shuke_core.members.errors import MemberUnknown
from shuke_core.members.rules import masked_name


@dataclass(frozen=True, slots=True)
class World:
    """What a resolver of the judge knows."""

    people: People
    member_id: UUID | None
    key: bytes
    slug: str
    classes: frozenset[FieldClass]


Resolve = Callable[[Any, World, dict[str, Any]], Any]


def shown_moment(at: datetime) -> str:
    """As PostgreSQL's JSON writes it."""
    text = at.astimezone(UTC).isoformat()
    return f"{text[:-6].rstrip('0')}{text[-6:]}" if "." in text else text


def _page(
    rows: Sequence[Any], time: str, listed: str, world: World, asked: dict[str, Any]
) -> dict[str, Any]:
    def keys(row: Any) -> tuple[datetime, UUID]:
        return getattr(row, time), row.id

    size = checked_page_size(asked["first"])
    before = from_cursor(world.key, listed, asked["after"]) if asked.get("after") else None
    ordered = sorted(rows, key=keys, reverse=True)
    rest = [row for row in ordered if before is None or keys(row) < before]
    edges = [
        {"node": row, "cursor": to_cursor(world.key, listed, keys(row))} for row in rest[:size]
    ]
    last = edges[-1]["cursor"] if edges else None
    return {
        "edges": edges,
        "pageInfo": {"hasNextPage": len(rest) > size, "endCursor": last},
    }


def _cut(rows: Sequence[Any], first: int | None, most: int) -> Sequence[Any]:
    return rows[: most if first is None else checked_page_size(first, most)]


def _me(_: Any, world: World, __: dict[str, Any]) -> Any:
    if world.member_id is None:
        return None
    found = world.people.of("member", id=world.member_id, state="active")
    if not found:
        raise MemberUnknown()
    return found[0]


def _account(member: Any, world: World, _: dict[str, Any]) -> Any:
    """The account; an empty one for a member who has none."""
    found = world.people.of("ledger_account", member_id=member.id)
    return {"account": found[0] if found else None}


def _balance(points: Any, world: World, _: dict[str, Any]) -> int:
    account = points["account"]
    if account is None:
        return 0
    lots = world.people.of("ledger_lot", account_id=account.id)
    closed = (
        lot.remaining
        for lot in lots
        if (lot.expires_at is not None and lot.expires_at <= NOW) or lot.opens_at > NOW
    )
    return int(account.available - sum(closed))


def _expiring(points: Any, world: World, asked: dict[str, Any]) -> Any:
    if points["account"] is None:
        return []
    until = NOW + timedelta(days=max(0, min(asked["days"], 730)))
    lots = [
        lot
        for lot in world.people.of("ledger_lot", account_id=points["account"].id)
        if lot.remaining > 0 and lot.expires_at is not None and NOW < lot.expires_at <= until
    ]
    return sorted(lots, key=lambda lot: (lot.expires_at, lot.id))[:50]


def _benefits(member: Any, world: World, _: dict[str, Any]) -> Any:
    """What these people have: points alone."""
    points = _account(member, world, {})
    of_points: dict[str, Any] = {
        "kind": "points",
        "kindZh": "积分",
        "kindEn": "Points",
        "ref": None,
    }
    nothing = {"timesLeft": None, "until": None}
    found = []
    if (balance := _balance(points, world, {})) > 0:
        names = {"nameZh": "可用积分", "nameEn": "Points to spend", "state": "AVAILABLE"}
        found.append({**of_points, **nothing, **names, "amount": balance})
    sums: dict[datetime, int] = {}
    for lot in _expiring(points, world, {"days": 30}):
        if lot.opens_at <= NOW:
            sums[lot.expires_at] = sums.get(lot.expires_at, 0) + lot.remaining
    names = {"nameZh": "即将过期的积分", "nameEn": "Points that lapse soon", "state": "EXPIRING"}
    for until in sorted(sums)[:5]:
        found.append({**of_points, **nothing, **names, "amount": sums[until], "until": until})
    return found


def _entries(points: Any, world: World, asked: dict[str, Any]) -> Any:
    account = points["account"]
    rows = world.people.of("ledger_entry", account_id=account.id) if account else []
    return _page(rows, "happened_at", "points.entries", world, asked)


def _recent(member: Any, world: World, asked: dict[str, Any]) -> Any:
    rows = [
        row
        for row in world.people.of("orders", member_id=member.id)
        if _fits(row, asked)
        and (asked.get("state") is None or row.state == asked["state"].lower())
        and (asked.get("since") is None or row.placed_at >= _parsed(asked["since"]))
    ]
    ordered = sorted(rows, key=lambda row: (row.placed_at, row.id))
    return _cut(ordered, asked.get("first"), 10)


def _fits(row: Any, asked: dict[str, Any]) -> bool:
    return asked.get("paid") is None or (row.total_fen > 0) == asked["paid"]


def _parsed(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _lines(order: Any, world: World, asked: dict[str, Any]) -> Any:
    rows = [
        row
        for row in world.people.of("order_line", order_id=order.id)
        if asked.get("name") is None or row.name == asked["name"]
    ]
    return _cut(sorted(rows, key=lambda row: (row.line_no, row.id)), asked.get("first"), 2)


def _store_of_code(order: Any, world: World, asked: dict[str, Any]) -> Any:
    (store,) = world.people.of("store", id=order.store_id)
    return store if asked.get("code") in (None, store.code) else None


async def _nick(member: Any, world: World, _: dict[str, Any]) -> Any:
    return nick_of(member.card_no)


def _card_end(member: Any, world: World, _: dict[str, Any]) -> str:
    open_to = FieldClass.CONTACT in world.classes
    return str(member.card_no) if open_to else f"****{member.card_no[-4:]}"


def _members(_: Any, world: World, asked: dict[str, Any]) -> Any:
    rows = [
        row
        for row in world.people.rows["member"]
        if asked.get("since") is None or row.joined_at >= _parsed(asked["since"])
    ]
    return _page(rows, "joined_at", "members", world, asked)


def _orders(_: Any, world: World, asked: dict[str, Any]) -> Any:
    rows = [row for row in world.people.rows["orders"] if _fits(row, asked)]
    return sorted(rows, key=lambda row: (row.placed_at, row.id), reverse=True)[:4]


def _channels(member: Any, world: World, _: dict[str, Any]) -> Any:
    rows = sorted(
        world.people.of("retail_channel_purchases", member_id=member.id),
        key=lambda row: (row.source.encode(), row.id),
    )
    return sorted(rows, key=lambda row: row.last_at, reverse=True)


def _sum(column: str) -> Resolve:
    def resolve(member: Any, world: World, _: dict[str, Any]) -> int:
        rows = world.people.of("retail_channel_purchases", member_id=member.id)
        return sum(getattr(row, column) for row in rows)

    return resolve


def _name(member: Any, world: World, _: Any) -> str | None:
    open_to = FieldClass.CONTACT in world.classes
    return member.name if open_to else masked_name(member.name)


def _nickname(member: Any, world: World, _: Any) -> str | None:
    open_to = FieldClass.CONTACT in world.classes
    return member.nickname if open_to else masked_name(member.nickname)


_REGIONS = {"440305": "广东省 深圳市 南山区", "110000": "北京市"}


def _region(member: Any, world: World, _: Any) -> dict[str, str] | None:
    code = member.region
    return {"code": code, "labelZh": _REGIONS[code]} if code else None


_ASKED = {
    "nickname": ("昵称", "Nickname"),
    "name": ("姓名", "Name"),
    "gender": ("性别", "Gender"),
    "birthday": ("生日", "Birthday"),
    "region": ("地区", "Region"),
    "avatar": ("头像", "Picture"),
}


def _picture(member: Any, world: World) -> dict[str, Any] | None:
    """A link that ends with the next hour but one: the file and that, signed."""
    if member.avatar is None:
        return None
    until = (int(NOW.timestamp()) // 3600 + 2) * 3600
    said = member.avatar.bytes + struct.pack(">I", until)
    name = b"picture link"
    key = hmac.digest(world.key, struct.pack(">I", len(name)) + name, "sha256")
    token = base64.urlsafe_b64encode(said + hmac.digest(key, said, "sha256")[:16]).decode()
    return {
        "path": f"/t/{world.slug}/files/{token}",
        "expiresAt": datetime.fromtimestamp(until, UTC),
    }


def _avatar(member: Any, world: World, _: Any) -> dict[str, Any] | None:
    return _picture(member, world) if FieldClass.CONTACT in world.classes else None


def _profile(member: Any, world: World, _: Any) -> dict[str, Any]:
    """What every tenant asks for before it says otherwise; the door, not the field, hides values."""
    said = {key: getattr(member, key) for key in _ASKED}
    said["avatar"] = (_picture(member, world) or {}).get("path")
    fields: list[dict[str, Any]] = [
        {
            "field": {
                "key": key,
                "kind": "BUILTIN",
                "labelZh": zh,
                "labelEn": en,
                "reasonZh": "",
                "reasonEn": "",
                "required": False,
                "rewardPoints": 0,
                "longest": None,
                "least": None,
                "most": None,
                "choices": [],
                "place": 0,
                "changeAfterDays": 365 if key == "birthday" else None,
                "active": True,
            },
            "value": None if said[key] is None else str(said[key]),
            "filled": said[key] is not None,
            "rewarded": False,
        }
        for key, (zh, en) in _ASKED.items()
    ]
    filled = sum(value is not None for value in said.values())
    return {"completion": 100 * filled // len(_ASKED), "fields": fields}


def _nothing(row: Any, world: World, asked: dict[str, Any]) -> None:
    """What is not there."""


def _typed(name: str) -> Resolve:
    """What a member's app sent; no program told any of these."""
    return lambda row, world, asked: (
        getattr(row, name) if FieldClass.CONTACT in world.classes else ""
    )


def _column(name: str) -> Resolve:
    return lambda row, world, asked: getattr(row, name)


def _amount(name: str) -> Resolve:
    return lambda row, world, asked: {"fen": getattr(row, name), "currency": row.currency}


def _id(text: str | None) -> UUID | None:
    """Of what is no id at all: one that nobody has."""
    if text is None:
        return None
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


def _below(parent_id: UUID | None, world: World) -> list[Any]:
    rows = world.people.of("category", parent_id=parent_id)
    return sorted(rows, key=lambda row: (row.place, row.id))


def _way(category: Any, world: World) -> list[Any]:
    """Those above it and itself, the root first."""
    above = world.people.of("category", id=category.parent_id)
    return [*(_way(above[0], world) if above else []), category]


def _items(_: Any, world: World, asked: dict[str, Any]) -> Any:
    rows, wanted = world.people.of("item", state="on_sale"), _id(asked.get("categoryId"))
    if wanted is not None:
        within = {
            each.id
            for each in world.people.rows["category"]
            if wanted in [above.id for above in _way(each, world)]
        }
        rows = [row for row in rows if row.category_id in within]
    return _page(rows, "created_at", "items", world, asked)


def _first(rows: list[Any]) -> Any:
    return rows[0] if rows else None


RESOLVERS: dict[str, Resolve] = {
    "Query.categories": lambda root, world, asked: _below(_id(asked.get("parentId")), world),
    "Query.items": _items,
    "Query.item": lambda root, world, asked: _first(
        world.people.of("item", id=_id(asked["id"]), state="on_sale")
    ),
    "Category.fullName": lambda row, world, asked: " / ".join(
        each.name for each in _way(row, world)
    ),
    "Category.parent": lambda row, world, asked: _first(
        world.people.of("category", id=row.parent_id)
    ),
    "Category.children": lambda row, world, asked: _below(row.id, world),
    "Item.category": lambda row, world, asked: _first(
        world.people.of("category", id=row.category_id)
    ),
    "Item.state": lambda row, world, asked: row.state.upper(),
    "Item.retail": lambda row, world, asked: _first(world.people.of("retail_item", item_id=row.id)),
    "Query.me": _me,
    "Query.members": _members,
    "Query.orders": _orders,
    "Query.forms": lambda root, world, asked: [],  # what these people say is in no form, and
    "Interaction.form": _nothing,  # nothing of it is written down
    "Member.avatar": _avatar,
    "Member.benefits": _benefits,
    "Query.campaigns": lambda root, world, asked: [],  # there are none here
    "Member.consents": lambda member, world, asked: [],  # nor did they consent
    "Member.rightsRequests": lambda member, world, asked: [],  # or ask for a right
    "Interaction.text": _nothing,
    "Interaction.answers": _nothing,
    "Interaction.followUp": _nothing,
    "Interaction.scene": _typed("scene"),
    "Interaction.subject": _typed("subject"),
    "Interaction.kind": lambda row, world, asked: row.kind.upper(),
    "Member.name": _name,
    "Member.nickname": _nickname,
    "Member.gender": lambda member, world, asked: member.gender and member.gender.upper(),
    "Member.birthday": lambda member, world, asked: (
        member.birthday if FieldClass.CONTACT in world.classes else None
    ),
    "Member.isVisitor": lambda member, world, asked: member.state == "visitor",
    "Member.region": _region,
    "Member.profile": _profile,
    "Member.maskedPhone": _column("phone_masked"),
    "Member.points": _account,
    "Member.orders": lambda member, world, asked: _page(
        world.people.of("orders", member_id=member.id), "placed_at", "member.orders", world, asked
    ),
    "Member.interactions": lambda member, world, asked: _page(
        world.people.of("interaction", member_id=member.id),
        *("recorded_at", "member.interactions", world, asked),
    ),
    "Member.recent": _recent,
    "Member.cardEnd": _card_end,
    "Member.nick": _nick,
    "Member.twin": lambda member, world, asked: member if member.state == "active" else None,
    "Member.retail": lambda member, world, asked: member,
    "Points.balance": _balance,
    "Points.debt": lambda points, world, asked: points["account"].debt if points["account"] else 0,
    "Points.expiringSoon": _expiring,
    "Points.entries": _entries,
    "PointsEntry.kind": lambda row, world, asked: row.kind.upper(),
    "PointsEntry.points": _column("amount"),
    "PointsEntry.at": _column("happened_at"),
    "ExpiringPoints.points": _column("remaining"),
    "Order.no": _column("external_no"),
    "Order.state": lambda row, world, asked: row.state.upper(),
    "Order.store": lambda row, world, asked: world.people.of("store", id=row.store_id)[0],
    "Order.paidAt": _column("placed_at"),
    "Order.total": _amount("total_fen"),
    "Order.refunded": _amount("refunded_fen"),
    "Order.lines": _lines,
    "Order.storeOfCode": _store_of_code,
    "Order.picture": lambda row, world, asked: picture_of(
        row.external_no, row.total_fen, asked["size"]
    ),
    "RetailMember.orders": _sum("orders"),
    "RetailMember.spentFen": _sum("spent_fen"),
    "RetailMember.channels": _channels,
}


def judging_schema(sdl: str) -> GraphQLSchema:
    """The schema of an SDL, answered from `World`."""
    schema = build_schema(sdl)
    for name, kind in schema.type_map.items():
        if not name.startswith("__"):
            for key, field in getattr(kind, "fields", {}).items():
                field.resolve = _resolver(RESOLVERS.get(f"{name}.{key}"), key)
    for scalar, shown in (("DateTime", shown_moment), ("Decimal", lambda q: f"{q:.3f}")):
        if scalar in schema.type_map:
            schema.type_map[scalar].coerce_output_value = shown  # type: ignore[attr-defined]
    return schema


def _resolver(resolve: Resolve | None, key: str) -> Any:
    column = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in key)

    def resolved(source: Any, info: Any, **asked: Any) -> Any:
        if resolve is not None:
            return resolve(source, info.context, asked)
        return source[key] if isinstance(source, dict) else getattr(source, column)

    return resolved
