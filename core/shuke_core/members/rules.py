"""Pure rules of members: the card number, and what of a phone a till's receipt may show."""

import secrets

CARD_DIGITS = 16


def luhn_digit(digits: str) -> str:
    """The check digit after ISO/IEC 7812-1 for a row of decimal digits."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def new_card_no() -> str:
    """A fresh card number: 15 random digits, the first not zero, and a check digit."""
    digits = str(secrets.randbelow(9) + 1) + "".join(
        str(secrets.randbelow(10)) for _ in range(CARD_DIGITS - 2)
    )
    return digits + luhn_digit(digits)


def is_card_no(text: str) -> bool:
    """Whether the text has the form of a card number with the right check digit."""
    return (
        len(text) == CARD_DIGITS
        and text.isascii()
        and text.isdigit()
        and luhn_digit(text[:-1]) == text[-1]
    )
