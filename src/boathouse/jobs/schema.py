"""The tables of this room."""

from sqlalchemy import BigInteger, Boolean, Column, Float, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

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

job_runs = Table(
    "job_runs",
    metadata,
    Column("run_id", BigInteger, primary_key=True, autoincrement=False),
    Column("job_id", BigInteger, nullable=False),
    Column("number_in_job", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("settings", Text, nullable=False),
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
    Index("ix_job_runs_job_id_run_id", "job_id", "run_id"),
    Index("ix_job_runs_life_cycle_state_run_id", "life_cycle_state", "run_id"),
    UniqueConstraint("creator", "idempotency_token", name="uq_job_runs_creator_idempotency_token"),
)

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
    Index("ix_task_runs_run_id_position", "run_id", "position"),
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
