"""What can go wrong with orders."""

from shuke_core.kit.errors import ShukeError


class ReceiptUnknown(ShukeError):
    code = "RECEIPT_UNKNOWN"
    sentence = "No order can be claimed by this code: look at the receipt again, or ask the store."


class OrderUnknown(ShukeError):
    code = "ORDER_UNKNOWN"
    sentence = "There is no such order."


class OrderElsewhere(ShukeError):
    code = "ORDER_ELSEWHERE"
    sentence = (
        "This order belongs to {channel!r}: only there it can be changed, and it tells of it here."
    )


class OrderInvalid(ShukeError):
    code = "ORDER_INVALID"
    sentence = "This can't be done: {problem}."


class OrderStateRefused(ShukeError):
    code = "ORDER_STATE_REFUSED"
    sentence = "The order is {state!r} by now: look at it again, then say what is to be done."


class ItemNotOnSale(ShukeError):
    code = "ITEM_NOT_ON_SALE"
    sentence = "{code!r} is not on sale: take it out of the order."


class PriceChanged(ShukeError):
    code = "PRICE_CHANGED"
    sentence = "The order comes to {total} fen by now: show that, and ask again with it."


class RefundTooMuch(ShukeError):
    code = "REFUND_TOO_MUCH"
    sentence = "Only {left} fen are left to be given back."


class OrderClaimed(ShukeError):
    code = "ORDER_CLAIMED"
    sentence = "This order is somebody's already; it can be claimed once."
