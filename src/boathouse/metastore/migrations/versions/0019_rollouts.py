"""Rollouts, their steps, experiments, and endpoints that live from a rung below."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

_RUNNING = sa.text("state = 'running'")
_WHILE_RUNNING: dict[str, Any] = {"unique": True, "sqlite_where": _RUNNING, "postgresql_where": _RUNNING}


def upgrade() -> None:
    op.create_table(
        "endpoint_standing_versions",
        sa.Column("endpoint_id", sa.String(length=36), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer()),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("rejected", sa.Integer()),
        sa.PrimaryKeyConstraint("endpoint_id", "entity", name=op.f("pk_endpoint_standing_versions")),
    )
    op.create_table(
        "endpoint_rollouts",
        sa.Column("rollout_id", sa.String(length=36), nullable=False),
        sa.Column("endpoint_id", sa.String(length=36), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("alias", sa.Text()),
        sa.Column("from_version", sa.Integer(), nullable=False),
        sa.Column("to_version", sa.Integer(), nullable=False),
        sa.Column("canary", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("step_began_at", sa.BigInteger(), nullable=False),
        sa.Column("begun_by", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("why", sa.Text()),
        sa.Column("alias_is_due", sa.Boolean(), nullable=False),
        sa.Column("tallies", sa.Text()),
        sa.PrimaryKeyConstraint("rollout_id", name=op.f("pk_endpoint_rollouts")),
    )
    op.create_index("ix_endpoint_rollouts_endpoint_id", "endpoint_rollouts", ["endpoint_id", "entity"])
    op.create_index("uq_endpoint_rollouts_running", "endpoint_rollouts", ["endpoint_id", "entity"], **_WHILE_RUNNING)
    op.create_index("ix_endpoint_rollouts_state", "endpoint_rollouts", ["state"])
    op.create_table(
        "endpoint_rollout_steps",
        sa.Column("step_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("rollout_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("from_percent", sa.Double(), nullable=False),
        sa.Column("to_percent", sa.Double(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("evidence_id", sa.String(length=64)),
        sa.PrimaryKeyConstraint("step_id", name=op.f("pk_endpoint_rollout_steps")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_endpoint_rollout_steps_rollout_id", "endpoint_rollout_steps", ["rollout_id"])
    op.create_table(
        "endpoint_experiments",
        sa.Column("experiment_id", sa.String(length=36), nullable=False),
        sa.Column("endpoint_id", sa.String(length=36), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("declared", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("looked_at", sa.BigInteger()),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("report", sa.Text()),
        sa.Column("evidence_id", sa.String(length=64)),
        sa.PrimaryKeyConstraint("experiment_id", name=op.f("pk_endpoint_experiments")),
    )
    op.create_index("ix_endpoint_experiments_endpoint_id", "endpoint_experiments", ["endpoint_id"])
    op.create_index("uq_endpoint_experiments_running", "endpoint_experiments", ["endpoint_id"], **_WHILE_RUNNING)
    op.create_table(
        "endpoint_falls",
        sa.Column("endpoint_id", sa.String(length=36), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("is_fallen", sa.Boolean(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("rung", sa.Text()),
        sa.Column("why", sa.Text()),
        sa.PrimaryKeyConstraint("endpoint_id", name=op.f("pk_endpoint_falls")),
    )


def downgrade() -> None:
    for name in ("endpoint_falls", "endpoint_experiments", "endpoint_rollout_steps", "endpoint_rollouts",
                 "endpoint_standing_versions"):  # fmt: skip
        op.drop_table(name)
