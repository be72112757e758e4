"""Signs the cursors in a JSON text that PostgreSQL has built.

SQL has no HMAC here, and a document seldom asks for more than one cursor. So SQL writes the keys of
a cursor in a form that nothing else in the text can have (`sql.cursor_of`), and they are signed
where they stand, without reading the JSON.
"""

import re

from shuke_core.kit.pagination import sign_cursor

_UNSIGNED = re.compile(r'"\\u0063([\w.]+):([0-9a-f]{48})"')


def sign_cursors(text: str, key: bytes) -> str:
    """The text with every cursor signed for its list."""
    return _UNSIGNED.sub(
        lambda found: f'"{sign_cursor(key, found[1], bytes.fromhex(found[2]))}"', text
    )
