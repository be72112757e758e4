"""What can go wrong in the ledger."""

from shuke_core.kit.errors import ShukeError


class AmountInvalid(ShukeError):
    code = "LEDGER_AMOUNT_INVALID"
    sentence = "{amount} can't be moved: amounts are whole and greater than zero."


class BalanceInsufficient(ShukeError):
    code = "BALANCE_INSUFFICIENT"
    sentence = "The account has {available}, {wanted} were asked for."
