"""What the contract tests ask of the tree: its files, the tables of its docs, its codes."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_NOT_OURS = {"__pycache__", "node_modules", "dist", "build", "results"}
_OUR_DOT_NAMES = {".ci", ".gitignore"}
_ROW = re.compile(r"^\|(.+)\|\s*$", re.MULTILINE)
_QUOTED = re.compile(r"`([^`]+)`")


def files(root: Path, *endings: str) -> list[Path]:
    """Every file of ours below `root` with one of the endings; all of them without endings."""
    return sorted(path for path in _walk(root) if not endings or path.suffix in endings)


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        hidden = path.name.startswith(".") and path.name not in _OUR_DOT_NAMES
        if hidden or path.name in _NOT_OURS or path.name.endswith(".egg-info"):
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path)
        elif path.is_file():
            yield path


def table_rows(page: str) -> list[list[str]]:
    """The cells of every table row of a Markdown page; headers and rules are among them."""
    return [[cell.strip() for cell in row[1].split("|")] for row in _ROW.finditer(page)]


def quoted(cell: str) -> list[str]:
    """What stands in backticks in a cell."""
    return _QUOTED.findall(cell)


def codes_in(page: str, column: int) -> list[str]:
    """The code in backticks that each table row of a page has in that column, in order."""
    return [
        found[0] for row in table_rows(page) if len(row) > column and (found := quoted(row[column]))
    ]


def section(page: str, heading: str) -> str:
    """The part of a page under a heading, up to the next of the same rank."""
    rank = heading.split(" ", 1)[0]
    _, _, rest = page.partition(f"\n{heading}\n")
    assert rest, f"no heading {heading!r}"
    return re.split(rf"\n#{{1,{len(rank)}}} ", rest, maxsplit=1)[0]


def codes_raised(root: Path, *names: str) -> set[str]:
    """Each constant UPPER_SNAKE argument of a call of one of `names` below `root`."""
    found: set[str] = set()
    for path in files(root, ".py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _name(node.func) in names:
                found |= {
                    argument.value
                    for argument in node.args
                    if isinstance(argument, ast.Constant)
                    and isinstance(argument.value, str)
                    and re.fullmatch(r"[A-Z]+(_[A-Z]+)+", argument.value)
                }
    return found


def _name(called: ast.expr) -> str:
    return getattr(called, "id", getattr(called, "attr", ""))
