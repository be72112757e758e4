"""What follows a member who was merged: aliases in the survivor's scope, blocks set aside, identities that
came by another one, who may be there twice, and how long a merge can be undone."""

from typing import Any

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.migrations.operations import RunSQL

from shuke_core.database.operations import check
from shuke_core.kit.ids import new_id
from shuke_core.kit.transactions import current_tenant

# An alias has the advisor and the store of who they are now: these decide who sees it, and opens with
# its key what came along. Whoever changes the one changes the other in the same statement, as
# themselves: who is narrowed sees the alias, since it is in step.
_FOLLOWS = """
CREATE FUNCTION member_aliases_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE member SET advisor_id = NEW.advisor_id, store_id = NEW.store_id
     WHERE tenant_id = NEW.tenant_id AND merged_into_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER member_aliases_follow AFTER UPDATE OF advisor_id, store_id ON member
    FOR EACH ROW WHEN (OLD.advisor_id IS DISTINCT FROM NEW.advisor_id
                       OR OLD.store_id IS DISTINCT FROM NEW.store_id)
    EXECUTE FUNCTION member_aliases_follow();
"""
# Those that had fallen behind. Tenant by tenant: row security binds the owner of the tables too.
_CATCH_UP = """
DO $$
DECLARE
    each uuid;
BEGIN
    FOR each IN SELECT id FROM tenant LOOP
        PERFORM set_config('shuke.tenant_id', each::text, true);
        UPDATE member a SET advisor_id = s.advisor_id, store_id = s.store_id FROM member s
         WHERE a.tenant_id = each AND a.merged_into_id IS NOT NULL
           AND s.tenant_id = each AND s.id = a.merged_into_id
           AND (a.advisor_id, a.store_id) IS DISTINCT FROM (s.advisor_id, s.store_id);
    END LOOP;
    PERFORM set_config('shuke.tenant_id', '', true);
END $$;
"""


def _id() -> Any:
    return fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)


def _tenant() -> Any:
    return fields.UUIDField(default=current_tenant)


def _member(column: str) -> Any:
    field: Any = fields.ForeignKeyField
    return field(
        "core.Member",
        source_field=column,
        db_constraint=True,
        to_field="id",
        related_name=False,
        on_delete=OnDelete.RESTRICT,
    )


class Migration(migrations.Migration):
    dependencies = [("core", "0019_consents")]

    initial = False

    operations = [
        ops.AddField(
            model_name="MemberIdentity", name="through_id", field=fields.UUIDField(null=True)
        ),
        ops.AddField(
            model_name="MemberBlock", name="set_aside_by_id", field=fields.UUIDField(null=True)
        ),
        ops.AddField(
            model_name="MemberBlock", name="brought_by_id", field=fields.UUIDField(null=True)
        ),
        ops.AddIndex(model_name="MemberBlock", index=Index(fields=["tenant_id", "member_id"])),
        ops.AddConstraint(
            model_name="MemberBlock",
            constraint=UniqueConstraint(
                fields=("tenant_id", "member_id", "purpose"),
                name="member_block_in_force_once",
                condition="set_aside_by_id IS NULL",
            ),
        ),
        ops.RemoveConstraint(
            model_name="MemberBlock", fields=["tenant_id", "member_id", "purpose"]
        ),
        ops.CreateModel(
            name="MergeCandidate",
            fields=[
                ("id", _id()),
                ("tenant_id", _tenant()),
                ("member", _member("member_id")),
                ("older", _member("older_id")),
                ("reason", fields.CharField(max_length=20)),
                ("state", fields.CharField(default="open", max_length=12)),
                ("found_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("closed_by_id", fields.UUIDField(null=True)),
            ],
            options={
                "table": "merge_candidate",
                "app": "core",
                "unique_together": (("tenant_id", "member_id", "older_id", "reason"),),
                "indexes": [
                    Index(fields=["tenant_id", "state", "found_at", "id"]),
                    Index(fields=["tenant_id", "older_id"]),
                    Index(fields=["tenant_id", "closed_by_id"]),
                ],
                "pk_attr": "id",
                "table_description": "A member who may be the same person as one who joined before.",
            },
            bases=["TenantModel"],
        ),
        ops.CreateModel(
            name="MergeSettings",
            fields=[
                ("id", _id()),
                ("tenant_id", _tenant()),
                ("undo_days", fields.SmallIntField()),
            ],
            options={
                "table": "merge_settings",
                "app": "core",
                "unique_together": (("tenant_id",),),
                "pk_attr": "id",
                "table_description": "How a tenant merges; a tenant without a row has the defaults of `window`.",
            },
            bases=["TenantModel"],
        ),
        check("merge_candidate", "merge_candidate_of_two", "member_id <> older_id"),
        check(
            "merge_candidate",
            "merge_candidate_reason",
            "reason IN ('identity', 'phone', 'name_and_birthday')",
        ),
        check(
            "merge_candidate",
            "merge_candidate_state",
            "state IN ('open', 'closed') AND (state = 'closed') = (closed_by_id IS NOT NULL)",
        ),
        check("merge_settings", "merge_settings_bounds", "undo_days BETWEEN 1 AND 180"),
        RunSQL(
            _FOLLOWS,
            "DROP TRIGGER member_aliases_follow ON member; DROP FUNCTION member_aliases_follow();",
        ),
        RunSQL(_CATCH_UP, "SELECT 1;"),
    ]
