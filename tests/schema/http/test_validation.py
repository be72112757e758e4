"""The memory of valid documents: it is bounded, and hostile ones don't get in."""

import pytest
from tests.schema.http.arcade import schema

from shuke_core.projection.registry import Registry
from shuke_schema.http.door import graphql_schema
from shuke_schema.http.errors import DocumentInvalid
from shuke_schema.http.limits import MEMBER
from shuke_schema.http.validation import Documents


def _documents(most_tokens: int) -> Documents:
    return Documents(graphql_schema(schema), {}, Registry(()), MEMBER, most_tokens)


def test_a_valid_document_is_read_once() -> None:
    documents = _documents(100)
    first = documents.read("{hello}")
    documents.check("{hello}", first, may_introspect=False)
    assert documents.read("{hello}") is first
    assert documents.read("{ hello }") is not first


def test_invalid_ones_are_not_kept_and_push_nothing_out() -> None:
    documents = _documents(100)
    kept = documents.read("{hello}")
    documents.check("{hello}", kept, may_introspect=False)
    for number in range(200):
        text = f"{{nothing{number}}}"
        with pytest.raises(DocumentInvalid):
            documents.check(text, documents.read(text), may_introspect=False)
        assert documents.read(text) is not documents.read(text)
    assert documents.read("{hello}") is kept


def test_the_oldest_go_when_there_are_too_many() -> None:
    documents = _documents(10)  # three documents of three tokens
    texts = [f"{{hello{' ' * number}}}" for number in range(4)]
    read = {text: documents.read(text) for text in texts}
    for text in texts:
        documents.check(text, read[text], may_introspect=False)
    assert [documents.read(text) is read[text] for text in texts] == [False, True, True, True]
