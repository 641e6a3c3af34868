"""The tables of reproductions, and of the recipes that they follow."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from boathouse.metastore import metadata

run_recipes = Table(
    "run_recipes",
    metadata,
    Column("run_id", Text, primary_key=True),  # of MLflow
    Column("recipe", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

reproductions = Table(
    "reproductions",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("model", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("job_run_id", BigInteger, nullable=False),
    Column("principal", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("held", Text, nullable=False),
    Column("limits", Text, nullable=False),
    Column("registered", Text, nullable=False),
    Column("held_back", Text, nullable=False),
    Column("predictions", Text),
    Column("aspects", Text, nullable=False),
    Column("message", Text),
    Column("deleted_at", BigInteger),  # its version is gone; what was found out is kept
    Index("ix_reproductions_model_version", "model", "version"),
)
