"""Tenants of nasty data: held in Python and written to the database, row by row the same.

Ties in every order, fractions of a second of all lengths, quotes, escapes, emoji, what looks like a
cursor or a parameter, the largest whole number, nulls.
"""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import asyncpg

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
LARGEST = 2**53 - 1
TEXTS = [
    "", "a", 'Li "quoted"', "back\\slash", "熟客", "tab\tnl\n", "\u2028x", "😀", "null", "é",
    "</script>", "this.x :y $1 '' %s {}", '"\\u0063member.orders:' + "0" * 48 + '"',
    "\\u0063member.orders:" + "0" * 48,
]  # fmt: skip
Row = SimpleNamespace

COLUMNS = {
    "store": "id code name state created_at",
    "category": "id parent_id name place path depth created_at changed_at",
    "item": "id code name category_id price_fen currency state version created_at changed_at",
    "retail_item": "id item_id brand barcode spec",
    "member": "id card_no name state phone_masked joined_at nickname gender birthday region avatar",
    "ledger_account": "id member_id asset available debt",
    "ledger_entry": "id account_id kind amount debt_change cause_type cause_id happened_at"
    " recorded_at",
    "ledger_lot": "id account_id entry_id amount remaining opens_at expires_at",
    "orders": "id source store_id external_no business_day member_id state total_fen paid_fen"
    " refunded_fen currency placed_at fulfilled_at completed_at cancelled_at received_at recorded_at"
    " version",
    "order_line": "id order_id line_no sku name quantity amount_fen discounts category_name",
    "order_step": "id source store_id kind external_no business_day order_id channel order_no"
    " amount_fen method happened_at recorded_at",
    "refund": "id source store_id external_no business_day order_id channel refunds_no state total_fen"
    " exchanged_for refunded_at recorded_at",
    "refund_line": "id refund_id line_no amount_fen quantity",
    "interaction": "id member_id kind channel scene subject rating recorded_at",
    "retail_channel_purchases": "id member_id source orders spent_fen last_at",
}


class People:
    """One tenant's rows, by table; all of it follows from the seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._draw = random.Random(seed)  # noqa: S311
        self.rows: dict[str, list[Any]] = {table: [] for table in COLUMNS}
        for number in range(self._draw.randint(1, 3)):
            self._add("store", code=f"S{number}", name=self._text(), state="active", created_at=NOW)
        self._shelves()
        for number in range(self._draw.choice([1, 2, 4, 7])):
            self._person(number)

    def of(self, table: str, **like: Any) -> list[Any]:
        """The rows whose columns are like that."""
        return [
            row
            for row in self.rows[table]
            if all(getattr(row, name) == value for name, value in like.items())
        ]

    def _shelves(self) -> None:
        """A tree of some categories, and items in them and in none."""
        draw, tree = self._draw, self.rows["category"]
        for number in range(draw.choice([0, 2, 5, 9])):
            above = draw.choice([None, *(each for each in tree if each.depth < 6)])
            row_id = self._id()
            tree.append(
                Row(
                    id=row_id,
                    parent_id=above and above.id,
                    name=f"{number}{self._text()}"[:60],
                    place=draw.choice([0, 1, 1, 7]),
                    path=(above.path if above else "") + row_id.hex,
                    depth=above.depth + 1 if above else 1,
                    created_at=NOW,
                    changed_at=NOW,
                )
            )
        for number in range(draw.choice([0, 3, 12])):
            where = draw.choice([None, *tree])
            item = self._add(
                "item",
                code=f"{number} {self._text()}"[:64],
                name=self._text(),
                category_id=where and where.id,
                price_fen=draw.choice([0, 1250, LARGEST]),
                currency="CNY",
                state=draw.choice(
                    ["draft", "on_sale", "on_sale", "on_sale", "off_sale", "retired"]
                ),
                version=1,
                created_at=self._moment(),
                changed_at=self._moment(),
            )
            if draw.random() < 0.5:
                told = {key: self._maybe(self._text()[:32]) for key in ("brand", "barcode", "spec")}
                self._add("retail_item", item_id=item.id, **told)

    def _person(self, number: int) -> None:
        draw = self._draw
        member = self._add(
            "member",
            card_no=f"{self._seed % 10**9:09}{number:06}{draw.randint(0, 9)}",
            state=draw.choice(["active", "active", "erased"]),
            name=self._maybe(self._text()[:59] + draw.choice(["", "x"])) or None,
            phone_masked=self._maybe(self._text()[:24]),
            joined_at=self._moment(),
            nickname=self._maybe(self._text()[:59]) or None,
            gender=draw.choice([None, "female", "other"]),
            birthday=draw.choice([None, date(1990, 5, 1), date(2000, 2, 29)]),
            region=draw.choice([None, "440305", "110000"]),
            avatar=self._maybe(self._id()),
        )
        if draw.random() < 0.8:
            self._points(member)
        for nth in range(draw.choice([0, 1, 3, 6])):
            self._order(member, f"{number}-{nth}")
        for _ in range(draw.choice([0, 1, 3])):
            self._add(
                "interaction",
                member_id=member.id,
                kind=draw.choice(["inquiry", "message", "campaign", "feedback"]),
                channel="mini_program",
                scene=self._text()[:40],
                subject=self._text(),
                rating=draw.choice([None, 1, 5]),
                recorded_at=self._moment(),
            )
        for source in draw.sample(
            ["till", "web", "mini", f"x{self._text()}"[:40]], draw.randint(0, 3)
        ):
            self._add(
                "retail_channel_purchases",
                member_id=member.id,
                source=source,
                orders=draw.randint(0, 9),
                spent_fen=draw.choice([0, 5, 2**40]),
                last_at=self._moment(),
            )

    def _points(self, member: Any) -> None:
        draw = self._draw
        account = self._add(
            "ledger_account",
            member_id=member.id,
            asset="points",
            available=draw.choice([0, 7, 2**31, LARGEST]),
            debt=draw.choice([0, 3]),
        )
        for _ in range(draw.choice([0, 1, 4, 7])):
            entry = self._add(
                "ledger_entry",
                account_id=account.id,
                kind=draw.choice(["earn", "spend", "claw_back", "settle", "expire"]),
                amount=draw.choice([-LARGEST, -1, 0, 5, LARGEST]),
                debt_change=0,
                cause_type="order",
                cause_id=self._id(),
                happened_at=self._moment(),
                recorded_at=NOW,
            )
            self._add(
                "ledger_lot",
                account_id=account.id,
                entry_id=entry.id,
                amount=9,
                remaining=draw.choice([0, 1, 2]),
                opens_at=self._moment() + timedelta(days=draw.choice([-9, 0])),
                expires_at=self._maybe(self._moment() + timedelta(days=draw.choice([0, 2, 30]))),
            )

    def _order(self, member: Any, no: str) -> None:
        draw, total = self._draw, self._draw.choice([0, 1, 4, 1250, LARGEST])
        order = self._add(
            "orders",
            source="till",
            store_id=draw.choice(self.rows["store"]).id,
            external_no=f"{no} {self._text()}"[:64],
            business_day=NOW.date(),
            member_id=member.id,
            state=draw.choice(["completed", "partly_refunded", "refunded"]),
            total_fen=total,
            paid_fen=total,
            refunded_fen=0,
            currency="CNY",
            placed_at=self._moment(),
            fulfilled_at=self._maybe(self._moment()),
            completed_at=self._maybe(self._moment()),
            cancelled_at=self._maybe(self._moment()),
            received_at=NOW,
            recorded_at=NOW,
            version=1,
        )
        for line in range(draw.randint(0, 3)):
            self._add(
                "order_line",
                order_id=order.id,
                line_no=line,
                sku=self._maybe(self._text()[:64]),
                name=self._text(),
                quantity=Decimal(draw.choice(["0", "1", "0.125", "12.500", "999999999.999"])),
                amount_fen=draw.choice([-5, 0, 9]),
                discounts=self._maybe(draw.choice(['{"coupon": 1}', '{"hand": 900, "tier": 0}'])),
                category_name=self._maybe(self._text()[:60]),
            )
        self._told(order, no)

    def _told(self, order: Any, no: str) -> None:
        """Payments, refunds and other things that are told of the order."""
        draw = self._draw
        known = {
            "source": "till",
            "store_id": order.store_id,
            "business_day": NOW.date(),
            "order_id": order.id,
            "channel": "till",
            "recorded_at": NOW,
        }
        for n in range(draw.randint(0, 2)):
            kind = draw.choice(["payment", "payment", "fulfilment"])
            self._add(
                "order_step",
                **known,
                kind=kind,
                external_no=f"P{no}-{n}",
                order_no=order.external_no,
                amount_fen=draw.choice([0, 7]) if kind == "payment" else None,
                method=self._maybe(self._text()[:20]),
                happened_at=self._moment(),
            )
        for n in range(draw.randint(0, 2)):
            refund = self._add(
                "refund",
                **known,
                external_no=f"R{no}-{n}",
                refunds_no=order.external_no,
                state=draw.choice(["applied", "applied", "refused"]),
                total_fen=draw.choice([1, 900]),
                exchanged_for=self._maybe(self._text()[:64]),
                refunded_at=self._moment(),
            )
            for line in range(draw.randint(0, 2)):
                self._add(
                    "refund_line",
                    refund_id=refund.id,
                    line_no=line,
                    amount_fen=draw.choice([0, 2, 9]),
                    quantity=self._maybe(Decimal(draw.choice(["1", "0.125"]))),
                )

    def _add(self, table: str, **columns: Any) -> Any:
        row = Row(id=self._id(), **columns)
        self.rows[table].append(row)
        return row

    def _id(self) -> UUID:
        return UUID(int=self._draw.getrandbits(128), version=4)

    def _text(self) -> str:
        return self._draw.choice(TEXTS)

    def _maybe(self, value: Any) -> Any:
        return None if self._draw.random() < 0.3 else value

    def _moment(self) -> datetime:
        """One of few, so that there are ties."""
        return NOW - timedelta(
            days=self._draw.randint(0, 2),
            microseconds=self._draw.choice([0, 0, 1, 120_000, 123_456, 999_990]),
        )


async def write(owner: asyncpg.Connection, tenant_id: UUID, people: People) -> None:
    """Puts them into the tenant."""
    async with owner.transaction():
        await owner.execute(f"SET LOCAL shuke.tenant_id = '{tenant_id}'")
        await owner.execute(f"DELETE FROM store WHERE tenant_id = '{tenant_id}'")
        for table, columns in COLUMNS.items():
            names = columns.split()
            places = ", ".join(f"${nth}" for nth in range(2, len(names) + 2))
            await owner.executemany(
                f"INSERT INTO {table} (tenant_id, {', '.join(names)}) VALUES ($1, {places})",
                [
                    (tenant_id, *(getattr(row, name) for name in names))
                    for row in people.rows[table]
                ],
            )
