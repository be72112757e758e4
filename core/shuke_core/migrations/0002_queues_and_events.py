"""What models can't say: the event table, queues for dispatch, append-only tables, checks."""

from tortoise import migrations
from tortoise.migrations.operations import RunSQL

from shuke_core.database.operations import (
    append_only,
    check,
    directory,
    never_deleted,
    partitioned_by_day,
    queue,
)
from shuke_core.database.roles import APP

_EVENT = """
CREATE TABLE event (
    tenant_id   uuid        NOT NULL,
    id          uuid        NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    seq         bigint      NOT NULL DEFAULT nextval('event_seq'),
    position    bigint,
    type        varchar(60) NOT NULL,
    entity      varchar(80) NOT NULL,
    payload     jsonb       NOT NULL,
    PRIMARY KEY (tenant_id, id, recorded_at)
) PARTITION BY RANGE (recorded_at)
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]
    operations = [
        RunSQL(
            f"CREATE SEQUENCE event_seq; GRANT USAGE ON SEQUENCE event_seq TO {APP};",
            "DROP SEQUENCE event_seq;",
        ),
        partitioned_by_day("event", _EVENT),
        RunSQL(
            "CREATE UNIQUE INDEX event_position ON event (tenant_id, position, recorded_at) "
            "WHERE position IS NOT NULL;",
            "DROP INDEX event_position;",
        ),
        directory("tenant"),
        queue("event", ["tenant_id", "seq", "position"], due="position IS NULL"),
        queue("inbox", ["tenant_id", "due_at", "state"], due="state = 'pending'"),
        queue("parked_event", ["tenant_id", "due_at", "state", "reaction"], due="state = 'parked'"),
        queue("schedule", ["tenant_id", "due_at", "state", "name"], due="state = 'waiting'"),
        queue("relay", ["tenant_id", "position"], due="position > 0"),
        queue("reaction_cursor", ["tenant_id", "name", "position"], due="position > 0"),
        append_only(
            "ledger_entry",
            "ledger_allocation",
            "earning_rule",
            "schedule_run",
            "order_line",
            "refund_line",
        ),
        never_deleted("ledger_account", "ledger_lot", "orders", "refund"),
        check("ledger_account", "account_available_not_negative", "available >= 0"),
        check("ledger_account", "account_debt_not_negative", "debt >= 0"),
        check(
            "ledger_lot", "lot_remaining_within_amount", "remaining >= 0 AND remaining <= amount"
        ),
        check("ledger_allocation", "allocation_takes_something", "amount <> 0"),
        check(
            "ledger_entry",
            "entry_kind",
            "kind IN ('earn', 'spend', 'claw_back', 'settle', 'expire')",
        ),
        check("inbox", "inbox_state", "state IN ('pending', 'done', 'dead')"),
        check("parked_event", "parked_event_state", "state IN ('parked', 'done', 'dead')"),
        check("schedule", "schedule_state", "state IN ('waiting', 'stopped')"),
        check("schedule_run", "schedule_run_outcome", "outcome IN ('done', 'missed', 'failed')"),
        check(
            "quarantined_ticket",
            "quarantined_ticket_state",
            "state IN ('open', 'replayed', 'discarded')",
        ),
        check("refund", "refund_state", "state IN ('waiting', 'applied', 'refused')"),
        check("orders", "order_state", "state IN ('completed', 'partly_refunded', 'refunded')"),
        check("orders", "order_amounts", "total_fen >= 0 AND refunded_fen BETWEEN 0 AND total_fen"),
        check("refund", "refund_amount", "total_fen >= 0"),
        check("tenant", "tenant_state", "state IN ('active', 'suspended', 'closing')"),
        check("earning_rule", "earning_rule_rate", "points_per_yuan >= 0"),
        # Lots that can still be used, soonest expiry first: what every spend reads.
        RunSQL(
            "CREATE INDEX ledger_lot_open ON ledger_lot (tenant_id, account_id, expires_at, id) "
            "WHERE remaining > 0; "
            "CREATE INDEX ledger_lot_expiring ON ledger_lot (tenant_id, expires_at) "
            "WHERE remaining > 0;",
            "DROP INDEX ledger_lot_open; DROP INDEX ledger_lot_expiring;",
        ),
    ]
