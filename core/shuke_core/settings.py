"""All settings, from the environment only: `SHUKE_*`. A wrong value stops the start by its name."""

import os
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shuke_core.kit.addresses import credentials, split_address

PREFIX = "SHUKE_"


class SettingsError(Exception):
    """The environment can't be used; the text names each variable, what was found and expected."""


class Settings(BaseSettings):
    """What an operator sets. Defaults run everything on one machine with embedded servers."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, env_ignore_empty=True)

    env: Literal["production", "demo", "test"] = "production"
    home: Path = Field(
        Path(".shuke"), description="data of the embedded servers, logs, the key file"
    )
    database_url: str | None = Field(
        None, description="PostgreSQL as the role shuke_app; unset: the embedded server"
    )
    owner_database_url: str | None = Field(
        None, description="PostgreSQL as shuke_owner, for migrate, maintain and tenant create"
    )
    redis_url: str | None = Field(
        None, description="Redis or Valkey (redis://, rediss://, unix://); unset: the embedded one"
    )
    master_key: SecretStr | None = Field(
        None, description="32 random bytes in base64; wraps the tenants' keys"
    )
    former_master_keys: SecretStr | None = Field(
        None,
        description="master keys that some tenants' keys may still be wrapped by, comma separated",
    )
    closing_days: Annotated[
        int, Field(ge=0, le=3650, description="days between a tenant's closing and its erasure")
    ] = 30
    documents: Path | None = Field(
        None, description="folder with the manifests of trusted documents; unset: any document"
    )
    host: str = Field("127.0.0.1", description="address that `shuke serve` listens on")
    hosts: str = Field(
        "localhost,127.0.0.1,[::1]",
        description="host names that `shuke serve` answers to, comma separated; * for any",
    )
    origins: str | None = Field(
        None,
        description="web origins besides `hosts` whose pages may open sockets, comma separated; "
        "* for any",
    )
    live_sockets: Annotated[int, Field(ge=1, le=200_000, description="sockets per process")] = (
        10_000
    )
    rate_scale: Annotated[
        float, Field(gt=0, le=1000, description="times the documented rates of callers and tenants")
    ] = 1.0
    port: Annotated[int, Field(ge=1, le=65535)] = 8200
    pool_size: Annotated[int, Field(ge=1, le=200, description="connections per process")] = 8
    statement_cache: Annotated[
        int, Field(ge=0, le=10_000, description="prepared statements kept per connection")
    ] = 500
    wechat_url: str = Field(
        "https://api.weixin.qq.com", description="where WeChat's server API is asked"
    )
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "text"
    metrics_port: Annotated[int | None, Field(ge=1, le=65535)] = None
    metrics_host: str = Field("127.0.0.1", description="address that metrics are told at")
    drain_seconds: Annotated[float, Field(ge=0, le=60)] = 1.0
    lease_seconds: Annotated[float, Field(ge=1, le=60)] = 6.0
    poll_seconds: Annotated[float, Field(gt=0, le=1)] = 0.5

    @field_validator("database_url", "owner_database_url")
    @classmethod
    def _is_postgres(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("postgresql://", "postgres://")):
            raise ValueError("must be a postgresql:// address")
        if url is not None:
            credentials(url)
        return url

    @field_validator("redis_url")
    @classmethod
    def _is_redis(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must be a redis://, rediss:// or unix:// address")
        if url is not None and not url.startswith("unix://"):
            split_address(url)
        return url

    @field_validator("wechat_url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        if not url.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
            raise ValueError("must be an https:// address, or http:// of this machine")
        return url.rstrip("/")

    @property
    def embedded_database(self) -> bool:
        """Whether PostgreSQL is the embedded one (no address is set)."""
        return self.database_url is None

    @property
    def embedded_redis(self) -> bool:
        """Whether Redis is the embedded Valkey (no address is set)."""
        return self.redis_url is None


def load_settings() -> Settings:
    """Reads the environment; raises SettingsError with one sentence for each wrong variable."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    strangers = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
    faults = [f"{name} is not a setting of Shuke." for name in strangers]
    try:
        settings = Settings()
    except ValidationError as refused:
        for error in refused.errors():
            name = PREFIX + "_".join(str(part) for part in error["loc"]).upper()
            found = (
                "" if name.endswith(("_KEY", "_KEYS", "_URL")) else f", found {error['input']!r}"
            )
            faults.append(f"{name}: {error['msg']}{found}.")
        raise SettingsError(" ".join(faults)) from None
    if faults:
        raise SettingsError(f"{' '.join(faults)} Settings are: {', '.join(sorted(known))}.")
    return settings


@cache
def current_settings() -> Settings:
    """The settings of this process, read once."""
    return load_settings()
