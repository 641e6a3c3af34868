"""Intents, alias history, inputs of runs, places of model versions."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "model_intents",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("principal", sa.Text, nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_model_intents"),
    )
    op.create_table(
        "alias_moves",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False, autoincrement=True),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("alias", sa.Text, nullable=False),
        sa.Column("from_version", sa.Integer),
        sa.Column("to_version", sa.Integer),
        sa.Column("principal", sa.Text, nullable=False),
        sa.Column("moved_at", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("through", sa.Text, nullable=False),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alias_moves"),
    )
    op.create_index("ix_alias_moves_model_alias", "alias_moves", ["model", "alias"])
    op.create_table(
        "task_experiment_runs",
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("experiment_id", sa.Text, nullable=False),
        sa.Column("task_run_id", sa.BigInteger, nullable=False),
        sa.Column("principal", sa.Text, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("run_id", name="pk_task_experiment_runs"),
    )
    op.create_index("ix_task_experiment_runs_task_run_id", "task_experiment_runs", ["task_run_id"])
    op.create_table(
        "run_inputs",
        sa.Column("run_id", sa.Text, nullable=False),
        sa.Column("table_id", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("table_name", sa.Text, nullable=False),
        sa.Column("location", sa.Text, nullable=False),
        sa.Column("is_logged", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "table_id", "version", name="pk_run_inputs"),
    )
    op.create_table(
        "model_version_sources",
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("run_id", sa.Text),
        sa.Column("location", sa.Text),
        sa.PrimaryKeyConstraint("model", "version", name="pk_model_version_sources"),
    )
    op.create_index("ix_model_version_sources_location", "model_version_sources", ["location"])


def downgrade() -> None:
    for table in ("model_version_sources", "run_inputs", "task_experiment_runs", "alias_moves", "model_intents"):
        op.drop_table(table)
