"""The import contracts bite: a planted breach of each, in a copy of the tree, is reported."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.contracts.house import ROOT

pytestmark = pytest.mark.slow

PLUGINS = ("retail", "catering", "education")

# Contract → (file, the import that breaches it).
BREACHES = {
    "Imports run one way": ("core/shuke_core/orders/rules.py", "import shuke_schema.context"),
    "The domain knows no GraphQL": ("core/shuke_core/members/rules.py", "import starlette"),
    "Each domain imports only": ("core/shuke_core/kit/ids.py", "import shuke_core.orders.rules"),
    "arq sits behind": ("schema/shuke_schema/context.py", "import arq"),
    "Only places opens": ("schema/shuke_schema/cli/serve.py", "import shuke_core.embedded.disk"),
    "Plugins import the two": (
        "plugins/retail/shuke_retail/__init__.py",
        "import shuke_core.kit.clock",
    ),
}


def copy_of_the_tree(place: Path) -> Path:
    """Sources and settings, without anything else."""
    for folder in ("core", "schema", "plugins"):
        shutil.copytree(
            ROOT / folder,
            place / folder,
            ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "tests"),
        )
    shutil.copy(ROOT / "pyproject.toml", place)
    return place


def verdicts(tree: Path) -> dict[str, str]:
    """Contract → KEPT or BROKEN, as import-linter finds them in that tree."""
    folders = [tree / "core", tree / "schema", *(tree / "plugins" / name for name in PLUGINS)]
    linter = Path(sys.executable).with_name("lint-imports")
    said = subprocess.run(
        [linter, "--no-cache", "--no-logo"],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders))},
        capture_output=True,
        text=True,
        check=False,
    )
    found = dict(re.findall(r"^(.+?) (KEPT|BROKEN)", said.stdout, re.MULTILINE))
    assert len(found) == len(BREACHES), said.stdout + said.stderr
    assert (said.returncode == 0) == (set(found.values()) == {"KEPT"})
    return found


def test_the_tree_keeps_every_contract(tmp_path: Path) -> None:
    assert set(verdicts(copy_of_the_tree(tmp_path)).values()) == {"KEPT"}


@pytest.mark.parametrize("contract", BREACHES)
def test_a_planted_breach_is_reported(tmp_path: Path, contract: str) -> None:
    tree = copy_of_the_tree(tmp_path)
    file, breach = BREACHES[contract]
    with (tree / file).open("a", encoding="utf-8") as module:
        module.write(f"\n{breach}\n")
    broken = [name for name, verdict in verdicts(tree).items() if verdict == "BROKEN"]
    assert [name for name in broken if name.startswith(contract)]


def test_plugins_that_meet_are_reported(tmp_path: Path) -> None:
    tree = copy_of_the_tree(tmp_path)
    with (tree / "plugins/retail/shuke_retail/__init__.py").open("a") as module:
        module.write("\nimport shuke_catering\n")
    found = verdicts(tree)
    assert [name for name in found if found[name] == "BROKEN"] == [
        name for name in found if name.startswith("Imports run one way")
    ]


def test_a_domain_without_a_place_in_the_layers_is_reported(tmp_path: Path) -> None:
    tree = copy_of_the_tree(tmp_path)
    (tree / "core/shuke_core/coupons").mkdir()
    (tree / "core/shuke_core/coupons/__init__.py").write_text('"""Coupons."""\n')
    assert "BROKEN" in str(
        [v for name, v in verdicts(tree).items() if name.startswith("Each domain")]
    )
