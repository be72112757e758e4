"""How Tortoise is told of the apps and the connection."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from shuke_core.kit.engine import CONNECTION


@dataclass(frozen=True, slots=True)
class App:
    """A Tortoise app: the modules with its models and the package with its migrations."""

    models: Sequence[str]
    migrations: str


CORE = App(
    models=[
        f"shuke_core.{domain}.models"
        for domain in (
            "tenants",
            "plugins",
            "members",
            "orders",
            "ledger",
            "points",
            "integrations",
            "events",
            "worker",
        )
    ],
    migrations="shuke_core.migrations",
)


def credentials(dsn: str) -> dict[str, Any]:
    """Splits a postgresql:// address; a `host` in the query may be the folder of a unix socket."""
    parts = urlsplit(dsn)
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    found: dict[str, Any] = {
        "host": query.pop("host", None) or parts.hostname or "127.0.0.1",
        "port": int(query.pop("port", None) or parts.port or 5432),
        "user": query.pop("user", None) or unquote(parts.username or ""),
        "password": unquote(parts.password) if parts.password else None,
        "database": unquote(parts.path.lstrip("/")),
    }
    if "sslmode" in query:
        found["ssl"] = query.pop("sslmode")
    return found


def tortoise_config(
    dsn: str, apps: Mapping[str, App], *, engine: str, **options: Any
) -> dict[str, Any]:
    """Tortoise's configuration for one connection and these apps."""
    return {
        "connections": {
            CONNECTION: {"engine": engine, "credentials": {**credentials(dsn), **options}}
        },
        "apps": {
            label: {
                "models": list(app.models),
                "migrations": app.migrations,
                "default_connection": CONNECTION,
            }
            for label, app in apps.items()
        },
        "use_tz": True,
        "timezone": "UTC",
    }
