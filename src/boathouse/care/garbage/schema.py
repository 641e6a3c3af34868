"""The table of passes: who collected what, when."""

from sqlalchemy import BigInteger, Boolean, Column, Index, String, Table, Text

from boathouse.metastore import metadata

garbage_passes = Table(
    "garbage_passes",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("principal", Text, nullable=False),
    Column("is_dry_run", Boolean, nullable=False),
    Column("older_than_seconds", BigInteger, nullable=False),
    Column("kinds", Text, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("totals", Text, nullable=False),
    Column("error", Text),
    Index("ix_garbage_passes_started_at", "started_at"),
)
