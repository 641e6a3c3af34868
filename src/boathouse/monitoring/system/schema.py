"""The tables of this room: a row for each endpoint's version, job and part that had something to tell in a minute."""

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, String, Table, Text

from boathouse.metastore import metadata

endpoint_samples = Table(
    "endpoint_samples",
    metadata,
    Column("sampled_at", BigInteger, primary_key=True, autoincrement=False),
    Column("endpoint_id", String(36), primary_key=True),
    Column("entity_id", String(64), primary_key=True),
    Column("role", String(32), primary_key=True),
    Column("since", BigInteger, nullable=False),
    Column("endpoint_name", Text),
    Column("requests", BigInteger, nullable=False),
    Column("errors", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    Column("fallen", BigInteger, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("latency_sum_ms", Float, nullable=False),
    Column("latency", Text, nullable=False),
)
job_samples = Table(
    "job_samples",
    metadata,
    Column("sampled_at", BigInteger, primary_key=True, autoincrement=False),
    Column("job_id", BigInteger, primary_key=True, autoincrement=False),
    Column("since", BigInteger, nullable=False),
    Column("job_name", Text),
    Column("queued", BigInteger, nullable=False),
    Column("under_way", BigInteger, nullable=False),
    Column("succeeded", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("otherwise", BigInteger, nullable=False),
    Column("waited_ms", BigInteger, nullable=False),
    Column("took_ms", BigInteger, nullable=False),
    Column("longest_ms", BigInteger, nullable=False),
    Column("cpu_seconds", Float, nullable=False),
    Column("peak_memory_bytes", BigInteger),
)
component_samples = Table(
    "component_samples",
    metadata,
    Column("sampled_at", BigInteger, primary_key=True, autoincrement=False),
    Column("component", String(255), primary_key=True),
    Column("since", BigInteger, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("is_healthy", Boolean, nullable=False),
    Column("message", Text),
    Column("answer_ms", Float),
    Column("cpu_seconds", Float),
    Column("memory_bytes", BigInteger),
    Column("waiting", BigInteger),
    Index("ix_component_samples_component", "component", "sampled_at"),
)
sample_marks = Table(
    "sample_marks",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("sampled_at", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
)
