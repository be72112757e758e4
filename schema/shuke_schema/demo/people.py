"""The people and stores of the demo: name, phone, favourite store, opening hours, all generated.

Everything follows from the customer's number and the ticket's, so that the sample, a limited run
and the whole history agree on who somebody is.
"""

from datetime import time
from random import Random

STORES = {
    "S1": "南京路店",
    "S2": "淮海路店",
    "S3": "徐家汇店",
    "S4": "五角场店",
    "S5": "陆家嘴店",
}

_PREFIXES = tuple(
    [f"13{digit}" for digit in range(10)]
    + [f"15{digit}" for digit in range(10) if digit != 4]  # 154 was never given out
    + [f"18{digit}" for digit in range(10)]
)
_SURNAMES = tuple("王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗")
_GIVEN = tuple("伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉萍红建文辉")
_STORE_CODES = tuple(STORES)
# Coprime to 10^8, so that numbering customers through it never gives two of them the same digits.
_STRIDE, _START = 61_803_399, 27_182_818

_OPENS, _CLOSES = 9 * 3600, 22 * 3600
_FAITHFUL = 0.7  # the share of visits to one's favourite store


def phone_of(customer: int) -> str:
    """The customer's mainland mobile number, eleven digits, nobody else's."""
    prefix = _PREFIXES[_dice("phone", customer).randrange(len(_PREFIXES))]
    return f"{prefix}{(customer * _STRIDE + _START) % 10**8:08d}"


def name_of(customer: int) -> str:
    """The customer's name, surname first; many share one, as people do."""
    dice = _dice("name", customer)
    return dice.choice(_SURNAMES) + "".join(dice.sample(_GIVEN, dice.choice((1, 2, 2))))


def favourite_store(customer: int) -> str:
    """The code of the store this customer mostly goes to."""
    return _dice("store", customer).choice(_STORE_CODES)


def visit(customer: int, dice: Random) -> tuple[str, time]:
    """The store and the local time of one purchase, between 09:00 and 22:00."""
    faithful = dice.random() < _FAITHFUL
    store = favourite_store(customer) if faithful else dice.choice(_STORE_CODES)
    second = dice.randrange(_OPENS, _CLOSES)
    return store, time(second // 3600, second // 60 % 60, second % 60)


def _dice(purpose: str, customer: int) -> Random:
    return Random(f"shuke-demo:{purpose}:{customer}")  # noqa: S311  (seeded on purpose)
