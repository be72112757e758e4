"""Frames that no honest client sends, and the code that each of them is closed with."""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson
from tests.schema.live.raw import BINARY, CONTINUATION, DROPPED, PING, frame

INIT = "<init>"  # stands for a connection_init with a member's token
HEARING = "subscription { pointsChanged { cursor } }"


@dataclass(frozen=True)
class Probe:
    """What is sent, one frame after another, and the close code; 0: it stays open."""

    name: str
    code: int
    frames: Sequence[bytes | str]
    protocol: str = "graphql-transport-ws"


def text(message: object) -> bytes:
    """A text frame with a message."""
    return frame(message.encode() if isinstance(message, str) else orjson.dumps(message))


def subscribe(payload: object = None, **fields: object) -> bytes:
    """A subscribe message; `fields` replace what it consists of."""
    usual = {"id": "1", "type": "subscribe", "payload": payload or {"query": HEARING}}
    return text({**usual, **fields})


def _bad(name: str, *frames: bytes, code: int = 4400) -> Probe:
    return Probe(name, code, frames)


def _after_init(name: str, *frames: bytes, code: int = 4400) -> Probe:
    return Probe(name, code, (INIT, *frames))


_PING = {"type": "ping"}

PROBES = (
    # not JSON, or not a message
    _bad("nothing", text("")),
    _bad("a blank", text(" ")),
    _bad("half an object", text("{")),
    _bad("a word", text("hello")),
    _bad("two objects", text('{"type":"ping"}{"type":"ping"}')),
    _bad("a comma too many", text('{"type":"ping",}')),
    _bad("single quotes", text("{'type':'ping'}")),
    _bad("NaN", text('{"type":"ping","payload":{"n":NaN}}')),
    _bad("a lone surrogate", text('{"type":"ping","payload":{"s":"\\ud800"}}')),
    _bad("a byte order mark", text("\ufeff" + '{"type":"ping"}')),
    _bad("a NUL", text('{"type":"pi\0ng"}')),
    _bad("null", text("null")),
    _bad("a number", text("7")),
    _bad("a string", text('"connection_init"')),
    _bad("true", text("true")),
    _bad("an array", text([{"type": "connection_init"}])),
    _bad("an empty array", text([])),
    _bad("an empty object", text({})),
    _bad("5,000 brackets", text("[" * 5_000)),
    _bad("600 deep payload that does not end", text('{"type":"ping","payload":' + '{"a":' * 600)),
    # types
    _bad("type null", text({"type": None})),
    _bad("type a number", text({"type": 1})),
    _bad("type an array", text({"type": ["ping"]})),
    _bad("type an object", text({"type": {"of": "ping"}})),
    _bad("type in capitals", text({"type": "PING"})),
    _bad("type with a blank", text({"type": "ping "})),
    _bad("type unknown", text({"type": "hello"})),
    _bad("a server's type: next", text({"type": "next", "id": "1"})),
    _bad("a server's type: ack", text({"type": "connection_ack"})),
    _bad("legacy start", text({"type": "start", "id": "1", "payload": {"query": HEARING}})),
    _bad("legacy stop", text({"type": "stop", "id": "1"})),
    _bad("legacy terminate", text({"type": "connection_terminate"})),
    # payloads
    _bad("init with text", text({"type": "connection_init", "payload": "x"})),
    _bad("init with an array", text({"type": "connection_init", "payload": []})),
    _bad("init with a filled array", text({"type": "connection_init", "payload": ["x"]})),
    _bad("init with a number", text({"type": "connection_init", "payload": 3})),
    _bad("ping with text", text({"type": "ping", "payload": "x"})),
    _bad("pong with a number", text({"type": "pong", "payload": 1})),
    # who is there
    _bad("init without a token", text({"type": "connection_init"}), code=4403),
    _bad(
        "init with a foreign token",
        text({"type": "connection_init", "payload": {"authorization": "Bearer made-up"}}),
        code=4403,
    ),
    _bad(
        "init with a token that is a number",
        text({"type": "connection_init", "payload": {"authorization": 7}}),
        code=4403,
    ),
    _bad(
        "init with basic authorization",
        text({"type": "connection_init", "payload": {"authorization": "Basic eDp5"}}),
        code=4403,
    ),
    _bad(
        "init with a NUL in the token",
        text({"type": "connection_init", "payload": {"authorization": "Bearer a\0b"}}),
        code=4403,
    ),
    Probe("a second init", 4429, (INIT, INIT)),
    _bad("subscribe before init", subscribe(), code=4401),
    _after_init("subscribe without id", text({"type": "subscribe", "payload": {"query": HEARING}})),
    _after_init("id null", subscribe(id=None)),
    _after_init("id a number", subscribe(id=1)),
    _after_init("id an array", subscribe(id=["1"])),
    _after_init("id an object", subscribe(id={})),
    _after_init("id empty", subscribe(id="")),
    _after_init("id of 129 characters", subscribe(id="x" * 129)),
    _after_init("no payload", text({"id": "1", "type": "subscribe"})),
    _after_init("payload text", subscribe("{ me }")),
    _after_init("payload an array", subscribe([HEARING])),
    _after_init("no query", subscribe({"variables": {}})),
    _after_init("query null", subscribe({"query": None})),
    _after_init("query a number", subscribe({"query": 1})),
    _after_init("query an object", subscribe({"query": {"a": 1}})),
    _after_init("variables text", subscribe({"query": HEARING, "variables": "{}"})),
    _after_init("variables an array", subscribe({"query": HEARING, "variables": [1]})),
    _after_init("operationName a number", subscribe({"query": HEARING, "operationName": 1})),
    _after_init("operationName an array", subscribe({"query": HEARING, "operationName": []})),
    _after_init("extensions text", subscribe({"query": HEARING, "extensions": "x"})),
    _after_init("an id that is taken", subscribe(), subscribe(), code=4409),
    _after_init("complete without id", text({"type": "complete"})),
    _after_init("complete with a number", text({"type": "complete", "id": 5})),
    # below the protocol
    _bad("a binary frame", frame(b'{"type":"ping"}', BINARY)),
    _bad("an empty binary frame", frame(b"", BINARY)),
    _bad("not UTF-8", frame(b"\xff\xfe"), code=1007),
    _bad("half a character", frame('{"type":"é'.encode()[:-1]), code=1007),
    _bad("a frame without a mask", frame(b"{}", masked=False), code=1002),
    _bad("reserved bits", frame(b"{}", bits=4), code=1002),
    _bad("an unknown opcode", frame(b"{}", 0x3), code=1002),
    _bad("a continuation of nothing", frame(b"{}", CONTINUATION), code=1002),
    _bad("a fragmented ping", frame(b"x", PING, fin=False), code=1002),
    _bad("a ping of 126 bytes", frame(b"x" * 126, PING), code=1002),
    _bad("text inside of text", frame(b"{", fin=False), frame(b"}"), code=1002),
    _bad("a frame of 64 KiB and one byte", text("x" * 65_537), code=1009),
    _bad(
        "fragments of more than 64 KiB",
        *[frame(b"x" * 30_000, fin=False), *[frame(b"x" * 30_000, CONTINUATION, fin=False)] * 2],
        code=1009,
    ),
    # too much
    _after_init("101 pings at once", *[text(_PING)] * 130, code=4429),
    _bad("130 pings before init", *[text(_PING)] * 130, code=4429),
    # which protocol
    Probe("the legacy protocol", 4406, (), "graphql-ws"),
    Probe("no protocol", 4406, (), ""),
    Probe("another protocol", 4406, (), "mqtt"),
    # honest, if odd
    Probe("fragments of a ping", 0, (frame(b'{"type":', fin=False), frame(b'"ping"}', CONTINUATION))),
    Probe("both protocols", 0, (INIT,), "graphql-ws, graphql-transport-ws"),
    Probe("unknown fields", 0, (text({"type": "ping", "more": 1}), INIT)),
    Probe("a pong that nobody asked for", 0, (INIT, text({"type": "pong", "payload": {}}))),
    Probe("complete of what is not there", 0, (INIT, text({"type": "complete", "id": "9"}))),
    Probe("pings before init", 0, (text(_PING), text({**_PING, "payload": None}))),
    Probe("an id used again", 0, (INIT, subscribe(), text({"type": "complete", "id": "1"}), subscribe())),
)  # fmt: skip
assert DROPPED == 1006
