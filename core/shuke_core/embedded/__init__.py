"""A real PostgreSQL and a real Valkey as wheels: for a first run and for tests, never elsewhere."""

from shuke_core.embedded.errors import EmbeddedError, EmbeddedFault
from shuke_core.embedded.servers import EmbeddedServers

__all__ = ["EmbeddedError", "EmbeddedFault", "EmbeddedServers"]
