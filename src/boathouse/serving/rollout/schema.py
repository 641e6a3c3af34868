"""The tables of rollouts, of experiments, and of endpoints that live from a rung below."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, String, Table, Text, text

from boathouse.metastore import COUNTER, metadata

_RUNNING = text("state = 'running'")
_WHILE_RUNNING: dict[str, Any] = {"sqlite_where": _RUNNING, "postgresql_where": _RUNNING}
"""Of what is under way there is one at a time, whoever else begins it at the same moment."""

standing_versions = Table(
    "endpoint_standing_versions",
    metadata,
    Column("endpoint_id", String(36), primary_key=True),
    Column("entity", Text, primary_key=True),
    Column("model", Text, nullable=False),
    Column("version", Integer),
    Column("since", BigInteger, nullable=False),
    Column("rejected", Integer),  # was aborted, and is not tried again before the alias has left it
)

rollouts = Table(
    "endpoint_rollouts",
    metadata,
    Column("rollout_id", String(36), primary_key=True),
    Column("endpoint_id", String(36), nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("alias", Text),
    Column("from_version", Integer, nullable=False),
    Column("to_version", Integer, nullable=False),
    Column("canary", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("step", Integer, nullable=False),
    Column("began_at", BigInteger, nullable=False),
    Column("step_began_at", BigInteger, nullable=False),
    Column("begun_by", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("ended_at", BigInteger),
    Column("why", Text),
    Column("alias_is_due", Boolean, nullable=False),
    Column("tallies", Text),
    Index("ix_endpoint_rollouts_endpoint_id", "endpoint_id", "entity"),
    Index("uq_endpoint_rollouts_running", "endpoint_id", "entity", unique=True, **_WHILE_RUNNING),
    Index("ix_endpoint_rollouts_state", "state"),
)

rollout_steps = Table(
    "endpoint_rollout_steps",
    metadata,
    Column("step_id", COUNTER, primary_key=True, autoincrement=True),
    Column("rollout_id", String(36), nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("principal", Text, nullable=False),
    Column("from_percent", Double, nullable=False),
    Column("to_percent", Double, nullable=False),
    Column("reason", Text),
    Column("findings", Text, nullable=False),
    Column("evidence_id", String(64)),
    Index("ix_endpoint_rollout_steps_rollout_id", "rollout_id"),
    sqlite_autoincrement=True,
)

experiments = Table(
    "endpoint_experiments",
    metadata,
    Column("experiment_id", String(36), primary_key=True),
    Column("endpoint_id", String(36), nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("declared", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("began_at", BigInteger, nullable=False),
    Column("looked_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("revision", Integer, nullable=False),
    Column("report", Text),
    Column("evidence_id", String(64)),
    Index("ix_endpoint_experiments_endpoint_id", "endpoint_id"),
    Index("uq_endpoint_experiments_running", "endpoint_id", unique=True, **_WHILE_RUNNING),
)

endpoint_falls = Table(
    "endpoint_falls",
    metadata,
    Column("endpoint_id", String(36), primary_key=True),
    Column("endpoint", Text, nullable=False),
    Column("is_fallen", Boolean, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("rung", Text),
    Column("why", Text),
)
