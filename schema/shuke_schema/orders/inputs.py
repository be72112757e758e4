"""What orders are placed and refunded with."""

from decimal import Decimal
from typing import Any

import strawberry

from shuke_core.orders.handling import SentBack
from shuke_core.orders.placing import Wanted
from shuke_schema.scalars import Long


@strawberry.input(description="So much of an item.")
class OrderLineInput:
    item_code: str
    quantity: Decimal = strawberry.field(
        default=Decimal(1), description="Up to three places, for weighed goods."
    )

    @property
    def wanted(self) -> Wanted:
        return Wanted(self.item_code, self.quantity)


@strawberry.input(description="What is ordered, where, and what the buyer was shown that it costs.")
class NewOrderInput:
    store_code: str
    lines: list[OrderLineInput]
    expected_total_fen: Long = strawberry.field(
        description="The sum that was shown; PRICE_CHANGED if it is another one by now."
    )

    @property
    def asked(self) -> dict[str, Any]:
        """As idempotency keys compare it."""
        lines = [[line.item_code, str(line.quantity)] for line in self.lines]
        return {"store": self.store_code, "lines": lines, "total": self.expected_total_fen}


@strawberry.input(description="What of a line goes back.")
class RefundedLineInput:
    line: int
    amount_fen: Long
    quantity: Decimal | None = None

    @property
    def sent_back(self) -> SentBack:
        return SentBack(self.line, self.amount_fen, self.quantity)

    @property
    def asked(self) -> list[Any]:
        """As idempotency keys compare it."""
        return [self.line, self.amount_fen, None if self.quantity is None else str(self.quantity)]
