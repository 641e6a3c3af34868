"""The tables of what starts runs."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, Text

from boathouse.metastore import COUNTER, metadata

job_starters = Table(
    "job_starters",
    metadata,
    Column("job_id", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("definition", Text, nullable=False),  # JSON, as the job's settings have it
    Column("is_paused", Boolean, nullable=False),
    Column("revision", Integer, nullable=False),  # whoever changes the row compares and sets it
    Column("since", BigInteger, nullable=False),  # what happened before is not its business
    Column("due_at", BigInteger),
    Column("memory", Text, nullable=False),  # JSON: what it has seen
    Column("fires", Integer, nullable=False),
    Column("last_fired_at", BigInteger),
    Column("last_run_id", BigInteger),
    Column("missed", Integer, nullable=False),
    Column("last_missed_at", BigInteger),
    Column("problem", Text),
    Column("problem_since", BigInteger),
    Index("ix_job_starters_due_at", "due_at"),
    Index("ix_job_starters_kind", "kind"),
)

starter_events = Table(
    "starter_events",
    metadata,
    Column("event_id", COUNTER, primary_key=True, autoincrement=True),
    Column("job_id", BigInteger, nullable=False),
    Column("happened_at", BigInteger, nullable=False),
    Column("facts", Text, nullable=False),
    Index("ix_starter_events_job_id_event_id", "job_id", "event_id"),
    sqlite_autoincrement=True,
)

starter_files = Table(
    "starter_files",
    metadata,
    Column("job_id", BigInteger, primary_key=True, autoincrement=False),
    Column("path", Text, primary_key=True),  # within the volume
)

clockwork = Table(
    "clockwork",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),  # the last audit event that was looked at
)
