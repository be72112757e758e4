"""Who may explore the API: ask the schema about itself, and send queries by GET."""

from shuke_core.access.permissions import API_EXPLORE
from shuke_core.settings import current_settings
from shuke_schema.context import Context


def may_introspect(context: Context) -> bool:
    """Whether this caller is told the schema and gets names suggested: anybody in a demo and in
    tests, otherwise staff with the permission for it."""
    return current_settings().env in ("demo", "test") or may_explore(context)


def may_explore(context: Context) -> bool:
    """Whether this is staff with the permission for it, in whatever environment."""
    return API_EXPLORE.key in context.rights.permissions
