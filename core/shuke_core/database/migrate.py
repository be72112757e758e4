"""Applies migrations: one at a time, each in one transaction with its own record.

Tortoise records a migration after its transaction; a process killed in between would find the
tables there and the record missing. Here both commit together. After the migrations the functions
of each domain (`functions.sql`) are put in place anew, for they have no state to migrate.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Any

import asyncpg
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget, PlanStep
from tortoise.migrations.graph import MigrationGraph, MigrationKey
from tortoise.migrations.schema_editor.base import BaseSchemaEditor
from tortoise.transactions import in_transaction

from shuke_core.database.config import App, credentials, tortoise_config
from shuke_core.database.partitions import ensure_partitions
from shuke_core.database.roles import APP
from shuke_core.database.tenant_editor import TenantSchemaEditor
from shuke_core.kit.engine import CONNECTION

LATEST = "__latest__"
FIRST = "__first__"
_LOCK = "shuke migrate"
_ENGINE = "tortoise.backends.asyncpg"

Progress = Callable[[str], None]


class _Executor(MigrationExecutor):
    def _schema_editor(self, atomic: bool = True, collect_sql: bool = False) -> BaseSchemaEditor:
        return TenantSchemaEditor(self.connection, atomic=atomic, collect_sql=collect_sql)

    def _migration_plan(
        self,
        targets: Iterable[MigrationTarget] | None,
        applied: set[MigrationKey],
        graph: MigrationGraph,
    ) -> list[PlanStep]:
        """The first and the latest of an app are those of its own numbers.

        Tortoise takes for the first one that depends on nothing, which a plugin has not, and for
        the latest one that nothing depends on, which the core has not once a plugin is there.
        """
        if targets is None:
            return super()._migration_plan(None, applied, graph)
        plan: list[PlanStep] = []
        for target in targets:
            label = target.app_label
            numbered = sorted(key.name for key in graph.nodes if key.app_label == label)
            if target.name == FIRST and numbered:
                first = MigrationTarget(app_label=label, name=numbered[0])
                plan += self._backward_plan(first, applied, graph, include_target=True)
            elif target.name == LATEST and numbered:
                latest = MigrationTarget(app_label=label, name=numbered[-1])
                plan += self._forward_plan(latest, applied, graph)
            else:
                plan += super()._migration_plan([target], applied, graph)
        return self._dedupe_plan(plan)

    async def run(self, targets: list[MigrationTarget], progress: Progress) -> int:
        """Walks to the targets, forth or back; returns how many migrations were run."""
        await self.loader.build_graph()
        await self.recorder.ensure_schema(self._schema_editor(atomic=False))
        applied = set(await self.recorder.applied_migrations())
        plan = self._migration_plan(targets, applied, self.loader.graph)
        for step in plan:
            key = MigrationKey(app_label=step.migration.app_label, name=step.migration.name)
            progress(f"{'undoing' if step.backward else 'applying'} {key.app_label} {key.name}")
            state = await self._project_state(applied, upto=key if step.backward else None)
            editor = self._schema_editor(atomic=True)
            async with in_transaction(CONNECTION) as client:
                editor.client = client
                recorder = type(self.recorder)(client)
                if step.backward:
                    await step.migration.unapply(state, schema_editor=editor)
                    await recorder.record_unapplied(key.app_label, key.name)
                    applied.discard(key)
                else:
                    await step.migration.apply(state, schema_editor=editor)
                    await recorder.record_applied(key.app_label, key.name)
                    applied.add(key)
        return len(plan)


@asynccontextmanager
async def _one_at_a_time(dsn: str) -> Any:
    """Holds an advisory lock, so that two deployments that start together migrate once."""
    connection = await asyncpg.connect(**credentials(dsn))
    try:
        await connection.execute("SELECT pg_advisory_lock(hashtext($1))", _LOCK)
        yield connection
    finally:
        await connection.close()


def _functions(apps: Mapping[str, App]) -> Iterator[str]:
    """The text of every `functions.sql` that stands beside an app's models."""
    for app in apps.values():
        for module in app.models:
            room = files(module.rpartition(".")[0])
            source = room / "functions.sql"
            if source.is_file():
                yield source.read_text()


async def migrate(
    owner_dsn: str,
    apps: Mapping[str, App],
    *,
    targets: Mapping[str, str] | None = None,
    progress: Progress = lambda _: None,
) -> int:
    """Brings the database to the newest migrations of `apps`, or to `targets` (app → name).

    Connects as the owner role. Returns how many migrations were run; 0 means all was in place.
    """
    wanted = targets or dict.fromkeys(apps, LATEST)
    config = tortoise_config(owner_dsn, apps, engine=_ENGINE, minsize=1, maxsize=2)
    async with _one_at_a_time(owner_dsn) as owner, TortoiseContext() as context:
        await context.init(config=config)
        executor = _Executor(get_connection(CONNECTION), config["apps"])
        done = await executor.run(
            [MigrationTarget(app_label=label, name=name) for label, name in wanted.items()],
            progress,
        )
        if targets is None:
            async with owner.transaction():
                for text in _functions(apps):
                    await owner.execute(text)
                # The start compares what is recorded here with what its version brings.
                await owner.execute(f"GRANT SELECT ON tortoise_migrations TO {APP}")
            await ensure_partitions(owner)
        return done


async def pending_migrations(owner_dsn: str, apps: Mapping[str, App]) -> list[str]:
    """The migrations that this version has and the database has not, as `app.name`."""
    config = tortoise_config(owner_dsn, apps, engine=_ENGINE, minsize=1, maxsize=1)
    async with TortoiseContext() as context:
        await context.init(config=config)
        plan = await _Executor(get_connection(CONNECTION), config["apps"]).plan()
        return [f"{step.migration.app_label}.{step.migration.name}" for step in plan]


async def pending_changes(apps: Mapping[str, App]) -> list[str]:
    """What the models say and the migrations do not yet: one line for each missing operation."""
    config = tortoise_config("postgresql://nobody@/none", apps, engine=_ENGINE)
    async with TortoiseContext() as context:
        await context.init(config=config, init_connections=False)
        assert context.apps is not None  # noqa: S101
        writers = await MigrationAutodetector(context.apps, config["apps"]).changes()
        return [
            f"{writer.app_label}: {step.describe()}"
            for writer in writers
            for step in writer.operations
        ]
