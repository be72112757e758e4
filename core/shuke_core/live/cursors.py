"""Live cursors: a position in a tenant's history, as a client may hold it.

A position would tell how much happens at a merchant, so it is enciphered under a key of the
tenant's: one AES block, whose first half must be empty, so that nobody can make a cursor up.
"""

import base64
import binascii

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from shuke_core.kit.crypto import keyed_digest
from shuke_core.kit.errors import ShukeError
from shuke_core.tenants.keyring import tenant_keys

_HALF = 8


class LiveCursorInvalid(ShukeError):
    code = "LIVE_CURSOR_INVALID"
    sentence = "The cursor is not one of this tenant's; take it from the latest update."


class Cursors:
    """The cursors of one tenant."""

    def __init__(self, key: bytes) -> None:
        # One block in, one block out, and every position only once: a mode would add nothing.
        self._cipher = Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305

    def told(self, position: int) -> str:
        """The cursor that stands after the position."""
        block = self._cipher.encryptor().update(bytes(_HALF) + position.to_bytes(_HALF, "big"))
        return base64.urlsafe_b64encode(block).decode().rstrip("=")

    def read(self, cursor: str) -> int:
        """The position of a cursor; raises LiveCursorInvalid for whatever we did not make."""
        try:
            block = base64.b64decode(cursor + "==", altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            block = b""
        if len(block) != 2 * _HALF:
            raise LiveCursorInvalid()
        plain = self._cipher.decryptor().update(block)
        if plain[:_HALF] != bytes(_HALF):
            raise LiveCursorInvalid()
        return int.from_bytes(plain[_HALF:], "big")


async def cursors_of_tenant() -> Cursors:
    """The current tenant's."""
    return Cursors(keyed_digest((await tenant_keys()).digesting, "live cursor"))
