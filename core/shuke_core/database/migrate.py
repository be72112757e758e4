"""Applies migrations: one at a time, each in one transaction with its own record, never waiting long
for a lock.

Tortoise records a migration after its transaction; a process killed in between would find the
tables there and the record missing. Here both commit together. After the migrations the functions
of each domain (`functions.sql`) are put in place anew, for they have no state to migrate.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Any

import asyncpg
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.exceptions import OperationalError
from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget, PlanStep
from tortoise.migrations.graph import MigrationGraph, MigrationKey
from tortoise.migrations.schema_editor.base import BaseSchemaEditor
from tortoise.migrations.schema_generator.state import State
from tortoise.transactions import in_transaction

from shuke_core.database.config import App, credentials, tortoise_config
from shuke_core.database.late_state import LateApps, LateState
from shuke_core.database.narrowing import narrow
from shuke_core.database.partitions import ensure_partitions
from shuke_core.database.patience import LOCK_ATTEMPTS, LOCK_TIMEOUT, pause_after
from shuke_core.database.roles import APP
from shuke_core.database.tenant_editor import TenantSchemaEditor
from shuke_core.kit.engine import CONNECTION

LATEST = "__latest__"
FIRST = "__first__"
_LOCK = "shuke migrate"
_ASK_AGAIN_SECONDS = 0.1
_ENGINE = "tortoise.backends.asyncpg"

Progress = Callable[[str], None]


def _is_lock_wait(failure: Exception) -> bool:
    """Tortoise lets errors of scripts through and wraps those of queries."""
    causes = (failure, *failure.args)
    waited = asyncpg.LockNotAvailableError | asyncpg.DeadlockDetectedError
    return any(isinstance(cause, waited) for cause in causes)


class _Executor(MigrationExecutor):
    # What the models are like after the last step forward. Tortoise derives it anew from the first
    # migration for each step.
    _reached: State | None = None

    async def _start_of(
        self, step: PlanStep, key: MigrationKey, applied: set[MigrationKey]
    ) -> State:
        """The state that the step begins with, to be changed by it. One that fails leaves none."""
        reached, self._reached = self._reached, None
        if step.backward:
            return await self._project_state(applied, upto=key)
        return reached or await self._project_state(applied)

    async def _project_state(
        self, applied: set[MigrationKey], *, upto: MigrationKey | None = None
    ) -> State:
        """What the models are like after these migrations, or before one of them. As Tortoise has
        it, but for the kind of state."""
        connections = {
            label: config.get("default_connection", "default")
            for label, config in self.loader.apps_config.items()
        }
        state = LateState(models={}, apps=LateApps(connections))
        for key in self._full_plan():
            if upto and key == upto:
                break
            if key in applied:
                migration = self.loader.graph.nodes[key]
                if migration is None:
                    raise ValueError(f"there is no migration {key}")
                await migration.apply(state, dry_run=True)
        return state

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
            await self._walk_patiently(step, key, applied, progress)
        return len(plan)

    async def _walk_patiently(
        self, step: PlanStep, key: MigrationKey, applied: set[MigrationKey], progress: Progress
    ) -> None:
        """Again and again while others hold what the step must lock."""
        for attempt in range(1, LOCK_ATTEMPTS + 1):
            try:
                await (self._walk if step.migration.atomic else self._walk_bare)(step, key, applied)
            except (OperationalError, asyncpg.PostgresError) as failure:
                if not _is_lock_wait(failure) or attempt == LOCK_ATTEMPTS:
                    raise
                progress(f"{key.name}: a table is in use; trying again ({attempt})")
                await asyncio.sleep(pause_after(attempt))
            else:
                break
        applied.symmetric_difference_update({key})

    async def _walk(self, step: PlanStep, key: MigrationKey, applied: set[MigrationKey]) -> None:
        """One migration and its record in one transaction."""
        state = await self._start_of(step, key, applied)
        editor = self._schema_editor(atomic=True)
        async with in_transaction(CONNECTION) as client:
            editor.client = client
            recorder = type(self.recorder)(client)
            await client.execute_script(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
            if step.backward:
                await step.migration.unapply(state, schema_editor=editor)
                await recorder.record_unapplied(key.app_label, key.name)
            else:
                await step.migration.apply(state, schema_editor=editor)
                await recorder.record_applied(key.app_label, key.name)
        self._reached = None if step.backward else state

    async def _walk_bare(
        self, step: PlanStep, key: MigrationKey, applied: set[MigrationKey]
    ) -> None:
        """A migration that says `atomic = False`: each step by itself and repeatable, such as an
        index made while others write. Killed half-way, it is done again from its first step."""
        state = await self._start_of(step, key, applied)
        editor = self._schema_editor(atomic=False)
        steps = step.migration.operations
        for operation in reversed(steps) if step.backward else steps:
            walk = operation.database_backward if step.backward else operation.database_forward
            await walk(key.app_label, state, state, editor)
        if step.backward:
            await self.recorder.record_unapplied(key.app_label, key.name)
            self._reached = None
        else:
            await self.recorder.record_applied(key.app_label, key.name)
            self._reached = await step.migration.apply(state, dry_run=True)


@asynccontextmanager
async def _one_at_a_time(dsn: str) -> Any:
    """Holds an advisory lock, so that two deployments that start together migrate once.

    Who is second asks again and again: a statement that waited would hold a snapshot, for whose
    end an index that is made concurrently waits, and both would wait for each other.
    """
    connection = await asyncpg.connect(**credentials(dsn))
    try:
        ask = "SELECT pg_try_advisory_lock(hashtext($1))"
        while not await connection.fetchval(ask, _LOCK):  # noqa: ASYNC110 (the lock is PostgreSQL's)
            await asyncio.sleep(_ASK_AGAIN_SECONDS)
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
            await narrow(owner)
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


async def sql_of(apps: Mapping[str, App], label: str, name: str) -> list[str]:
    """The statements of one migration, as they would be run; nothing is connected to."""
    config = tortoise_config("postgresql://nobody@/none", apps, engine=_ENGINE)
    async with TortoiseContext() as context:
        await context.init(config=config, init_connections=False)
        executor = _Executor(get_connection(CONNECTION), config["apps"])
        await executor.loader.build_graph()
        key = MigrationKey(app_label=label, name=name)
        plan = executor._forward_plan(
            MigrationTarget(app_label=label, name=name), set(), executor.loader.graph
        )
        before = {
            MigrationKey(app_label=s.migration.app_label, name=s.migration.name) for s in plan
        } - {key}
        state = await executor._project_state(before)
        editor = executor._schema_editor(atomic=True, collect_sql=True)
        await plan[-1].migration.apply(state, schema_editor=editor, collect_sql=True)
        return [sql for sql in editor.collected_sql if not sql.startswith("--")]
