"""The tables of this room."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    true,
)

from boathouse.metastore import metadata

jobs = Table(
    "jobs",
    metadata,
    Column("job_id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("settings", Text, nullable=False),
    Column("deployment", Text),
    Column("run_as", Text, nullable=False),
    Column("creator", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("is_registered", Boolean, nullable=False),  # false between our row and the catalog's: nobody sees it yet
    Column("runs_started", Integer, nullable=False),
    Index("ix_jobs_name", "name"),
)

job_definitions = Table(
    "job_definitions",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("settings", Text, nullable=False),  # kept once, however many runs a job has had with it
)

job_runs = Table(
    "job_runs",
    metadata,
    Column("run_id", BigInteger, primary_key=True, autoincrement=False),
    Column("job_id", BigInteger, nullable=False),
    Column("number_in_job", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("definition", Text, nullable=False, server_default=""),  # digest of the settings it was asked for with
    Column("deployment", Text),
    Column("parameters", Text, nullable=False),
    Column("overrides", Text, nullable=False),
    Column("as_of", Text),
    Column("run_as", Text, nullable=False),
    Column("creator", Text, nullable=False),
    Column("trigger_type", Text, nullable=False),
    Column("run_type", Text, nullable=False),
    Column("idempotency_token", Text),
    Column("life_cycle_state", Text, nullable=False),
    Column("result_state", Text),
    Column("state_message", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("cancel_requested_at", BigInteger),
    Column("executor_id", Text),
    Column("max_concurrent_runs", Integer),  # of the same job, when this one starts; null: any number
    Column("trigger_info", Text, nullable=False, server_default="{}"),
    Column("parent_task_run_id", BigInteger),  # the run_job_task that waits for this run
    Column("parent_run_id", BigInteger),
    Column("backfill_id", BigInteger),
    Column("repair_count", Integer, nullable=False, server_default="0"),
    Column("latest_repair_id", BigInteger),
    Index("ix_job_runs_job_id_run_id", "job_id", "run_id"),
    Index("ix_job_runs_life_cycle_state_run_id", "life_cycle_state", "run_id"),
    Index("ix_job_runs_life_cycle_state_job_id", "life_cycle_state", "job_id", "run_id"),
    Index("ix_job_runs_parent_run_id", "parent_run_id"),
    Index("ix_job_runs_backfill_id", "backfill_id"),
    Index("ix_job_runs_ended_at", "ended_at"),
    Index("ix_job_runs_run_type_creator_run_id", "run_type", "creator", "run_id"),
    UniqueConstraint("creator", "idempotency_token", name="uq_job_runs_creator_idempotency_token"),
)

run_commits = Table(
    "run_commits",
    metadata,
    Column("run_id", BigInteger, ForeignKey("job_runs.run_id", ondelete="CASCADE"), primary_key=True,
           autoincrement=False),
    Column("commit", Text, nullable=False),
)  # fmt: skip

task_runs = Table(
    "task_runs",
    metadata,
    Column("task_run_id", BigInteger, primary_key=True, autoincrement=False),
    Column("run_id", BigInteger, ForeignKey("job_runs.run_id", ondelete="CASCADE"), nullable=False),
    Column("task_key", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("life_cycle_state", Text, nullable=False),
    Column("result_state", Text),
    Column("state_message", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("started_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("setup_ms", BigInteger, nullable=False),
    Column("execution_ms", BigInteger, nullable=False),
    Column("peak_memory_bytes", BigInteger),
    Column("cpu_seconds", Float),
    Column("exit_code", Integer),
    Column("error", Text),
    Column("error_trace", Text),
    Column("result", Text),
    Column("environment_key", Text),
    Column("is_latest", Boolean, nullable=False, server_default=true()),  # false once a repair has begun it anew
    Column("first_attempt", Integer, nullable=False, server_default="0"),  # a repair goes on counting
    Column("repair_id", BigInteger),
    Column("for_each", Text),  # key of the for_each_task whose iteration this is
    Column("iteration", Integer),
    Column("input", Text),  # JSON
    Column("resolved", Text),  # JSON: what the references in a task that needs no process became
    Column("child_run_id", BigInteger),
    Index("ix_task_runs_run_id_position", "run_id", "position"),
    Index("ix_task_runs_run_id_for_each", "run_id", "for_each", "iteration"),
)

task_values = Table(
    "task_values",
    metadata,
    Column(
        "task_run_id",
        BigInteger,
        ForeignKey("task_runs.task_run_id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),  # JSON
)

run_repairs = Table(
    "run_repairs",
    metadata,
    Column("repair_id", BigInteger, primary_key=True, autoincrement=False),
    Column("run_id", BigInteger, ForeignKey("job_runs.run_id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),  # 0 is the run as it was before its first repair
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("life_cycle_state", Text, nullable=False),
    Column("result_state", Text),
    Column("state_message", Text, nullable=False),
    UniqueConstraint("run_id", "number", name="uq_run_repairs_run_id_number"),
)

job_backfills = Table(
    "job_backfills",
    metadata,
    Column("backfill_id", BigInteger, primary_key=True, autoincrement=False),
    Column("job_id", BigInteger, nullable=False),
    Column("first", Text, nullable=False),
    Column("last", Text, nullable=False),
    Column("every", Text, nullable=False),
    Column("concurrency", Integer, nullable=False),
    Column("creator", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Index("ix_job_backfills_job_id", "job_id"),
)

task_attempts = Table(
    "task_attempts",
    metadata,
    Column(
        "task_run_id",
        BigInteger,
        ForeignKey("task_runs.task_run_id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("executor_id", Text, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("token_id", Text),
    Column("pid", Integer),
    Column("ended_at", BigInteger),
    Column("result_state", Text),
    Column("message", Text, nullable=False),
    Column("peak_memory_bytes", BigInteger),
    Column("cpu_seconds", Float),
    Column("exit_code", Integer),
)

worker_leases = Table(
    "worker_leases",
    metadata,
    Column("executor_id", Text, primary_key=True),
    Column("holder", Text, nullable=False),  # one life of one worker process
    Column("expires_at", BigInteger, nullable=False),
    Column("is_released", Boolean, nullable=False),
)

job_counters = Table(
    "job_counters",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)
