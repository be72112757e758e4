"""GraphiQL for a browser, with saved examples; its page may load what it names and nothing else."""

import json
import re
from base64 import b64encode
from functools import cache
from hashlib import sha256

from starlette.responses import HTMLResponse
from strawberry.http.ides import get_graphql_ide_html

_EXAMPLE = re.compile(r"(const EXAMPLE_QUERY = )`[^`]*`")
_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_ORIGIN = re.compile(r"(?:src|href)=\"(https://[^/\"]+)/")


@cache
def _page(examples: str) -> tuple[str, str]:
    text = json.dumps(examples, ensure_ascii=False).replace("</", "<\\/")
    page, replaced = _EXAMPLE.subn(
        lambda found: found[1] + text, get_graphql_ide_html(graphql_ide="graphiql"), count=1
    )
    if not replaced:
        raise RuntimeError("GraphiQL's page has changed: it has no place for examples")
    origins = " ".join(sorted(set(_ORIGIN.findall(page))))
    scripts = " ".join(
        f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"
        for script in _INLINE_SCRIPT.findall(page)
    )
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src {origins} {scripts}",
            f"style-src {origins} 'unsafe-inline'",
            f"font-src {origins} data:",
            "img-src 'self' data:",
            "connect-src 'self'",
            "frame-ancestors 'none'",
        )
    )
    return page, policy


def graphiql(examples: str) -> HTMLResponse:
    """The page, with the example operations in its editor."""
    page, policy = _page(examples)
    return HTMLResponse(page, headers={"content-security-policy": policy})
