"""Jobs, their runs, the runs' tasks and attempts, and the leases of workers."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("job_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("settings", sa.Text, nullable=False),
        sa.Column("deployment", sa.Text),
        sa.Column("run_as", sa.Text, nullable=False),
        sa.Column("creator", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("is_registered", sa.Boolean, nullable=False),
        sa.Column("runs_started", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("job_id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_name", "jobs", ["name"])
    op.create_table(
        "job_runs",
        sa.Column("run_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("job_id", sa.BigInteger, nullable=False),
        sa.Column("number_in_job", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("settings", sa.Text, nullable=False),
        sa.Column("deployment", sa.Text),
        sa.Column("parameters", sa.Text, nullable=False),
        sa.Column("overrides", sa.Text, nullable=False),
        sa.Column("as_of", sa.Text),
        sa.Column("run_as", sa.Text, nullable=False),
        sa.Column("creator", sa.Text, nullable=False),
        sa.Column("trigger_type", sa.Text, nullable=False),
        sa.Column("run_type", sa.Text, nullable=False),
        sa.Column("idempotency_token", sa.Text),
        sa.Column("life_cycle_state", sa.Text, nullable=False),
        sa.Column("result_state", sa.Text),
        sa.Column("state_message", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("started_at", sa.BigInteger),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("cancel_requested_at", sa.BigInteger),
        sa.Column("executor_id", sa.Text),
        sa.PrimaryKeyConstraint("run_id", name="pk_job_runs"),
        sa.UniqueConstraint("creator", "idempotency_token", name="uq_job_runs_creator_idempotency_token"),
    )
    op.create_index("ix_job_runs_job_id_run_id", "job_runs", ["job_id", "run_id"])
    op.create_index("ix_job_runs_life_cycle_state_run_id", "job_runs", ["life_cycle_state", "run_id"])
    op.create_table(
        "task_runs",
        sa.Column("task_run_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("run_id", sa.BigInteger, nullable=False),
        sa.Column("task_key", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("life_cycle_state", sa.Text, nullable=False),
        sa.Column("result_state", sa.Text),
        sa.Column("state_message", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("started_at", sa.BigInteger),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("setup_ms", sa.BigInteger, nullable=False),
        sa.Column("execution_ms", sa.BigInteger, nullable=False),
        sa.Column("peak_memory_bytes", sa.BigInteger),
        sa.Column("cpu_seconds", sa.Float),
        sa.Column("exit_code", sa.Integer),
        sa.Column("error", sa.Text),
        sa.Column("error_trace", sa.Text),
        sa.Column("result", sa.Text),
        sa.Column("environment_key", sa.Text),
        sa.PrimaryKeyConstraint("task_run_id", name="pk_task_runs"),
        sa.ForeignKeyConstraint(["run_id"], ["job_runs.run_id"], name="fk_task_runs_run_id", ondelete="CASCADE"),
    )
    op.create_index("ix_task_runs_run_id_position", "task_runs", ["run_id", "position"])
    op.create_table(
        "task_attempts",
        sa.Column("task_run_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("attempt", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("executor_id", sa.Text, nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("token_id", sa.Text),
        sa.Column("pid", sa.Integer),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("result_state", sa.Text),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("peak_memory_bytes", sa.BigInteger),
        sa.Column("cpu_seconds", sa.Float),
        sa.Column("exit_code", sa.Integer),
        sa.PrimaryKeyConstraint("task_run_id", "attempt", name="pk_task_attempts"),
        sa.ForeignKeyConstraint(
            ["task_run_id"], ["task_runs.task_run_id"], name="fk_task_attempts_task_run_id", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "worker_leases",
        sa.Column("executor_id", sa.Text, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("is_released", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("executor_id", name="pk_worker_leases"),
    )
    op.create_table(
        "job_counters",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("value", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_job_counters"),
    )


def downgrade() -> None:
    for table in ("job_counters", "worker_leases", "task_attempts", "task_runs", "job_runs", "jobs"):
        op.drop_table(table)
