"""Media types: which one is answered, and which are not taken."""

import pytest

from shuke_schema.http.errors import ContentTypeRefused, MediaRefused
from shuke_schema.http.negotiation import JSON, PAGE, RESPONSE, check_content_type, media_of


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("application/json", JSON),
        ("APPLICATION/JSON; charset=UTF-8", JSON),
        (RESPONSE, RESPONSE),
        (f"{RESPONSE}, application/json", RESPONSE),
        (f"application/json, {RESPONSE}", RESPONSE),
        (f"{RESPONSE};q=0.5, application/json", JSON),
        (f"{RESPONSE};q=0.9, application/json;q=0.8, */*;q=0.1", RESPONSE),
        (f"{RESPONSE}, */*", RESPONSE),
        (f"{RESPONSE};q=0, */*", JSON),
        ("application/json;q=0, */*;q=0.1", RESPONSE),
        ("text/html, */*;q=0.1", JSON),
    ],
)
def test_the_answer_has_the_type_that_weighs_most(accept: str | None, media: str) -> None:
    assert media_of(accept) == media


@pytest.mark.parametrize(
    "accept",
    ["text/html", "application/json;q=0", "application/json;charset=gbk", "*/*;q=0", "json",
     "application/json;q=2", "application/json;q=x"],
)  # fmt: skip
def test_what_we_do_not_speak_is_refused(accept: str) -> None:
    with pytest.raises(MediaRefused):
        media_of(accept)


def test_a_page_goes_to_browsers_only() -> None:
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    assert media_of(browser, page=True) == PAGE
    assert media_of("*/*", page=True) == media_of("application/json", page=True) == JSON


def test_ranges_past_the_fiftieth_are_not_read() -> None:
    with pytest.raises(MediaRefused):
        media_of("text/plain," * 50 + "application/json")


@pytest.mark.parametrize("sent", ["application/json", 'Application/JSON; charset="utf-8"'])
def test_json_in_utf8_is_taken(sent: str) -> None:
    check_content_type(sent)


@pytest.mark.parametrize(
    "sent",
    [None, "", "text/plain", "multipart/form-data; boundary=x", "application/json; charset=gbk",
     "application/graphql", "application/x-www-form-urlencoded"],
)  # fmt: skip
def test_other_bodies_are_refused(sent: str | None) -> None:
    with pytest.raises(ContentTypeRefused):
        check_content_type(sent)
