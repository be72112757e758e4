"""graphql-transport-ws: what a client may send. Anything else closes with the specified code."""

from enum import IntEnum
from typing import Any, NamedTuple

import orjson

SUBPROTOCOL = "graphql-transport-ws"
MOST_ID = 128


class Code(IntEnum):
    """Close codes: of the protocol, and of WebSocket where the protocol has none."""

    RESTART = 1012
    TRY_LATER = 1013
    BAD_REQUEST = 4400
    UNAUTHORIZED = 4401
    FORBIDDEN = 4403
    BAD_SUBPROTOCOL = 4406
    INIT_TIMEOUT = 4408
    ID_TAKEN = 4409
    TOO_MANY = 4429
    INTERNAL = 4500


class Close(Exception):
    """The socket is to be closed with this code and reason."""

    def __init__(self, code: Code, reason: str) -> None:
        self.code, self.reason = code, reason
        super().__init__(reason)


class Message(NamedTuple):
    """One frame of a client. Which fields are filled depends on its type."""

    type: str
    id: str = ""
    query: str | None = None
    document_id: str | None = None
    variables: dict[str, Any] = {}  # noqa: RUF012 (never changed)
    operation: str | None = None
    params: dict[str, Any] = {}  # noqa: RUF012


def parse(text: str | None) -> Message:
    """The message in a text frame (None: it was binary); raises Close."""
    try:
        frame = orjson.loads(text or b"")
    except orjson.JSONDecodeError:
        raise Close(Code.BAD_REQUEST, "Invalid JSON") from None
    if not isinstance(frame, dict) or not isinstance(kind := frame.get("type"), str):
        raise Close(Code.BAD_REQUEST, "Invalid message")
    payload = frame.get("payload")
    if kind in ("connection_init", "ping", "pong"):
        return Message(kind, params=_object(payload, "payload"))
    if kind not in ("subscribe", "complete"):
        raise Close(Code.BAD_REQUEST, "Invalid message type")
    message_id = frame.get("id")
    if not isinstance(message_id, str) or not 0 < len(message_id) <= MOST_ID:
        raise Close(Code.BAD_REQUEST, "Invalid id")
    if kind == "complete":
        return Message(kind, message_id)
    query, document_id = _document(_object(payload, "payload") or {})
    payload = payload or {}
    operation = payload.get("operationName")
    if operation is not None and not isinstance(operation, str):
        raise Close(Code.BAD_REQUEST, "Invalid operationName")
    _object(payload.get("extensions"), "extensions")
    variables = _object(payload.get("variables"), "variables")
    return Message(kind, message_id, query, document_id, variables, operation)


def _document(payload: dict[str, Any]) -> tuple[str | None, str | None]:
    """The document's text, or the id of a trusted one."""
    query, document_id = payload.get("query"), payload.get("documentId")
    if isinstance(query, str) and document_id is None:
        return query, None
    if isinstance(document_id, str) and query is None:
        return None, document_id
    raise Close(Code.BAD_REQUEST, "Invalid query")


def _object(value: Any, what: str) -> dict[str, Any]:
    if value is not None and not isinstance(value, dict):
        raise Close(Code.BAD_REQUEST, f"Invalid {what}")
    return value or {}


def dump(**message: Any) -> str:
    """The text of a frame."""
    return orjson.dumps(message).decode()
