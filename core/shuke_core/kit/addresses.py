"""Addresses of servers, split into parts; what is said of a wrong one never repeats its password."""

from typing import Any, Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

_HIGHEST_PORT: Final = 65_535
_OPTIONS: Final = frozenset({"host", "port", "user", "sslmode"})
_SSL_MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


def split_address(url: str) -> SplitResult:
    """The parts of a server's address; ValueError without any of the value: it has a password."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:  # Python's own sentence repeats what it could not read
        parts = None
    if parts is None or parts.fragment or "@" in parts.path + parts.query:
        raise ValueError(
            "can't be read: is the port a number up to 65535, and are characters such as # / ? @ "
            "in the password written as %23 %2F %3F %40?"
        )
    return parts


def credentials(dsn: str) -> dict[str, Any]:
    """Splits a postgresql:// address; a `host` in the query may be the folder of a unix socket.

    Raises ValueError with a sentence that repeats nothing but the names of unknown options.
    """
    parts = split_address(dsn)
    query = {
        key: values[-1] for key, values in parse_qs(parts.query, keep_blank_values=True).items()
    }
    if unknown := sorted(query.keys() - _OPTIONS):
        raise ValueError(
            f"has unknown options: {', '.join(unknown)}; known are {', '.join(sorted(_OPTIONS))}"
        )
    port = query.get("port") or str(parts.port or 5432)
    if not (port.isascii() and port.isdecimal() and 1 <= int(port[:6]) <= _HIGHEST_PORT):
        raise ValueError(f"must have a port of 1 to {_HIGHEST_PORT}")
    found: dict[str, Any] = {
        "host": query.get("host") or parts.hostname or "127.0.0.1",
        "port": int(port),
        "user": query.get("user") or unquote(parts.username or ""),
        "password": unquote(parts.password) if parts.password else None,
        "database": unquote(parts.path.lstrip("/")),
    }
    if not found["database"]:
        raise ValueError("must name a database, as in postgresql://shuke_app@host/shuke")
    if "sslmode" in query:
        if query["sslmode"] not in _SSL_MODES:
            raise ValueError(f"must have an sslmode of {', '.join(_SSL_MODES)}")
        found["ssl"] = query["sslmode"]
    return found
