"""The schema editor that turns every model with `tenant_id` into a tenant table.

Authors write plain models. The primary key becomes (tenant_id, id), each foreign key to a tenant
table becomes (tenant_id, column), row security is enabled and forced, the policy and the grants
are made. Stands on underscore methods of Tortoise 1.1.9, which is pinned for that reason; the
test of three successive migrations guards it.
"""

from tortoise.fields.relational import ForeignKeyFieldInstance
from tortoise.migrations.schema_editor import AsyncpgSchemaEditor
from tortoise.models import Model

from shuke_core.database.roles import APP, REPORT

TENANT = "nullif(current_setting('shuke.tenant_id', true), '')::uuid"


class ManyToManyRefused(Exception):
    """Tortoise's own join table would have no tenant."""


def is_tenant_model(model: type[Model]) -> bool:
    """Whether the model's rows belong to a tenant."""
    return "tenant_id" in model._meta.fields_map


def _many_to_many_refused(model: type[Model]) -> ManyToManyRefused:
    return ManyToManyRefused(
        f"{model.__name__} has a ManyToManyField, whose table has no tenant; "
        "write the join table as a model with tenant_id"
    )


def protection(table: str) -> str:
    """The statements that put `table` under row security. Also for tables made in plain SQL."""
    return f"""
        ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY;
        ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY;
        CREATE POLICY tenant ON "{table}"
            USING (tenant_id = {TENANT}) WITH CHECK (tenant_id = {TENANT});
        GRANT SELECT, INSERT, UPDATE, DELETE ON "{table}" TO {APP};
        GRANT SELECT ON "{table}" TO {REPORT};
    """


class TenantSchemaEditor(AsyncpgSchemaEditor):
    """Tortoise's editor for PostgreSQL with tenancy built in."""

    async def create_model(self, model: type[Model]) -> None:
        if not is_tenant_model(model):
            await super().create_model(model)
            return
        if model._meta.m2m_fields:
            raise _many_to_many_refused(model)
        await super().create_model(model)
        table = model._meta.db_table
        await self._run_sql(
            f'ALTER TABLE "{table}" DROP CONSTRAINT "{table}_pkey", '
            f'ADD CONSTRAINT "{table}_pkey" PRIMARY KEY (tenant_id, id)'
        )
        for name in sorted(model._meta.fk_fields | model._meta.o2o_fields):
            await self._add_reference(model, name)
        for constraint in model._meta.constraints:  # Tortoise 1.1.9 leaves these out of a new table
            await self.add_constraint(model, constraint)
        await self._run_sql(protection(table))

    async def add_field(self, model: type[Model], field_name: str) -> None:
        if is_tenant_model(model) and field_name in model._meta.m2m_fields:
            raise _many_to_many_refused(model)
        await super().add_field(model, field_name)
        if is_tenant_model(model) and field_name in model._meta.fk_fields | model._meta.o2o_fields:
            await self._add_reference(model, field_name)

    def _get_fk_field_definition(self, model: type[Model], key_field_name: str) -> str:
        """A tenant model's column comes without REFERENCES; `_add_reference` makes it composite."""
        if not is_tenant_model(model):
            return super()._get_fk_field_definition(model, key_field_name)
        field = model._meta.fields_map[key_field_name]
        return self._get_field_sql(
            db_field=model._meta.fields_db_projection[key_field_name],
            field_type=field.get_for_dialect(self.DIALECT, "SQL_TYPE"),
            nullable=field.null,
            unique=False,
            is_pk=False,
            comment="",
        )

    async def _add_reference(self, model: type[Model], name: str) -> None:
        field = model._meta.fields_map[name]
        assert isinstance(field, ForeignKeyFieldInstance)  # noqa: S101
        column = field.source_field or f"{name}_id"
        target = field.related_model
        here, there = (
            ("(tenant_id, {0})", "(tenant_id, id)")
            if is_tenant_model(target)
            else ("({0})", "(id)")
        )
        action = str(
            field.on_delete.value if hasattr(field.on_delete, "value") else field.on_delete
        )
        if action == "SET NULL":  # of a composite key only the column itself may become null
            action = f'SET NULL ("{column}")'
        await self._run_sql(
            f'ALTER TABLE "{model._meta.db_table}" '
            f'ADD CONSTRAINT "{model._meta.db_table}_{column}_fkey" '
            f"FOREIGN KEY {here.format(column)} "
            f'REFERENCES "{target._meta.db_table}" {there} ON DELETE {action}'
        )
