"""Jobs in depth: definitions kept once, task values, repairs, iterations of a for-each, backfills, child runs."""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    _runs()
    _tasks()
    op.create_table(
        "run_repairs",
        sa.Column("repair_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("run_id", sa.BigInteger, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("life_cycle_state", sa.Text, nullable=False),
        sa.Column("result_state", sa.Text),
        sa.Column("state_message", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("repair_id", name="pk_run_repairs"),
        sa.ForeignKeyConstraint(["run_id"], ["job_runs.run_id"], name="fk_run_repairs_run_id", ondelete="CASCADE"),
        sa.UniqueConstraint("run_id", "number", name="uq_run_repairs_run_id_number"),
    )
    op.create_table(
        "job_backfills",
        sa.Column("backfill_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("job_id", sa.BigInteger, nullable=False),
        sa.Column("first", sa.Text, nullable=False),
        sa.Column("last", sa.Text, nullable=False),
        sa.Column("every", sa.Text, nullable=False),
        sa.Column("concurrency", sa.Integer, nullable=False),
        sa.Column("creator", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("backfill_id", name="pk_job_backfills"),
    )
    op.create_index("ix_job_backfills_job_id", "job_backfills", ["job_id"])


def _runs() -> None:
    op.create_table(
        "job_definitions",
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("settings", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_job_definitions"),
    )
    for column in (
        sa.Column("definition", sa.Text, nullable=False, server_default=""),
        sa.Column("max_concurrent_runs", sa.Integer),
        sa.Column("trigger_info", sa.Text, nullable=False, server_default="{}"),
        sa.Column("parent_task_run_id", sa.BigInteger),
        sa.Column("parent_run_id", sa.BigInteger),
        sa.Column("backfill_id", sa.BigInteger),
        sa.Column("repair_count", sa.Integer, nullable=False, server_default="0"),
        sa.Column("latest_repair_id", sa.BigInteger),
    ):
        op.add_column("job_runs", column)
    _move_definitions()
    op.drop_column("job_runs", "settings")
    op.create_index("ix_job_runs_life_cycle_state_job_id", "job_runs", ["life_cycle_state", "job_id", "run_id"])
    op.create_index("ix_job_runs_parent_run_id", "job_runs", ["parent_run_id"])
    op.create_index("ix_job_runs_backfill_id", "job_runs", ["backfill_id"])


def _tasks() -> None:
    for column in (
        sa.Column("is_latest", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("first_attempt", sa.Integer, nullable=False, server_default="0"),
        sa.Column("repair_id", sa.BigInteger),
        sa.Column("for_each", sa.Text),
        sa.Column("iteration", sa.Integer),
        sa.Column("input", sa.Text),
        sa.Column("resolved", sa.Text),
        sa.Column("child_run_id", sa.BigInteger),
    ):
        op.add_column("task_runs", column)
    op.create_index("ix_task_runs_run_id_for_each", "task_runs", ["run_id", "for_each", "iteration"])
    op.create_table(
        "task_values",
        sa.Column("task_run_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("task_run_id", "name", name="pk_task_values"),
        sa.ForeignKeyConstraint(
            ["task_run_id"], ["task_runs.task_run_id"], name="fk_task_values_task_run_id", ondelete="CASCADE"
        ),
    )


def _move_definitions() -> None:
    """Each definition once, its runs point to it."""
    connection = op.get_bind()
    runs = sa.table("job_runs", *map(sa.column, ("run_id", "settings", "definition")))
    definitions = sa.table("job_definitions", sa.column("digest"), sa.column("settings"))
    for (text,) in connection.execute(sa.select(runs.c.settings).distinct()).all():
        digest = hashlib.sha256(text.encode()).hexdigest()
        connection.execute(sa.insert(definitions).values(digest=digest, settings=text))
        connection.execute(sa.update(runs).where(runs.c.settings == text).values(definition=digest))
