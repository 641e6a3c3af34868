"""The tables of who is to be told about a run."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table, Text

from boathouse.metastore import metadata

run_tellings = Table(
    "run_tellings",
    metadata,
    Column(
        "run_id",
        BigInteger,
        ForeignKey("job_runs.run_id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("task_key", Text, primary_key=True),  # empty: the run itself
    Column("plan", Text, nullable=False),
)

run_watches = Table(
    "run_watches",
    metadata,
    Column(
        "run_id",
        BigInteger,
        ForeignKey("job_runs.run_id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("task_key", Text, primary_key=True),
    Column("due_at", BigInteger, nullable=False),  # when it will have taken too long
    Index("ix_run_watches_due_at", "due_at"),
)
