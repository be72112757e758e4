"""Who may ask the schema about itself."""

from shuke_core.settings import current_settings
from shuke_schema.context import Context


def may_introspect(context: Context) -> bool:
    """Whether this caller is told the schema and gets names suggested: in a demo and in tests.

    A permission of the staff will widen it; it takes the context for that.
    """
    return current_settings().env in ("demo", "test")
