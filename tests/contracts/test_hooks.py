"""A hook ships only with a documented section, a test, and a plugin of this repository that uses it."""

import inspect
from pathlib import Path

import pytest

from shuke_core.plugin_host import HOOKSPECS, discover, installed_plugins
from shuke_core.plugins.hooks import hook_manager

ROOT = Path(__file__).parents[2]
HOOKS = {
    name: spec
    for specs in HOOKSPECS
    for name, spec in vars(specs).items()
    if name.startswith("shuke_")
}


def test_there_are_hooks_to_look_at() -> None:
    assert "shuke_refuse_sales" in HOOKS


@pytest.mark.parametrize("name", HOOKS)
def test_its_docstring_says_when_it_is_called_and_what_a_failure_does(name: str) -> None:
    said = inspect.getdoc(HOOKS[name]) or ""
    assert "Called" in said
    assert "contained" in said or "vetoes" in said


@pytest.mark.parametrize("name", HOOKS)
def test_it_has_a_section_in_the_docs(name: str) -> None:
    assert f"### `{name}`" in (ROOT / "docs" / "plugins.md").read_text()


@pytest.mark.parametrize("name", HOOKS)
def test_a_plugin_of_this_repository_uses_it_and_tests_it(name: str) -> None:
    discover()
    users = {impl.plugin_name for impl in getattr(hook_manager().hook, name).get_hookimpls()}
    ours = {
        plugin.key
        for plugin in installed_plugins()
        if (ROOT / "plugins" / plugin.key).is_dir()
        and list((ROOT / "plugins" / plugin.key / "tests").glob("test_*.py"))
    }
    assert users & ours
