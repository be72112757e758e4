"""The house keeps its own rules: rooms, sizes, docstrings, no addresses, no plugin by name."""

import ast
import re
from importlib.metadata import entry_points, version
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from tests.contracts.house import ROOT, files, quoted, table_rows

from shuke_core.plugin_api import Plugin

LONGEST = 600
FLOORS = ("core/shuke_core", "schema/shuke_schema")
PLUGINS = sorted(path.name for path in (ROOT / "plugins").iterdir() if path.is_dir())


# Rooms


def rooms_listed(page: str) -> dict[str, set[str]]:
    """Folder → rooms, as the tables of the architecture page list them."""
    return {
        quoted(row[0])[0].rstrip("/"): set(quoted(row[1]))
        for row in table_rows(page)
        if len(row) == 3 and row[0].startswith(tuple(f"`{floor}" for floor in FLOORS))
    }


def rooms_there(root: Path) -> dict[str, set[str]]:
    """Folder → rooms, as the tree has them."""
    there: dict[str, set[str]] = {}
    for floor in FLOORS:
        for path in files(root / floor, ".py", ".sql"):
            rooms = there.setdefault(path.parent.relative_to(root).as_posix(), set())
            if path.name not in {"__init__.py", "__main__.py"}:
                rooms.add(path.name.removesuffix(".py"))
    return there


def test_the_architecture_page_lists_the_rooms_that_are_there() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert rooms_listed(page) == rooms_there(ROOT)


def test_an_unlisted_room_and_a_listed_one_that_is_gone_are_found(tmp_path: Path) -> None:
    for path in ("core/shuke_core/ledger/models.py", "schema/shuke_schema/asgi.py"):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).touch()
    page = "| `core/shuke_core/ledger/` | `models` | x |\n| `schema/shuke_schema/` | `asgi` | x |\n"
    assert rooms_listed(page) == rooms_there(tmp_path)

    (tmp_path / "core/shuke_core/ledger/functions.sql").touch()
    assert rooms_listed(page) != rooms_there(tmp_path)
    listed = page.replace("`models`", "`functions.sql` `models`")
    assert rooms_listed(listed) == rooms_there(tmp_path)
    assert rooms_listed(listed.replace("`asgi`", "`asgi` `gone`")) != rooms_there(tmp_path)


# Files


def too_long(root: Path) -> list[str]:
    """Python and SQL files of more than 600 lines; generated migrations are excepted."""
    return [
        path.relative_to(root).as_posix()
        for path in files(root, ".py", ".sql")
        if path.parent.name != "migrations"
        and len(path.read_text(encoding="utf-8").splitlines()) > LONGEST
    ]


def without_docstring(root: Path) -> list[str]:
    """Modules that do not open by saying what they are for."""
    return [
        path.relative_to(root).as_posix()
        for path in files(root, ".py")
        if ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) is None
    ]


def test_no_file_is_longer_than_600_lines() -> None:
    assert too_long(ROOT) == []


def test_every_module_opens_with_a_docstring() -> None:
    assert without_docstring(ROOT) == []


def test_a_long_file_and_a_silent_one_are_found(tmp_path: Path) -> None:
    (tmp_path / "fine.py").write_text('"""Fine."""\n' + "x = 1\n" * 599)
    (tmp_path / "long.sql").write_text("SELECT 1;\n" * 601)
    (tmp_path / "silent.py").write_text("# no docstring\nx = 1\n")
    assert too_long(tmp_path) == ["long.sql"]
    assert without_docstring(tmp_path) == ["silent.py"]


# What must not be written down


_FORBIDDEN = {
    # Put together from pieces, so that this file does not hold what it looks for.
    "a registry": "|".join(
        (r"pypi\." + "org", "python" + "hosted", r"registry\." + "npmjs", r"mirrors?\.[a-z]+\.")
    ),
    "an index option": r"(?<![\w-])--(extra-)?" + "index-url|--trusted" + "-host|--find" + "-links",
    "a machine path": r"(?<![\w.])/(wor" + r"k|hom" + r"e/\w+|Use" + r"rs/\w+)/",
    "a password in an address": r"://[^/\s:@'\"{}]*:(?!PASSWORD@)[^/\s@'\"{}]+" + "@",
    "a private key": "BEGIN [A-Z ]*PRIVATE" + " KEY",
}


def forbidden_texts(root: Path) -> list[str]:
    """`file: what` for each text file that holds an address, a path or a secret.

    Tests may make up passwords: some test that ours are never shown.
    """
    found = []
    for path in files(root):
        if path.name == "LICENSE" or path.suffix in {".png", ".gz"}:
            continue
        text = path.read_text(encoding="utf-8")
        where = path.relative_to(root).as_posix()
        found += [
            f"{where}: {what}"
            for what, form in _FORBIDDEN.items()
            if re.search(form, text)
            and not (what == "a password in an address" and where.startswith("tests/"))
        ]
    return found


def test_no_registry_path_or_secret_is_written_down() -> None:
    assert forbidden_texts(ROOT) == []


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("see https://" + "pypi." + "org/simple", "a registry"),
        ("pip install --" + "index-url x", "an index option"),
        ("--trusted" + "-host x", "an index option"),
        ("cd /wor" + "k/main", "a machine path"),
        ("/hom" + "e/ada/shuke", "a machine path"),
        ("redis://:hunter2" + "@localhost/0", "a password in an address"),
        ("postgresql://app:hunter2" + "@localhost/shuke", "a password in an address"),
        ("-----BEGIN RSA PRIVATE" + " KEY-----", "a private key"),
    ],
)
def test_a_planted_text_is_found(tmp_path: Path, line: str, what: str) -> None:
    (tmp_path / "fine.md").write_text(
        "postgresql://shuke_app:PASSWORD@db.internal/shuke a@b.example"
    )
    (tmp_path / "planted.md").write_text(line)
    assert forbidden_texts(tmp_path) == [f"planted.md: {what}"]


def plugins_named(root: Path, plugins: list[str]) -> list[str]:
    """`file:line` wherever core or schema ask for a plugin by name."""
    names = "|".join(plugins)
    form = re.compile(rf"shuke_({names})\b|[\"'](shuke-)?({names})[\"']")
    return [
        f"{path.relative_to(root).as_posix()}:{number}"
        for floor in FLOORS
        for path in files(root / floor, ".py", ".sql")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if form.search(line)
    ]


def test_no_plugin_is_asked_for_by_name() -> None:
    assert PLUGINS == ["catering", "education", "retail"]
    assert plugins_named(ROOT, PLUGINS) == []


def test_a_planted_plugin_name_is_found(tmp_path: Path) -> None:
    for floor in FLOORS:
        (tmp_path / floor).mkdir(parents=True)
    (tmp_path / FLOORS[0] / "a.py").write_text('"""Of retail."""\nif key == "retail":\n    ...\n')
    (tmp_path / FLOORS[1] / "b.py").write_text("import shuke_catering\n")
    assert plugins_named(tmp_path, PLUGINS) == [f"{FLOORS[0]}/a.py:2", f"{FLOORS[1]}/b.py:1"]


# Requirements


def unpinned(text: str) -> list[str]:
    """Requirements without exact version or hash, and lines with an address or an index."""
    entries = re.sub(r"\\\n", " ", re.sub(r"^\s*#.*\n?", "", text, flags=re.MULTILINE))
    return [
        entry.split()[0]
        for entry in filter(None, map(str.strip, entries.splitlines()))
        if not re.match(
            r"[a-z0-9][a-z0-9._-]*==\S+(\s*;[^-]*)?\s+--hash=sha256:[0-9a-f]{64}", entry
        )
        or re.search(r"https?:|--(?!hash)", entry)
    ]


@pytest.mark.parametrize("name", ["dev.txt", "data.txt"])
def test_requirements_are_pinned_with_hashes_and_without_addresses(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    assert "==" in text
    assert unpinned(text) == []
    assert "http" not in re.sub(r"^http\w*==.*$|# via.*|#   .*", "", text, flags=re.MULTILINE)


def test_a_loose_requirement_is_found() -> None:
    pinned = f"click==8.1.0 \\\n    --hash=sha256:{'0' * 64}\n    # via shuke\n"
    assert unpinned(pinned) == []
    assert unpinned(pinned + "rich>=13\n") == ["rich>=13"]
    assert unpinned("rich==13.0\n") == ["rich==13.0"]
    assert unpinned(f"--{'index'}-url x\n" + pinned) == [f"--{'index'}-url"]
    assert unpinned(f"a @ https://b.example/a.whl --hash=sha256:{'0' * 64}\n") == ["a"]


# Plugins


def test_each_plugin_loads_and_fits_this_version() -> None:
    found = {entry.name: entry for entry in entry_points(group="shuke.plugins")}
    assert sorted(found) == PLUGINS
    for name, entry in found.items():
        plugin = entry.load()
        assert isinstance(plugin, Plugin)
        assert plugin.key == name
        assert set(plugin.label) == {"zh", "en"}
        assert all(plugin.label.values())
        assert entry.dist is not None
        assert plugin.version == entry.dist.version == version(f"shuke-{name}")
        assert version("shuke") in SpecifierSet(plugin.hosts)
        assert any(need.startswith("shuke") for need in entry.dist.requires or [])
        assert entry.dist.metadata["License-Expression"] == "Apache-2.0"
        assert entry.dist.metadata["Summary"]
