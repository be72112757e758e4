"""How Tortoise is told of the apps and the connection."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shuke_core.kit.addresses import credentials
from shuke_core.kit.engine import CONNECTION

__all__ = ["CORE", "App", "credentials", "tortoise_config"]


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
            "staff",
            "credentials",
            "stepup",
            "idempotency",
            "audit",
            "rules",
            "catalog",
            "members",
            "consents",
            "suppression",
            "personal_data",
            "assignments",
            "orders",
            "ledger",
            "points",
            "campaigns",
            "integrations",
            "alerts",
            "tasks",
            "interactions",
            "merging",
            "profiles",
            "blocks",
            "notes",
            "files",
            "disclosure",
            "reveals",
            "exports",
            "imports",
            "wechat",
            "events",
            "worker",
        )
    ],
    migrations="shuke_core.migrations",
)


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
