"""The facts this domain announces."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True)
class OrderCompleted:
    """A purchase was recorded. Amounts are fen; `member_id` is None while nobody has claimed it."""

    type: ClassVar[str] = "order.completed"
    order_id: UUID
    member_id: UUID | None
    store_id: UUID
    total_fen: int
    business_day: date
    placed_at: datetime
    received_at: datetime
    campaign_id: UUID | None = None

    @property
    def entity(self) -> str:
        return f"order:{self.order_id}"


@dataclass(frozen=True, slots=True)
class OrderNowClaimed:
    """An order that was nobody's is `member_id`'s, as if it had been from the first."""

    type: ClassVar[str] = "order.claimed"
    order_id: UUID
    member_id: UUID
    store_id: UUID
    total_fen: int
    business_day: date
    placed_at: datetime
    received_at: datetime
    claimed_at: datetime
    campaign_id: UUID | None = None

    @property
    def entity(self) -> str:
        return f"order:{self.order_id}"


@dataclass(frozen=True, slots=True)
class OrderRefunded:
    """Money of an order was given back. `refunded_fen` is the order's total of refunds so far."""

    type: ClassVar[str] = "order.refunded"
    order_id: UUID
    refund_id: UUID
    member_id: UUID | None
    total_fen: int
    refunded_before_fen: int
    refunded_fen: int
    refunded_at: datetime

    @property
    def entity(self) -> str:
        return f"order:{self.order_id}"


@dataclass(frozen=True, slots=True)
class RefundWaiting:
    """A refund was recorded whose sale is not here, or not committed yet."""

    type: ClassVar[str] = "refund.waiting"
    refund_id: UUID

    @property
    def entity(self) -> str:
        return f"refund:{self.refund_id}"
