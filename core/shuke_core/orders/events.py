"""The facts this domain announces."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True, slots=True)
class OrderCreated:
    """An order was placed that is to be paid for and handed out; until then it is no purchase."""

    type: ClassVar[str] = "order.created"
    order_id: UUID
    member_id: UUID | None
    store_id: UUID
    total_fen: int
    placed_at: datetime

    @property
    def entity(self) -> str:
        return f"order:{self.order_id}"


@dataclass(frozen=True, slots=True)
class OrderPaid:
    """An order that was placed is paid for in full."""

    type: ClassVar[str] = "order.paid"
    order_id: UUID
    member_id: UUID | None
    total_fen: int
    paid_at: datetime

    @property
    def entity(self) -> str:
        return f"order:{self.order_id}"


@dataclass(frozen=True, slots=True)
class OrderFulfilled:
    """The goods of an order that was placed were handed out, or sent."""

    type: ClassVar[str] = "order.fulfilled"
    order_id: UUID
    member_id: UUID | None
    fulfilled_at: datetime

    @property
    def entity(self) -> str:
        return f"order:{self.order_id}"


@dataclass(frozen=True, slots=True)
class OrderCancelled:
    """An order that was placed is given up: nothing of it is handed out."""

    type: ClassVar[str] = "order.cancelled"
    order_id: UUID
    member_id: UUID | None
    cancelled_at: datetime

    @property
    def entity(self) -> str:
        return f"order:{self.order_id}"


@dataclass(frozen=True, slots=True)
class OrderCompleted:
    """A purchase that counts: it was told whole by a till, or has been paid for and completed. Amounts
    are fen; `member_id` is None while nobody has claimed it."""

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
    """An order that was nobody's is `member_id`'s, as if it had been from the first. It `counts` if
    it was a purchase by then."""

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
    counts: bool = True

    @property
    def entity(self) -> str:
        return f"order:{self.order_id}"


@dataclass(frozen=True, slots=True)
class OrderRefunded:
    """Money of an order was given back. `refunded_fen` is the order's total of refunds so far.

    `refund_id` is the refund that was told; where it was told before, the payment that came after it,
    or the order itself that `counts` as a purchase from now on. Of one that does not count yet there is
    nothing to take back: all that was refunded is told once more when it does.
    """

    type: ClassVar[str] = "order.refunded"
    order_id: UUID
    refund_id: UUID
    member_id: UUID | None
    total_fen: int
    refunded_before_fen: int
    refunded_fen: int
    refunded_at: datetime
    counts: bool = True

    @property
    def entity(self) -> str:
        return f"order:{self.order_id}"


@dataclass(frozen=True, slots=True)
class StepWaiting:
    """Something was told of an order that is not here, or not committed yet."""

    type: ClassVar[str] = "order_step.waiting"
    step_id: UUID

    @property
    def entity(self) -> str:
        return f"order_step:{self.step_id}"


@dataclass(frozen=True, slots=True)
class RefundWaiting:
    """A refund was recorded whose order is not here, or not committed yet."""

    type: ClassVar[str] = "refund.waiting"
    refund_id: UUID

    @property
    def entity(self) -> str:
        return f"refund:{self.refund_id}"
