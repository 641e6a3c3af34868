"""Indexes for what is asked often or swept: somebody's one-time runs, and the flows that no edge names any more."""

from alembic import op

revision = "0010"
down_revision = "0009"

_INDEXES = (
    ("ix_job_runs_run_type_creator_run_id", "job_runs", ["run_type", "creator", "run_id"]),
    ("ix_lineage_edges_flow_id", "lineage_edges", ["flow_id"]),
)


def upgrade() -> None:
    for name, table, columns in _INDEXES:
        op.create_index(name, table, columns)


def downgrade() -> None:
    for name, table, _ in _INDEXES:
        op.drop_index(name, table)
