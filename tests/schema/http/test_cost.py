"""What operations cost: objects times the pages they lie on."""

from typing import Any

import pytest
from tests.schema.http.arcade import schema

from shuke_schema.http.cost import price_of
from shuke_schema.http.document import read_document
from shuke_schema.http.door import graphql_schema
from shuke_schema.http.limits import MEMBER


def _cost(text: str, **variables: Any) -> int:
    document = read_document(text, MEMBER)
    price = price_of(graphql_schema(schema), document, document.operation(None), MEMBER)
    return price.of(variables)


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        ("{hello}", 1),  # never below one
        ("{__typename}", 1),
        ("{game{name}}", 1),
        ("{game{next{next{name}}}}", 3),
        ("{games(first:7){name}}", 7),
        ("{games{name}}", 20),  # the default of `first`
        ("{allGames{name}}", 10),  # a list without a page size
        ("{games(first:7){games(first:3){name next{name}}}}", 7 * (1 + 3 * 2)),
        ("{pages(first:7){edges{name}}}", 1 + 7),
        ("{pages(first:7){edges{games(first:2){name}}}}", 1 + 7 * (1 + 2)),
        ("{pages(first:7){...F}} fragment F on GamePage{edges{name}}", 1 + 7),
        ("{games(first:0){name}}", 1),
        ("{games(first:-5){name}}", 1),
        ("{a:games(first:3){name} b:games(first:4){name}}", 7),
        ("{nothing{name}}", 1),  # left to the validation
        ('mutation{addStore(code:"S1")}', 10),
        ('mutation{a:addStore(code:"S1") ...F} fragment F on Mutation{addStore(code:"S2")}', 20),
    ],
)
def test_objects_count_as_often_as_their_pages_say(text: str, cost: int) -> None:
    assert _cost(text) == cost


@pytest.mark.parametrize(
    ("variables", "cost"), [({}, 12), ({"n": 5}, 15), ({"n": 5.0}, 15), ({"n": "x"}, 12)]
)
def test_a_variable_sets_the_page_size(variables: dict[str, Any], cost: int) -> None:
    text = "query($n:Int=4){games(first:$n){next{next{name}}}}"
    assert _cost(text, **variables) == cost


def test_a_variable_without_a_default_takes_the_fields_own() -> None:
    assert _cost("query($n:Int){games(first:$n){name}}") == 20
