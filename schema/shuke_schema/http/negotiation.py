"""Which media type an answer has: the Accept header with its ranges and weights (RFC 9110, 12.5.1),
and which bodies are taken (the GraphQL-over-HTTP specification)."""

from collections.abc import Iterator
from dataclasses import dataclass

from shuke_schema.http.errors import ContentTypeRefused, MediaRefused

RESPONSE = "application/graphql-response+json"
JSON = "application/json"
PAGE = "text/html"

_MOST_RANGES = 50
_UTF8 = {"utf-8", "utf8"}


@dataclass(frozen=True, slots=True)
class _Range:
    media: str
    weight: float

    def fits(self, offer: str) -> int:
        """How narrowly the range names the offer: 0 not at all, 3 exactly."""
        if self.media == offer:
            return 3
        if self.media == f"{offer.split('/')[0]}/*":
            return 2
        return 1 if self.media == "*/*" else 0


def _parameters(text: str) -> tuple[str, dict[str, str]]:
    media, *rest = text.split(";")
    pairs = (part.partition("=") for part in rest)
    return media.strip().lower(), {
        name.strip().lower(): value.strip().strip('"').lower() for name, _, value in pairs
    }


def _ranges(accept: str) -> Iterator[_Range]:
    for part in accept.split(",")[:_MOST_RANGES]:
        media, parameters = _parameters(part)
        try:
            weight = float(parameters.get("q", "1"))
        except ValueError:
            continue
        if 0 <= weight <= 1 and parameters.get("charset", "utf-8") in _UTF8:
            yield _Range(media, weight)


def media_of(accept: str | None, *, page: bool = False) -> str:
    """The media type to answer with; raises MediaRefused when none of ours is accepted.

    Without a preference it is application/json; where both are named with the same weight it is
    application/graphql-response+json. `page` offers text/html as well.
    """
    if accept is None or not accept.strip():
        return JSON
    ranges = list(_ranges(accept))
    best: tuple[float, int, int] = (0.0, 0, 0)
    chosen: str | None = None
    for rank, offer in enumerate((*((PAGE,) if page else ()), RESPONSE, JSON)):
        found = max(((r.fits(offer), r.weight) for r in ranges if r.fits(offer)), default=(0, 0.0))
        narrow, weight = found
        # Named ones go by our order; of those that only a wildcard lets through, JSON is meant.
        standing = (weight, narrow, -rank if narrow == 3 else rank)
        if weight > 0 and (chosen is None or standing > best):
            best, chosen = standing, offer
    if chosen is None:
        raise MediaRefused()
    return chosen


def check_content_type(content_type: str | None) -> None:
    """Raises ContentTypeRefused unless the body is JSON in UTF-8."""
    media, parameters = _parameters(content_type or "")
    if media != JSON or parameters.get("charset", "utf-8") not in _UTF8:
        raise ContentTypeRefused()
