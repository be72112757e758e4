"""What can go wrong with orders."""

from shuke_core.kit.errors import ShukeError


class ReceiptUnknown(ShukeError):
    code = "RECEIPT_UNKNOWN"
    sentence = "No order can be claimed by this code: look at the receipt again, or ask the store."


class OrderClaimed(ShukeError):
    code = "ORDER_CLAIMED"
    sentence = "This order is somebody's already; it can be claimed once."
