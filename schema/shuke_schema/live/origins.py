"""Whether a page may open a socket: by its Origin, which browsers send and other clients do not.

Tokens travel in the first message, never as cookies, so a foreign page could do little. It is kept
out all the same.
"""

from urllib.parse import urlsplit

from starlette.types import Scope

from shuke_schema.http.hosts import ANY, host_names, name_of


def may_open(scope: Scope, hosts: frozenset[str], origins: frozenset[str]) -> bool:
    """No Origin, one of ours (the host names served), or one of the listed origins.

    Where any host name is served, a page is ours if it comes from the one that was asked for.
    """
    told = _header(scope, b"origin")
    if not told:
        return True
    if len(told) > 1:
        return False
    if ANY in origins or told[0] in origins:
        return True
    try:
        page = urlsplit(told[0])
        name = page.hostname or ""
    except ValueError:
        return False
    named = f"[{name}]" if ":" in name else name
    ours = {name_of(host) for host in _header(scope, b"host")} if ANY in hosts else hosts
    return page.scheme in ("http", "https") and named in ours


def _header(scope: Scope, wanted: bytes) -> list[str]:
    return [value.decode("latin-1").lower() for name, value in scope["headers"] if name == wanted]


def origins_of(setting: str) -> frozenset[str]:
    """The origins of a comma separated list, such as https://shop.example; `*` stands for any."""
    return host_names(setting)
