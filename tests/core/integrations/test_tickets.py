"""Tickets: what a till sends, from honest to hostile, becomes facts or one clear refusal."""

import copy
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shuke_core.integrations.tickets import (
    CleanLine,
    CleanRefund,
    CleanSale,
    CleanStep,
    RefundedLine,
    Rejected,
    clean_ticket,
)
from shuke_core.members.phones import Phone
from shuke_core.orders.life import OrderStepKind

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 1, 3, tzinfo=UTC)
SALE: dict[str, Any] = {
    "no": "A-000123",
    "store": "S1",
    "at": "2026-01-02 03:04:05",
    "phone": "138 0013 8000",
    "card": None,
    "total": "12.50",
    "lines": [{"sku": "CD-1", "name": "CD", "quantity": "2", "amount": "12.50"}],
}
REFUND: dict[str, Any] = {
    "kind": "refund",
    "no": "R-1",
    "store": "S1",
    "at": "2026-01-02 13:04:05",
    "refunds": "A-000123",
    "total": "5.00",
}


def clean(raw: object) -> CleanSale | CleanRefund | CleanStep | Rejected:
    return clean_ticket(raw, zone=SHANGHAI, day_starts_at=4, now=NOW)


def sale(**changes: object) -> CleanSale:
    cleaned = clean(SALE | changes)
    assert isinstance(cleaned, CleanSale), cleaned
    return cleaned


def refund(**changes: object) -> CleanRefund:
    cleaned = clean(REFUND | changes)
    assert isinstance(cleaned, CleanRefund), cleaned
    return cleaned


def lines(*amounts: str) -> list[dict[str, str]]:
    return [{"name": f"item {place}", "amount": each} for place, each in enumerate(amounts)]


def fens(cleaned: CleanSale | CleanRefund) -> list[int]:
    return [line.amount_fen for line in cleaned.lines]


def test_a_sale() -> None:
    assert clean(SALE) == CleanSale(
        no="A-000123",
        store_code="S1",
        at=datetime(2026, 1, 1, 19, 4, 5, tzinfo=UTC),
        business_day=date(2026, 1, 1),
        phone=Phone("+8613800138000", "138****8000"),
        card=None,
        name=None,
        total_fen=1250,
        lines=(CleanLine("CD-1", "CD", Decimal("2.000"), 1250),),
    )


def test_a_refund() -> None:
    said = {"refunds_day": "2026-01-02", "lines": [{"line": 1, "amount": "5.00"}]}
    assert clean(REFUND | said) == CleanRefund(
        no="R-1",
        store_code="S1",
        at=datetime(2026, 1, 2, 5, 4, 5, tzinfo=UTC),
        business_day=date(2026, 1, 2),
        refunds_no="A-000123",
        refunds_day=date(2026, 1, 2),
        total_fen=500,
        lines=(RefundedLine(1, 500),),
    )


def test_a_sale_may_say_no_more_than_it_must() -> None:
    cleaned = clean({"no": 123, "store": 7.0, "at": 1767323045, "total": 12.299999999})
    assert isinstance(cleaned, CleanSale)
    assert (cleaned.no, cleaned.store_code, cleaned.total_fen) == ("123", "7", 1230)
    assert (cleaned.phone, cleaned.card) == (None, None)
    assert cleaned.lines == (CleanLine(None, "整单", Decimal("1.000"), 1230),)


def test_a_refund_without_lines_names_no_goods() -> None:
    cleaned = refund()
    assert (cleaned.lines, cleaned.refunds_day) == ((), None)


@pytest.mark.parametrize(
    ("changes", "facts"),
    [
        ({"kind": "sale"}, {"no": "A-000123"}),
        ({"kind": " SALE "}, {"no": "A-000123"}),
        ({"kind": None}, {"no": "A-000123"}),
        ({"kind": ""}, {"no": "A-000123"}),
        ({"cashier": {"deep": [1]}}, {"no": "A-000123"}),
        ({"no": " Ａ－１\t"}, {"no": "A-1"}),
        ({"phone": 13800138000}, {"phone": Phone("+8613800138000", "138****8000")}),
        ({"phone": 13800138000.0}, {"phone": Phone("+8613800138000", "138****8000")}),
        ({"phone": "散客"}, {"phone": None}),
        ({"phone": 0}, {"phone": None}),
        ({"card": "散客"}, {"card": None}),
        ({"card": "0"}, {"card": None}),
        ({"card": 10001}, {"card": "10001"}),
        ({"card": "'0010001"}, {"card": "0010001"}),
        ({"at": "2026-01-02"}, {"business_day": date(2026, 1, 2)}),
        ({"at": "2026-01-02 25:30"}, {"business_day": date(2026, 1, 2)}),
        ({"at": "2026-01-02 24:00:00"}, {"business_day": date(2026, 1, 2)}),
        ({"total": "0", "lines": []}, {"total_fen": 0}),
        ({"total": "0.00", "lines": lines("0")}, {"total_fen": 0}),
        ({"lines": None}, {"total_fen": 1250}),
    ],
)
def test_a_sale_in_a_tills_own_words(changes: dict[str, object], facts: dict[str, object]) -> None:
    cleaned = sale(**changes)
    assert {name: getattr(cleaned, name) for name in facts} == facts


@pytest.mark.parametrize(
    ("quantity", "clean_quantity"),
    [
        ("0.356", "0.356"),
        (0.356, "0.356"),
        ("1份", "1.000"),
        ("2*", "2.000"),
        (2, "2.000"),
        ("0.3565", "0.357"),
        (None, "1.000"),
        ("", "1.000"),
        ("999999", "999999.000"),
    ],
)
def test_a_quantity_has_three_decimals(quantity: object, clean_quantity: str) -> None:
    cleaned = sale(lines=[{"name": "CD", "quantity": quantity, "amount": "12.5"}])
    assert str(cleaned.lines[0].quantity) == clean_quantity


def test_a_line_without_a_name_goes_by_its_code() -> None:
    assert sale(lines=[{"sku": "CD-1", "amount": "12.5"}]).lines[0].name == "CD-1"


@pytest.mark.parametrize(
    ("total", "amounts", "settled"),
    [
        ("12.50", ["10", "2.5"], [1000, 250]),
        ("12.00", ["10", "2.5"], [950, 250]),
        ("13.50", ["2.5", "10"], [250, 1100]),
        ("12", ["6.5", "6.5"], [550, 650]),
        ("1000", ["990"], [100_000]),
        ("1000", ["505", "505"], [49_500, 50_500]),
        ("0.60", ["0.3", "0.4", "0.3", "0.3"], [0, 0, 30, 30]),
        ("0", ["0.5", "0.5"], [0, 0]),
        ("1", ["0"], [100]),
    ],
)
def test_a_rounded_total_wins_and_the_largest_line_carries_it(
    total: str, amounts: list[str], settled: list[int]
) -> None:
    assert fens(sale(total=total, lines=lines(*amounts))) == settled


def test_a_refund_is_settled_the_same_way() -> None:
    back = [{"line": "2", "amount": "1"}, {"line": 1.0, "amount": "4.5"}]
    assert refund(lines=back).lines == (RefundedLine(2, 100), RefundedLine(1, 400))


def test_a_refund_may_count_from_the_tills_side() -> None:
    cleaned = refund(total="-5.00", lines=[{"line": 1, "amount": "(5.00)"}])
    assert (cleaned.total_fen, cleaned.lines) == (500, (RefundedLine(1, 500),))


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"kind": "void"}, "kind", "KIND_UNKNOWN"),
        ({"kind": ["sale"]}, "kind", "TEXT_EXPECTED"),
        ({"no": None}, "no", "FIELD_MISSING"),
        ({"no": "#REF!"}, "no", "FIELD_MISSING"),
        ({"no": "x" * 65}, "no", "TEXT_TOO_LONG"),
        ({"no": "A\ud800"}, "no", "TEXT_SURROGATE"),
        ({"store": " "}, "store", "FIELD_MISSING"),
        ({"store": "锟斤拷"}, "store", "TEXT_MOJIBAKE"),
        ({"at": None}, "at", "DATE_MISSING"),
        ({"at": 0}, "at", "DATE_MISSING"),
        ({"at": {}}, "at", "TEXT_EXPECTED"),
        ({"at": "01/02/2026"}, "at", "DATE_AMBIGUOUS"),
        ({"at": "2062-01-02"}, "at", "DATE_IN_FUTURE"),
        ({"phone": "138****8000"}, "phone", "PHONE_MASKED"),
        ({"phone": "010-12345678"}, "phone", "PHONE_NOT_MOBILE"),
        ({"phone": True}, "phone", "TEXT_EXPECTED"),
        ({"card": []}, "card", "TEXT_EXPECTED"),
        ({"total": None}, "total", "AMOUNT_MISSING"),
        ({"total": "8.5折"}, "total", "AMOUNT_IS_RATE"),
        ({"total": ["1"]}, "total", "AMOUNT_INVALID"),
        ({"total": "-12.50"}, "total", "SALE_NEGATIVE_SEND_REFUND"),
        ({"total": "10"}, "total", "TOTAL_MISMATCH"),
        ({"total": "11.49"}, "total", "TOTAL_MISMATCH"),
        ({"total": "13.51"}, "total", "TOTAL_MISMATCH"),
        ({"total": "1000", "lines": lines("989.99")}, "total", "TOTAL_MISMATCH"),
        ({"lines": {}}, "lines", "LINES_NOT_A_LIST"),
        ({"lines": "CD"}, "lines", "LINES_NOT_A_LIST"),
        ({"lines": lines(*["0"] * 1001)}, "lines", "LINES_TOO_MANY"),
        ({"lines": [*lines("1"), None]}, "lines[1]", "LINE_NOT_AN_OBJECT"),
        ({"lines": [{"amount": "12.5"}]}, "lines[0].name", "FIELD_MISSING"),
        ({"lines": lines("12.5", "", "x")}, "lines[1].amount", "AMOUNT_MISSING"),
        ({"lines": lines("13", "-0.5")}, "lines[1].amount", "LINE_NEGATIVE_SEND_REFUND"),
    ],
)
def test_a_refused_sale_names_the_field(changes: dict[str, object], field: str, code: str) -> None:
    cleaned = clean(SALE | changes)
    assert isinstance(cleaned, Rejected)
    assert (cleaned.field, cleaned.code) == (field, code)


@pytest.mark.parametrize(
    ("quantity", "code"),
    [
        ("-1", "LINE_NEGATIVE_SEND_REFUND"),
        (-0.5, "LINE_NEGATIVE_SEND_REFUND"),
        ("0", "QUANTITY_INVALID"),
        ("0.0004", "QUANTITY_INVALID"),
        ("1000000", "QUANTITY_INVALID"),
        ("999999.9999", "QUANTITY_INVALID"),
        ("50%", "QUANTITY_INVALID"),
        ("two", "QUANTITY_INVALID"),
        ("1,5", "QUANTITY_INVALID"),
        (False, "TEXT_EXPECTED"),
    ],
)
def test_a_quantity_that_is_none_is_refused(quantity: object, code: str) -> None:
    cleaned = clean(SALE | {"lines": [{"name": "CD", "quantity": quantity, "amount": "12.5"}]})
    assert isinstance(cleaned, Rejected)
    assert (cleaned.field, cleaned.code) == ("lines[0].quantity", code)


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"refunds": None}, "refunds", "FIELD_MISSING"),
        ({"refunds_day": "01/02/2026"}, "refunds_day", "DATE_AMBIGUOUS"),
        ({"total": "0"}, "total", "REFUND_ZERO"),
        ({"total": "--"}, "total", "AMOUNT_MISSING"),
        ({"lines": [{"amount": "5"}]}, "lines[0].line", "FIELD_MISSING"),
        ({"lines": [{"line": 0, "amount": "5"}]}, "lines[0].line", "LINE_NUMBER_INVALID"),
        ({"lines": [{"line": -1, "amount": "5"}]}, "lines[0].line", "LINE_NUMBER_INVALID"),
        ({"lines": [{"line": 1.5, "amount": "5"}]}, "lines[0].line", "LINE_NUMBER_INVALID"),
        ({"lines": [{"line": 1001, "amount": "5"}]}, "lines[0].line", "LINE_NUMBER_INVALID"),
        ({"lines": [{"line": 1, "amount": "-5"}]}, "lines[0].amount", "REFUND_SIGNS_DIFFER"),
        ({"lines": [{"line": 1, "amount": "2.5"}] * 2}, "lines[1].line", "LINE_REPEATED"),
        ({"lines": [{"line": 1, "amount": "2.5"}]}, "total", "TOTAL_MISMATCH"),
    ],
)
def test_a_refused_refund_names_the_field(
    changes: dict[str, object], field: str, code: str
) -> None:
    cleaned = clean(REFUND | changes)
    assert isinstance(cleaned, Rejected)
    assert (cleaned.field, cleaned.code) == (field, code)


@pytest.mark.parametrize("raw", [None, True, 1, 1.5, "sale", [], [SALE]])
def test_only_an_object_is_a_ticket(raw: object) -> None:
    cleaned = clean(raw)
    assert isinstance(cleaned, Rejected)
    assert (cleaned.field, cleaned.code) == ("$", "TICKET_NOT_AN_OBJECT")


def test_a_refusal_shows_what_stood_there_but_no_whole_phone_number() -> None:
    assert clean(SALE | {"total": "85%"}) == Rejected("total", "AMOUNT_IS_RATE", "85%")
    assert clean(SALE | {"phone": "12345678901"}) == Rejected(
        "phone", "PHONE_INVALID", "123****8901"
    )
    assert clean(SALE | {"total": "1"}) == Rejected(
        "total", "TOTAL_MISMATCH", "100 fen, lines 1250 fen"
    )


TEXTS = st.text(st.characters(exclude_categories=()), max_size=30)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(4300, 5000).map(lambda digits: 10**digits),
    st.floats(),
    TEXTS,
    st.sampled_from(["2026-01-02", "12.50", "-5", "13800138000", "85%", "refund", "1", "散客"]),
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4)
)


def objects(keys: list[str], values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(keys), values, max_size=len(keys))


LINES = st.lists(objects(["sku", "name", "quantity", "amount", "line"], JSON) | JSON, max_size=4)
MUTATIONS = objects([*SALE, "kind", "refunds", "refunds_day"], JSON | LINES)
TICKETS = st.one_of(
    JSON, MUTATIONS, MUTATIONS.map(lambda m: SALE | m), MUTATIONS.map(lambda m: REFUND | m)
)


@pytest.mark.slow
@given(TICKETS)
def test_no_json_value_raises_or_is_changed(raw: Any) -> None:
    before = copy.deepcopy(raw)
    cleaned = clean(raw)
    # NaN is unequal to itself; its text is not.
    assert _text(raw) == _text(before)
    if isinstance(cleaned, Rejected):
        assert len(cleaned.found) <= 80
        cleaned.found.encode()
    elif isinstance(cleaned, CleanSale):
        assert sum(fens(cleaned)) == cleaned.total_fen
        assert min(fens(cleaned)) >= 0
    elif isinstance(cleaned, CleanRefund):
        assert cleaned.total_fen > 0
        assert sum(fens(cleaned)) in {0, cleaned.total_fen}
    else:
        assert (cleaned.kind is OrderStepKind.PAYMENT) == (cleaned.amount_fen is not None)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=20), st.integers(-100, 100))
def test_whatever_the_rounding_the_lines_add_up(amounts: list[int], rounding: int) -> None:
    total = max(0, sum(amounts) + rounding)
    cleaned = sale(total=total / 100, lines=lines(*(f"{fen / 100:.2f}" for fen in amounts)))
    assert sum(fens(cleaned)) == cleaned.total_fen == total
    assert min(fens(cleaned)) >= 0


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return str([(key, _text(inner)) for key, inner in value.items()])
    if isinstance(value, list):
        return str([_text(inner) for inner in value])
    return hex(value) if isinstance(value, int) else repr(value)
