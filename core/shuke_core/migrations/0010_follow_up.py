"""What members say, the tasks that come of it with their reminders, and what staff must see."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.migrations.operations import RunSQL

from shuke_core.database.operations import append_only, check, never_deleted, queue
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import current_tenant


class Migration(migrations.Migration):
    dependencies = [("core", "0009_scopes")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Alert",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField(default=current_tenant)),
                ("kind", fields.CharField(max_length=60)),
                ("severity", fields.CharField(max_length=12)),
                ("key", fields.CharField(max_length=120)),
                ("subject", fields.CharField(max_length=120)),
                (
                    "member",
                    fields.ForeignKeyField(
                        "core.Member",
                        source_field="member_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "staff",
                    fields.ForeignKeyField(
                        "core.Staff",
                        source_field="staff_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("role", fields.CharField(null=True, max_length=40)),
                ("times", fields.IntField(default=1)),
                ("raised_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("last_raised_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "acknowledged_by",
                    fields.ForeignKeyField(
                        "core.Staff",
                        source_field="acknowledged_by_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "acknowledged_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                (
                    "resolved_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
            ],
            options={
                "table": "alert",
                "app": "core",
                "constraints": [
                    UniqueConstraint(
                        fields=("tenant_id", "key"),
                        name="alert_is_raised_once",
                        condition="resolved_at IS NULL",
                    )
                ],
                "indexes": [
                    Index(fields=["tenant_id", "staff_id", "raised_at", "id"]),
                    Index(fields=["tenant_id", "role", "raised_at", "id"]),
                    Index(fields=["tenant_id", "raised_at", "id"]),
                ],
                "pk_attr": "id",
                "table_description": "Something that staff must see: one person, or whoever is in a role.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="FollowUpRule",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField(default=current_tenant)),
                ("kind", fields.CharField(max_length=12)),
                ("form", fields.CharField(default="", max_length=40)),
                ("makes_task", fields.BooleanField(default=True)),
                ("to_advisor", fields.BooleanField(default=True)),
                ("role", fields.CharField(max_length=40)),
                ("due_minutes", fields.IntField()),
            ],
            options={
                "table": "follow_up_rule",
                "app": "core",
                "unique_together": (("tenant_id", "kind", "form"),),
                "pk_attr": "id",
                "table_description": "Whether an interaction of a kind becomes a task, whose, and by when.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="Form",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField(default=current_tenant)),
                ("key", fields.CharField(max_length=40)),
                ("version", fields.IntField()),
                ("label_zh", fields.CharField(max_length=60)),
                ("label_en", fields.CharField(max_length=60)),
                ("questions", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("state", fields.CharField(default="current", max_length=12)),
                ("saved_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "form",
                "app": "core",
                "unique_together": (("tenant_id", "key", "version"),),
                "constraints": [
                    UniqueConstraint(
                        fields=("tenant_id", "key"),
                        name="form_has_one_current",
                        condition="state = 'current'",
                    )
                ],
                "pk_attr": "id",
                "table_description": "A version of a form (表单). Its questions never change: answers keep their meaning.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="Interaction",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField(default=current_tenant)),
                (
                    "member",
                    fields.ForeignKeyField(
                        "core.Member",
                        source_field="member_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("kind", fields.CharField(max_length=12)),
                (
                    "form",
                    fields.ForeignKeyField(
                        "core.Form",
                        source_field="form_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("channel", fields.CharField(max_length=40)),
                ("scene", fields.CharField(default="", max_length=40)),
                ("subject", fields.CharField(default="", max_length=80)),
                ("rating", fields.SmallIntField(null=True)),
                ("sealed", fields.BinaryField(null=True)),
                ("recorded_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "interaction",
                "app": "core",
                "indexes": [
                    Index(fields=["tenant_id", "member_id", "recorded_at", "id"]),
                    Index(fields=["tenant_id", "recorded_at", "id"]),
                ],
                "pk_attr": "id",
                "table_description": "Something that a member said or did; never changed. What they wrote is sealed under their key.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="InteractionFollowUp",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField(default=current_tenant)),
                (
                    "interaction",
                    fields.ForeignKeyField(
                        "core.Interaction",
                        source_field="interaction_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "member",
                    fields.ForeignKeyField(
                        "core.Member",
                        source_field="member_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("state", fields.CharField(default="open", max_length=12)),
                ("asked_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("answer", fields.BinaryField(null=True)),
                ("ended_by_id", fields.UUIDField(null=True)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "interaction_follow_up",
                "app": "core",
                "unique_together": (("tenant_id", "interaction_id"),),
                "indexes": [Index(fields=["tenant_id", "state", "asked_at", "id"])],
                "pk_attr": "id",
                "table_description": "How an interaction is followed up. state: open → answered or closed.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="Task",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField(default=current_tenant)),
                (
                    "member",
                    fields.ForeignKeyField(
                        "core.Member",
                        source_field="member_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "staff",
                    fields.ForeignKeyField(
                        "core.Staff",
                        source_field="staff_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("role", fields.CharField(null=True, max_length=40)),
                ("source", fields.CharField(max_length=12)),
                ("interaction_id", fields.UUIDField(null=True)),
                ("state", fields.CharField(default="open", max_length=12)),
                ("version", fields.IntField(default=1)),
                ("note", fields.BinaryField(null=True)),
                ("outcome", fields.BinaryField(null=True)),
                ("due_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("touched_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                (
                    "escalated_at",
                    fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
                ),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "task",
                "app": "core",
                "unique_together": (("tenant_id", "interaction_id"),),
                "indexes": [
                    Index(fields=["tenant_id", "member_id", "due_at", "id"]),
                    Index(fields=["tenant_id", "state", "due_at", "id"]),
                    Index(fields=["tenant_id", "staff_id", "state", "due_at", "id"]),
                    Index(fields=["tenant_id", "role", "state", "due_at", "id"]),
                    Index(fields=["tenant_id", "ended_at"]),
                ],
                "pk_attr": "id",
                "table_description": "Something to be done by `due_at`: by a person, or by whoever of a role claims it.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="TaskReminder",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField(default=current_tenant)),
                (
                    "task",
                    fields.ForeignKeyField(
                        "core.Task",
                        source_field="task_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("kind", fields.CharField(max_length=12)),
                ("slot_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("due_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("state", fields.CharField(default="waiting", max_length=12)),
                ("attempt", fields.SmallIntField(default=0)),
            ],
            options={
                "table": "task_reminder",
                "app": "core",
                "unique_together": (("tenant_id", "task_id", "kind"),),
                "pk_attr": "id",
                "table_description": "One reminder of a task: before it is due, and when it is. Each is given at most once.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="TaskStep",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField(default=current_tenant)),
                (
                    "task",
                    fields.ForeignKeyField(
                        "core.Task",
                        source_field="task_id",
                        db_constraint=True,
                        to_field="id",
                        related_name=False,
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("act", fields.CharField(max_length=12)),
                ("from_staff_id", fields.UUIDField(null=True)),
                ("to_staff_id", fields.UUIDField(null=True)),
                ("to_role", fields.CharField(null=True, max_length=40)),
                ("by_id", fields.UUIDField(null=True)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "task_step",
                "app": "core",
                "indexes": [Index(fields=["tenant_id", "task_id", "at", "id"])],
                "pk_attr": "id",
                "table_description": "What became of a task, step by step; never changed. `by_id` null: the system did it.",
            },
            bases=["TenantModel"],
        ),
        append_only("interaction", "task_step"),
        never_deleted("alert", "form", "interaction_follow_up", "task", "task_reminder"),
        queue("task_reminder", ["tenant_id", "due_at", "state"], due="state = 'waiting'"),
        check("alert", "alert_severity", "severity IN ('info', 'warning', 'critical')"),
        check("alert", "alert_is_for_somebody", "num_nonnulls(staff_id, role) = 1"),
        check("alert", "alert_times", "times >= 1"),
        check("task", "task_state", "state IN ('open', 'started', 'done', 'cancelled')"),
        check("task", "task_source", "source IN ('interaction', 'hand', 'rule')"),
        check("task", "task_is_somebodys", "num_nonnulls(staff_id, role) >= 1"),
        check(
            "task", "task_ends_once", "(ended_at IS NOT NULL) = (state IN ('done', 'cancelled'))"
        ),
        check(
            "task_step",
            "task_step_act",
            "act IN ('created', 'claimed', 'started', 'handed_over', 'escalated', 'done', "
            "'cancelled')",
        ),
        check("task_reminder", "task_reminder_kind", "kind IN ('before', 'due')"),
        check(
            "task_reminder",
            "task_reminder_state",
            "state IN ('waiting', 'given', 'missed', 'dropped', 'dead')",
        ),
        check("form", "form_state", "state IN ('current', 'replaced', 'closed')"),
        check(
            "interaction",
            "interaction_kind",
            "kind IN ('inquiry', 'form', 'message', 'campaign', 'feedback')",
        ),
        check("interaction", "interaction_rating", "rating BETWEEN 1 AND 5"),
        check("interaction", "interaction_form", "(kind = 'form') = (form_id IS NOT NULL)"),
        check(
            "interaction_follow_up",
            "interaction_follow_up_state",
            "state IN ('open', 'answered', 'closed')",
        ),
        check(
            "follow_up_rule",
            "follow_up_rule_kind",
            "kind IN ('inquiry', 'form', 'message', 'campaign', 'feedback')",
        ),
        check("follow_up_rule", "follow_up_rule_due", "due_minutes BETWEEN 1 AND 43200"),
        # To-do lists: a long history costs them nothing.
        RunSQL(
            "CREATE INDEX task_of_person ON task (tenant_id, staff_id, due_at, id) "
            "WHERE ended_at IS NULL; "
            "CREATE INDEX task_of_role ON task (tenant_id, role, due_at, id) "
            "WHERE ended_at IS NULL AND staff_id IS NULL; "
            "CREATE INDEX task_to_do ON task (tenant_id, due_at, id) WHERE ended_at IS NULL; "
            "CREATE INDEX alert_standing ON alert (tenant_id, raised_at, id) "
            "WHERE resolved_at IS NULL;",
            "DROP INDEX task_of_person; DROP INDEX task_of_role; DROP INDEX task_to_do; "
            "DROP INDEX alert_standing;",
        ),
    ]
