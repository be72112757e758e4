"""What a merge looks for in tables that have rows already: along indexes made while others write."""

from tortoise import migrations

from shuke_core.database.operations import concurrent_index


class Migration(migrations.Migration):
    dependencies = [("core", "0017_merging")]

    initial = False
    atomic = False

    operations = [
        *concurrent_index(
            "ledger_entry_meant_for",
            "ledger_entry",
            ["tenant_id", "meant_for", "cause_type", "cause_id"],
            "meant_for IS NOT NULL",
        ),
        *concurrent_index(
            "ledger_lot_origin",
            "ledger_lot",
            ["tenant_id", "origin_lot_id"],
            "origin_lot_id IS NOT NULL",
        ),
        *concurrent_index(
            "alert_of_member", "alert", ["tenant_id", "member_id"], "member_id IS NOT NULL"
        ),
        *concurrent_index(
            "interaction_follow_up_of_member",
            "interaction_follow_up",
            ["tenant_id", "member_id"],
            "member_id IS NOT NULL",
        ),
    ]
