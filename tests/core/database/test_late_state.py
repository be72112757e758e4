"""States that are made late give the statements that Tortoise's own give, forth and back."""

import asyncio
from collections.abc import Callable

import pytest
from tortoise import fields, migrations
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.schema_generator.state import State
from tortoise.migrations.schema_generator.state_apps import StateApps

from shuke_core.app import installed_apps
from shuke_core.database.config import tortoise_config
from shuke_core.database.late_state import LateApps, LateState
from shuke_core.database.migrate import _Executor
from shuke_core.kit.engine import CONNECTION

APPS = installed_apps()
NOWHERE = tortoise_config("postgresql://nobody@/none", APPS, engine="tortoise.backends.asyncpg")
CONNECTIONS = dict.fromkeys(APPS, CONNECTION)
NewState = Callable[[], State]


def _tortoises() -> State:
    return State(models={}, apps=StateApps(default_connections=CONNECTIONS))


def _late() -> State:
    return LateState(models={}, apps=LateApps(CONNECTIONS))


async def _statements(new_state: NewState) -> list[str]:
    """What every migration of core and plugins would send."""
    async with TortoiseContext() as context:
        await context.init(config=NOWHERE, init_connections=False)
        executor = _Executor(get_connection(CONNECTION), NOWHERE["apps"])
        await executor.loader.build_graph()
        state, editor = new_state(), executor._schema_editor(collect_sql=True)
        for key in executor._full_plan():
            migration = executor.loader.graph.nodes[key]
            assert migration is not None
            await migration.apply(state, schema_editor=editor, collect_sql=True)
        return list(editor.collected_sql)


@pytest.mark.slow
@pytest.mark.timeout(600)  # Tortoise's own way takes its time, which is why there is another
def test_all_migrations_say_the_same() -> None:
    late = asyncio.run(_statements(_late))
    assert sum(text.startswith("CREATE TABLE") for text in late) > 60
    assert late == asyncio.run(_statements(_tortoises))


class _Looking(migrations.Migration):
    """Steps that look at what was before them, each kind that changes a model."""

    operations = [  # noqa: RUF012
        ops.CreateModel(
            name="Planted",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                ("tenant_id", fields.UUIDField()),
                ("note", fields.CharField(max_length=10)),
            ],
            options={"table": "planted", "app": "core", "pk_attr": "id"},
        ),
        ops.CreateModel(
            name="Hanging",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                ("tenant_id", fields.UUIDField()),
                ("on", fields.ForeignKeyField("core.Planted", source_field="on_id",
                                              related_name=False)),
            ],
            options={"table": "hanging", "app": "core", "pk_attr": "id"},
        ),
        ops.AddField("Planted", "count", fields.IntField(default=0)),
        ops.AlterField("Planted", "note", fields.CharField(max_length=40, null=True)),
        ops.RenameField("Planted", "count", "number"),
        ops.AddIndex("Planted", Index(fields=["tenant_id", "number"], name="planted_number")),
        ops.RemoveField("Planted", "note"),
        ops.RemoveField("Hanging", "on"),
        ops.DeleteModel("Hanging"),
    ]  # fmt: skip


async def _walked(new_state: NewState, *, back: bool) -> list[str]:
    async with TortoiseContext() as context:
        await context.init(config=NOWHERE, init_connections=False)
        executor = _Executor(get_connection(CONNECTION), NOWHERE["apps"])
        editor, migration = executor._schema_editor(collect_sql=True), _Looking("looking", "core")
        walk = migration.unapply if back else migration.apply
        await walk(new_state(), schema_editor=editor, collect_sql=True)
        return list(editor.collected_sql)


@pytest.mark.parametrize("back", [False, True])
def test_steps_that_look_back_see_what_was(back: bool) -> None:
    late = asyncio.run(_walked(_late, back=back))
    assert late == asyncio.run(_walked(_tortoises, back=back))
    assert any("DROP" in text for text in late)
    assert any("ALTER COLUMN" in text for text in late)


def test_a_copy_does_not_change_with_what_it_is_of() -> None:
    async def look() -> None:
        async with TortoiseContext() as context:
            await context.init(config=NOWHERE, init_connections=False)
            state = _late()
            create, _, add, *_ = _Looking.operations
            create.state_forward("core", state)
            before = state.clone()
            add.state_forward("core", state)
            after = state.clone()
            assert list(before.apps.get_model("core.Planted")._meta.fields_map) == [
                "id", "tenant_id", "note",
            ]  # fmt: skip
            assert "count" in after.apps.get_model("core.Planted")._meta.fields_map
            assert "count" in state.apps.get_model("core.Planted")._meta.fields_map

    asyncio.run(look())
