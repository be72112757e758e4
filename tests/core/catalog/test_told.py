"""What is told of an item, field by field: read, or refused with the field and a reason."""

import pytest

from shuke_core.catalog.rules import ItemState, may_become
from shuke_core.catalog.told import ItemRefused, ToldItem, read_item


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ({"code": "A"}, ToldItem("A")),
        ({"code": 6901234567892.0}, ToldItem("6901234567892")),
        ({"code": '="0012"'}, ToldItem("0012")),
        ({"code": "A", "name": " 龙井　茶 "}, ToldItem("A", "龙井 茶")),
        ({"code": "A", "price": "¥12.80"}, ToldItem("A", price_fen=1_280)),
        ({"code": "A", "price": 0}, ToldItem("A", price_fen=0)),
        ({"code": "A", "price": "", "state": "-", "category": "无"}, ToldItem("A")),
        ({"code": "A", "state": "上架"}, ToldItem("A", state=ItemState.ON_SALE)),
        ({"code": "A", "state": "OFF_SALE"}, ToldItem("A", state=ItemState.OFF_SALE)),
        (
            {"code": "A", "category": "饮品 / 茶>绿茶"},
            ToldItem("A", category=("饮品", "茶", "绿茶")),
        ),
        ({"code": "A", "category": ["饮品", "茶"]}, ToldItem("A", category=("饮品", "茶"))),
        (
            {"code": "A", "品牌": "西湖", "ean": 6901, "empty": None, "odd": {"a": 1}},
            ToldItem("A", details={"品牌": "西湖", "ean": "6901"}),
        ),
    ],
)
def test_what_can_be_read(raw: dict[str, object], told: ToldItem) -> None:
    assert read_item(raw) == told


@pytest.mark.parametrize(
    ("raw", "field", "code"),
    [
        ([], "$", "ITEM_NOT_AN_OBJECT"),
        ({}, "code", "ITEM_CODE_MISSING"),
        ({"code": "NULL"}, "code", "ITEM_CODE_MISSING"),
        ({"code": "A" * 65}, "code", "TEXT_TOO_LONG"),
        ({"code": "A", "name": ["x"]}, "name", "TEXT_EXPECTED"),
        ({"code": "A", "name": "锟斤拷"}, "name", "TEXT_MOJIBAKE"),
        ({"code": "A", "price": "-3"}, "price", "PRICE_NEGATIVE"),
        ({"code": "A", "price": "8.5折"}, "price", "AMOUNT_IS_RATE"),
        ({"code": "A", "price": "面议"}, "price", "AMOUNT_INVALID"),
        ({"code": "A", "state": "maybe"}, "state", "ITEM_STATE_INVALID"),
        ({"code": "A", "category": "a//b"}, "category", "CATEGORY_NAME_INVALID"),
        ({"code": "A", "category": "/".join("abcdefg")}, "category", "CATEGORY_PATH_TOO_DEEP"),
        ({"code": "A", "category": [{}]}, "category", "TEXT_EXPECTED"),
        ({"code": "A", **{f"x{n}": "1" for n in range(41)}}, "$", "DETAILS_TOO_MANY"),
        ({"code": "A", "x": "y" * 3_000}, "x", "TEXT_TOO_LONG"),
    ],
)
def test_what_can_not_names_its_field_and_why(raw: object, field: str, code: str) -> None:
    refused = read_item(raw)
    assert isinstance(refused, ItemRefused)
    assert (refused.field, refused.code) == (field, code)


def test_only_the_ways_back_to_a_draft_and_out_of_retired_are_closed() -> None:
    closed = {
        (before, after)
        for before in ItemState
        for after in ItemState
        if not may_become(before, after)
    }
    assert closed == {
        (ItemState.ON_SALE, ItemState.DRAFT),
        (ItemState.OFF_SALE, ItemState.DRAFT),
        (ItemState.RETIRED, ItemState.DRAFT),
        (ItemState.RETIRED, ItemState.ON_SALE),
        (ItemState.RETIRED, ItemState.OFF_SALE),
    }
