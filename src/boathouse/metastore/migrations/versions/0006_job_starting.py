"""What starts runs: schedules, triggers and what they have seen; notifications and their outbox."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_COUNTER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_index("ix_job_runs_ended_at", "job_runs", ["ended_at"])
    _starters()
    _tellings()
    _notifications()


def _starters() -> None:
    op.create_table(
        "job_starters",
        sa.Column("job_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("definition", sa.Text, nullable=False),
        sa.Column("is_paused", sa.Boolean, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger),
        sa.Column("memory", sa.Text, nullable=False),
        sa.Column("fires", sa.Integer, nullable=False),
        sa.Column("last_fired_at", sa.BigInteger),
        sa.Column("last_run_id", sa.BigInteger),
        sa.Column("missed", sa.Integer, nullable=False),
        sa.Column("last_missed_at", sa.BigInteger),
        sa.Column("problem", sa.Text),
        sa.Column("problem_since", sa.BigInteger),
        sa.PrimaryKeyConstraint("job_id", name="pk_job_starters"),
    )
    op.create_index("ix_job_starters_due_at", "job_starters", ["due_at"])
    op.create_index("ix_job_starters_kind", "job_starters", ["kind"])
    op.create_table(
        "starter_events",
        sa.Column("event_id", _COUNTER, autoincrement=True, nullable=False),
        sa.Column("job_id", sa.BigInteger, nullable=False),
        sa.Column("happened_at", sa.BigInteger, nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("event_id", name="pk_starter_events"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_starter_events_job_id_event_id", "starter_events", ["job_id", "event_id"])
    op.create_table(
        "starter_files",
        sa.Column("job_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("job_id", "path", name="pk_starter_files"),
    )
    op.create_table(
        "clockwork",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_clockwork"),
    )


def _tellings() -> None:
    op.create_table(
        "run_tellings",
        sa.Column("run_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("task_key", sa.Text, nullable=False),
        sa.Column("plan", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "task_key", name="pk_run_tellings"),
        sa.ForeignKeyConstraint(["run_id"], ["job_runs.run_id"], name="fk_run_tellings_run_id", ondelete="CASCADE"),
    )
    op.create_table(
        "run_watches",
        sa.Column("run_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("task_key", sa.Text, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "task_key", name="pk_run_watches"),
        sa.ForeignKeyConstraint(["run_id"], ["job_runs.run_id"], name="fk_run_watches_run_id", ondelete="CASCADE"),
    )
    op.create_index("ix_run_watches_due_at", "run_watches", ["due_at"])


def _notifications() -> None:
    op.create_table(
        "notification_destinations",
        sa.Column("destination_id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("name_key", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("config", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("created_by", sa.String(255), nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("destination_id", name="pk_notification_destinations"),
        sa.UniqueConstraint("name_key", name="uq_notification_destinations_name_key"),
    )
    op.create_table(
        "notification_outbox",
        sa.Column("sequence", _COUNTER, autoincrement=True, nullable=False),
        sa.Column("delivery_id", sa.String(36), nullable=False),
        sa.Column("event_type", sa.Text, nullable=False),
        sa.Column("destination", sa.Text, nullable=False),
        sa.Column("is_email", sa.Boolean, nullable=False),
        sa.Column("job_id", sa.BigInteger),
        sa.Column("run_id", sa.BigInteger),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt_at", sa.BigInteger),
        sa.Column("delivered_at", sa.BigInteger),
        sa.Column("error", sa.Text),
        sa.PrimaryKeyConstraint("sequence", name="pk_notification_outbox"),
        sa.UniqueConstraint("delivery_id", name="uq_notification_outbox_delivery_id"),
        sqlite_autoincrement=True,
    )
    for column in ("next_attempt_at", "run_id", "created_at"):
        op.create_index(f"ix_notification_outbox_{column}", "notification_outbox", [column])


def downgrade() -> None:
    for table in (
        "notification_outbox",
        "notification_destinations",
        "run_watches",
        "run_tellings",
        "clockwork",
        "starter_files",
        "starter_events",
        "job_starters",
    ):
        op.drop_table(table)
    op.drop_index("ix_job_runs_ended_at", "job_runs")
