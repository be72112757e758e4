"""Hostile requests, made by rule: each with the code of the guard that must refuse it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Hostile:
    """A body and the code it must be refused with."""

    name: str
    code: str
    body: bytes


def _asks(name: str, code: str, query: str, **variables: Any) -> Hostile:
    return Hostile(name, code, orjson.dumps({"query": query, "variables": variables}))


def _nested(name: str, levels: int, leaf: str = "name") -> str:
    return f"{{{name}" * levels + f"{{{leaf}}}" + "}" * levels


def corpus() -> list[Hostile]:
    """All of them, the same each time."""
    return [
        *_deep(),
        *_wide(),
        *_fragments(),
        *_directives(),
        *_just_within(),
        *_literals(),
        *_lists(),
        *_introspection(),
        *_padding(),
        *_variables(),
        *_shapes(),
    ]


def _deep() -> Iterator[Hostile]:
    for levels in (10, 11, 15, 20, 40, 80, 120, 160, 190, 199, 200, 220, 250, 300, 320):
        yield _asks(f"deep {levels}", "DOCUMENT_TOO_DEEP", "{game" + _nested("next", levels) + "}")
    for levels in (350, 500, 2_000):
        # The parser stops at whichever bound comes first; both are refusals before any check.
        yield _asks(f"deep {levels}", "DOCUMENT_TOO_DEEP", "{game" + _nested("next", levels) + "}")
    for levels in (11, 20, 60):
        document = "{game" + "{...{next" * levels + "{name}" + "}}" * levels + "}"
        yield _asks(f"deep inline {levels}", "DOCUMENT_TOO_DEEP", document)
    for levels in (3, 10, 25, 50):
        chain = " ".join(
            f"fragment F{n} on Game{{next{{next{{next{{...F{n + 1}}}}}}}}}" for n in range(levels)
        )
        document = f"{{game{{...F0}}}} {chain} fragment F{levels} on Game{{next{{name}}}}"
        yield _asks(f"deep by fragments {levels}", "DOCUMENT_TOO_DEEP", document)


def _wide() -> Iterator[Hostile]:
    for count in (150, 200, 300, 500, 800, 980):
        yield _asks(f"repeated {count}", "REPEATS_TOO_MANY", "{game{" + "name " * count + "}}")
    for count in (103, 150, 200):
        objects = "next{name} " * count
        yield _asks(f"objects repeated {count}", "REPEATS_TOO_MANY", "{game{" + objects + "}}")
    for count in (11, 12, 20, 50, 100, 500, 990):
        fields = " ".join("hello" for _ in range(count))
        yield _asks(f"root {count}", "ROOT_FIELDS_TOO_MANY", "{" + fields + "}")
    for count in (1_000, 1_500, 3_000, 5_000):
        yield _asks(f"wide {count}", "DOCUMENT_TOO_LONG", "{game{" + "name " * count + "}}")
    for count in (16, 17, 20, 50, 100, 200, 330):
        aliases = " ".join(f"a{n}:name" for n in range(count))
        yield _asks(f"aliases {count}", "ALIASES_TOO_MANY", "{game{" + aliases + "}}")
    for count in (16, 50, 150):
        aliases = " ".join(f"a{n}:hello" for n in range(count))
        yield _asks(f"root aliases {count}", "ALIASES_TOO_MANY", "{" + aliases + "}")
    for count in (400, 1_000, 10_000):
        aliases = " ".join(f"a{n}:name" for n in range(count))
        yield _asks(f"aliases {count}", "DOCUMENT_TOO_LONG", "{game{" + aliases + "}}")
    for count in (1, 10, 100, 200, 500, 900, 990):
        unknown = " ".join(f"namf{n}" for n in range(count))
        yield _asks(f"unknown {count}", "DOCUMENT_INVALID", "{game{" + unknown + "}}")
    for count in (1_000, 3_000, 10_000):
        unknown = " ".join(f"namf{n}" for n in range(count))
        yield _asks(f"unknown {count}", "DOCUMENT_TOO_LONG", "{game{" + unknown + "}}")
    for count in (50, 100, 150):
        arguments = " ".join(f"x{n}:{n}" for n in range(count))
        yield _asks(f"arguments {count}", "DOCUMENT_INVALID", f"{{hello({arguments})}}")
    for count in (50, 100, 300):
        same = " ".join(f"to:{n}" for n in range(count))
        yield _asks(f"the same argument {count}", "DOCUMENT_INVALID", f"{{hello({same})}}")


def _fragments() -> Iterator[Hostile]:
    for length in (1, 2, 3, 5, 10, 20, 50, 90, 120):
        ring = " ".join(f"fragment F{n} on Game{{...F{(n + 1) % length}}}" for n in range(length))
        yield _asks(f"ring {length}", "FRAGMENTS_CYCLIC", f"{{game{{...F0}}}} {ring}")
        yield _asks(f"unused ring {length}", "FRAGMENTS_CYCLIC", f"{{hello}} {ring}")
    for leaf in ("name", ""):
        for levels in (9, 10, 12, 14, 16, 20, 30, 50, 80):
            doubling = " ".join(
                f"fragment F{n} on Game{{...F{n + 1} ...F{n + 1}}}" for n in range(levels)
            )
            document = f"{{game{{...F0}}}} {doubling} fragment F{levels} on Game{{{leaf}}}"
            yield _asks(f"doubling {levels} {leaf!r}", "SELECTIONS_TOO_MANY", document)
    for levels in (4, 5, 8):
        doubling = " ".join(
            f"fragment F{n} on Game{{a:next{{...F{n + 1}}} b:next{{...F{n + 1}}}}}"
            for n in range(levels)
        )
        document = f"{{game{{...F0}}}} {doubling} fragment F{levels} on Game{{name}}"
        yield _asks(f"doubling aliases {levels}", "ALIASES_TOO_MANY", document)
    for count in (20, 60, 120):
        unused = " ".join(f"fragment F{n} on Game{{name}}" for n in range(count))
        yield _asks(f"unused {count}", "DOCUMENT_INVALID", f"{{hello}} {unused}")
    for count in (20, 60, 120):
        same = " ".join("fragment F on Game{name}" for _ in range(count))
        yield _asks(f"of one name {count}", "DOCUMENT_INVALID", f"{{game{{...F}}}} {same}")
    for count in (12, 30, 60):
        bodies = " ".join(f"fragment F{n} on Game{{name next{{name}}}}" for n in range(count))
        spreads = " ".join(f"...F{n}" for n in range(count))
        code = "DOCUMENT_INVALID" if count * 2 <= 100 else "REPEATS_TOO_MANY"
        document = f"{{game{{{spreads} nothing}}}} {bodies}"
        yield _asks(f"overlapping fragments {count}", code, document)


def _directives() -> Iterator[Hostile]:
    for count in (21, 25, 50, 100, 200, 400, 490):
        many = "@skip " * count
        yield _asks(f"directives {count}", "DIRECTIVES_TOO_MANY", f"{{hello {many}}}")
    for count in (21, 60, 90):
        many = " ".join("...@include(if:true){name}" for _ in range(count))
        yield _asks(f"directives on inline {count}", "DIRECTIVES_TOO_MANY", f"{{game{{{many}}}}}")
    for count in (21, 80):
        many = " ".join(f"$v{n}:Int @a" for n in range(count))
        yield _asks(
            f"directives on variables {count}", "DIRECTIVES_TOO_MANY", f"query({many}){{hello}}"
        )
    yield _asks("directives 10000", "DOCUMENT_TOO_LONG", "{hello " + "@a " * 10_000 + "}")
    yield _asks("directives on operation", "DIRECTIVES_TOO_MANY", "query " + "@a " * 30 + "{hello}")


def _just_within() -> Iterator[Hostile]:
    """Within every limit, so that the validation has all its work with them; one name is wrong."""
    for body in (
        "{game{" + "name " * 101 + "x}}",
        "{game{" + "next{name}" * 51 + "x}}",
        "{game{" + "next{next{next{name}}}" * 26 + "x}}",
        "{game{" + "games(first:1){name}" * 51 + "x}}",
        "{game{" + "...{name}" * 101 + "x}}",
        "{game{" + "...on Game{name}" * 101 + "x}}",
        "{game{" + "...F " * 90 + "x}} fragment F on Game{name}",
        "{game{" + "...F ...G " * 20 + "x}} fragment F on Game{name} fragment G on Game{name}",
        "{game{"
        + " ".join(f"...F{n}" for n in range(60))
        + " x}} "
        + " ".join(f"fragment F{n} on Game{{name}}" for n in range(60)),
        "type A " + "@a " * 490 + " query{x}",
        "type A{" + "a:Int " * 300 + "} query{x}",
        "{x} " + " ".join(f"query Q{n}{{x}}" for n in range(180)),
        "{hello(to:[" + "$a " * 400 + "]) x}",
        "{wish(wishes:[" + "{coins:1}" * 160 + "]) x}",
    ):
        asked = {"query": body, "operationName": "Q1" if "Q1" in body else None}
        yield Hostile(f"within {body[:40]}", "DOCUMENT_INVALID", orjson.dumps(asked))


def _literals() -> Iterator[Hostile]:
    for length in (32_769, 40_000, 100_000, 200_000):
        text = "x" * length
        yield _asks(f"text {length}", "DOCUMENT_TOO_LONG", f'{{hello(to:"{text}")}}')
        yield _asks(f"block text {length}", "DOCUMENT_TOO_LONG", f'{{hello(to:"""{text}""")}}')
    for length in (21, 400, 5_000, 30_000):
        document = f"{{games(first:{'9' * length}){{name}}}}"
        yield _asks(f"number {length}", "DOCUMENT_INVALID", document)
    for levels in (12, 13, 50, 150, 199, 250, 480):
        document = f"{{wish(wishes:{'[' * levels}{']' * levels})}}"
        yield _asks(f"list literal {levels}", "DOCUMENT_TOO_DEEP", document)
    for levels in (11, 50, 120, 180):
        wish = "{also:" * levels + "1" + "}" * levels
        yield _asks(f"object literal {levels}", "DOCUMENT_TOO_DEEP", f"{{wish(wishes:{wish})}}")
    for count in (100, 400, 900):
        document = f"{{wish(wishes:[{' '.join(['true'] * count)}])}}"
        yield _asks(f"wrong elements {count}", "DOCUMENT_INVALID", document)
    for count in (100, 200, 300):
        wish = " ".join(f"k{n}:1" for n in range(count))
        yield _asks(f"unknown keys {count}", "DOCUMENT_INVALID", f"{{wish(wishes:{{{wish}}})}}")


def _lists() -> Iterator[Hostile]:
    for sizes in ((100, 100), (5_001,), (10, 10, 100), (100, 100, 20), (20, 20, 20), (71, 71)):
        document = "{name}"
        for size in reversed(sizes):
            document = f"{{games(first:{size}){document}}}"
        yield _asks(f"lists {sizes}", "COST_TOO_HIGH", document)
        names = [f"$s{n}:Int!" for n in range(len(sizes))]
        inner = "{name}"
        for place in reversed(range(len(sizes))):
            inner = f"{{games(first:$s{place}){inner}}}"
        given = {f"s{place}": size for place, size in enumerate(sizes)}
        by_variable = f"query({' '.join(names)}){inner}"
        yield _asks(f"lists by variables {sizes}", "COST_TOO_HIGH", by_variable, **given)
        defaults = [f"$s{n}:Int={size}" for n, size in enumerate(sizes)]
        yield _asks(
            f"lists by defaults {sizes}", "COST_TOO_HIGH", f"query({' '.join(defaults)}){inner}"
        )
    for size in (5_001, 10**6, 2**31 - 1):
        yield _asks(f"list {size}", "COST_TOO_HIGH", f"{{games(first:{size}){{name}}}}")
        yield _asks(
            f"list {size}.0",
            "COST_TOO_HIGH",
            "query($n:Int!){games(first:$n){name}}",
            n=float(size),
        )
        yield _asks(f"page {size}", "COST_TOO_HIGH", f"{{pages(first:{size}){{edges{{name}}}}}}")
    document = "{games{games{games{name}}}}"
    yield _asks("lists of usual size", "COST_TOO_HIGH", document)
    document = "{allGames{games(first:100){games(first:10){name}}}}"
    yield _asks("a list without a size", "COST_TOO_HIGH", document)
    document = (
        "{games(first:50){...A}} fragment A on Game{games(first:50){...B}} "
        "fragment B on Game{games(first:3){name}}"
    )
    yield _asks("lists through fragments", "COST_TOO_HIGH", document)
    document = (
        "{"
        + " ".join(f"a{n}:games(first:400){{name}}" for n in range(10))
        + " game{"
        + ("games(first:1000){next{name}}}}")
    )
    yield _asks("many lists", "ROOT_FIELDS_TOO_MANY", document)
    document = "{" + " ".join(f"a{n}:games(first:600){{name}}" for n in range(9)) + "}"
    yield _asks("nine lists", "COST_TOO_HIGH", document)


def _introspection() -> Iterator[Hostile]:
    for document in (
        "{__schema{types{name}}}",
        '{__type(name:"Query"){name}}',
        "{hello __schema{queryType{name}}}",
        "{...F} fragment F on Query{__schema{types{name}}}",
        "{...{...{__schema{types{name}}}}}",
        "query A{hello} query B{__schema{types{name}}}",
    ):
        asked = {"query": document, "operationName": "B" if "query B" in document else None}
        yield Hostile(document, "INTROSPECTION_REFUSED", orjson.dumps(asked))
    for levels in (1, 3, 6):
        nested = "types{fields{type{" * levels + "name" + "}}}" * levels
        yield _asks(f"introspection {levels}", "INTROSPECTION_REFUSED", f"{{__schema{{{nested}}}}}")
    for levels in (7, 10, 20, 40):
        nested = "types{fields{type{" * levels + "name" + "}}}" * levels
        yield _asks(f"introspection {levels}", "DOCUMENT_TOO_DEEP", f"{{__schema{{{nested}}}}}")
    for levels in (21, 60, 150):
        document = "{__schema{queryType" + _nested("ofType", levels) + "}}"
        yield _asks(f"ofType {levels}", "DOCUMENT_TOO_DEEP", document)
    yield _asks(
        "many types",
        "ALIASES_TOO_MANY",
        "{" + " ".join(f'a{n}:__type(name:"Game"){{name}}' for n in range(20)) + "}",
    )


def _padding() -> Iterator[Hostile]:
    for padding in (",", " ", "\n", "\t", "\ufeff", ", "):
        for length in (33_000, 80_000):
            name = f"{padding.encode('unicode_escape').decode()} x {length}"
            yield _asks(name, "DOCUMENT_TOO_LONG", "{" + padding * length + "hello}")
    for length in (10_000, 32_000):
        yield _asks(
            f"commas and nothing {length}", "DOCUMENT_INVALID", "{nothing" + "," * length + "}"
        )
    for count in (201, 500, 2_000, 16_000):
        yield _asks(f"comments {count}", "DOCUMENT_TOO_LONG", "{" + "#\n" * count + "hello}")
    yield _asks("one long comment", "DOCUMENT_TOO_LONG", "#" + "x" * 40_000 + "\n{hello}")
    for text in (
        "熟客",
        "{熟客}",
        "{\u202ehello}",
        "{he\u200bllo}",
        "💥" * 100,
        '{hello(to:"\\ud800")}',
        '{hello(to:"\\u{110000}")}',
    ):
        yield _asks(f"text {text[:20]!r}", "DOCUMENT_INVALID", text)
    yield _asks("a NUL", "REQUEST_MALFORMED", "{hello\x00}")
    for text in (
        "",
        "{",
        "}",
        "{{",
        "query",
        "fragment",
        "...",
        "{...",
        "{a:}",
        "{a(}",
        "{hello",
        "type A{a:Int}",
        "subscription{a}",
        '{hello(to:"',
        '{hello(to:"""',
    ):
        code = {"type A{a:Int}": "OPERATION_UNKNOWN", "subscription{a}": "METHOD_REFUSED"}.get(
            text, "DOCUMENT_INVALID"
        )
        yield _asks(f"broken {text!r}", code, text)


def _variables() -> Iterator[Hostile]:
    for levels in (21, 100, 500, 1_000, 1_023, 5_000, 100_000):
        inner = b"[" * levels + b"]" * levels
        body = b'{"query":"{hello}","variables":{"v":' + inner + b"}}"
        yield Hostile(f"variables {levels} deep", "JSON_TOO_DEEP", body)
        if levels <= 20_000:
            inner = b'{"v":' * levels + b"1" + b"}" * levels
            body = b'{"query":"{hello}","variables":' + inner + b"}"
            yield Hostile(f"objects {levels} deep", "JSON_TOO_DEEP", body)
    value: Any
    wishes = "query($w:[Wish!]!){wish(wishes:$w)}"
    for value in (
        1,
        "x",
        None,
        [1] * 9_900,
        [{}] * 9_900,
        [{"coins": "x"}] * 4_900,
        [{"coins": 1, "other": 1}] * 3_300,
        [{"coins": 2**40}] * 4_900,
        [[]] * 9_900,
    ):
        yield _asks(f"wishes {str(value)[:30]}", "VARIABLES_INVALID", wishes, w=value)
    for value in ([1] * 10_001, [[]] * 50_000, [{"coins": 1}] * 6_000, [[1] * 100] * 200):
        yield _asks(f"many wishes {str(value)[:30]}", "JSON_TOO_LARGE", wishes, w=value)
    for value in ({str(n): n for n in range(11_000)}, {"w": {str(n): [n] for n in range(6_000)}}):
        yield _asks(f"many names {str(value)[:20]}", "JSON_TOO_LARGE", wishes, **value)
    for value in (2**31, -(2**31) - 1, 2**63, 1e300, "5", True, [], {}):
        text = "query($n:Int!){games(first:$n){name}}"
        code = (
            "COST_TOO_HIGH"
            if isinstance(value, (int, float)) and value > 5_000
            else ("VARIABLES_INVALID")
        )
        yield _asks(f"size {value!r}", code, text, n=value)
    for count in (50, 150, 240):
        names = " ".join(f"$v{n}:Int" for n in range(count))
        yield _asks(f"unused variables {count}", "DOCUMENT_INVALID", f"query({names}){{hello}}")
        names = " ".join("$v:Int" for n in range(count))
        yield _asks(
            f"variables of one name {count}", "DOCUMENT_INVALID", f"query({names}){{hello}}"
        )
    yield Hostile(
        "300 KiB",
        "BODY_TOO_LARGE",
        b'{"query":"{hello}","variables":{"v":"' + b"x" * 300_000 + b'"}}',
    )


def _shapes() -> Iterator[Hostile]:
    for count in (0, 1, 10, 5_000):
        body = orjson.dumps([{"query": "{hello}"}] * count)
        yield Hostile(f"batch of {count}", "BATCH_REFUSED", body)
    for body in (
        b"",
        b"{",
        b"null",
        b"7",
        b'"{hello}"',
        b"{}",
        b'{"query":null}',
        b'{"query":[]}',
        b'{"query":"{hello}","variables":[]}',
        b'{"query":"{hello}","extensions":7}',
        b'{"query":"{hello}","operationName":{}}',
        b"\xff\xfe",
        b'{"query":"\xff"}',
        b'{"query":"\\ud800"}',
        b"{'query':'{hello}'}",
        b'{"query":NaN}',
    ):
        yield Hostile(f"body {body!r}", "REQUEST_MALFORMED", body)
    for count in (2, 50, 150):
        many = " ".join(f"query Q{n}{{hello}}" for n in range(count))
        yield _asks(f"operations {count}", "OPERATION_UNKNOWN", many)
    for document in (
        '{logIn(code:"1") logIn(code:"1")}',
        '{a:logIn(code:"1") b:logIn(code:"2")}',
        '{logIn(code:"1") ...F} fragment F on Query{b:logIn(code:"2")}',
        '{...F ...F} fragment F on Query{logIn(code:"2")}',
        '{logIn(code:"1") ...{...{c:logIn(code:"2")}}}',
    ):
        yield _asks(document, "GUARDED_FIELD_REPEATED", document)
