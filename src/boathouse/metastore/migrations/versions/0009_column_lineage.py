"""Lineage of columns, and the index that search uses."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("lineage_edges", sa.Column("session_id", sa.String(64)))
    op.add_column("lineage_edges", sa.Column("flow_id", sa.String(40)))
    op.create_index("ix_lineage_edges_session_id", "lineage_edges", ["session_id"])
    op.create_table(
        "column_flows",
        sa.Column("flow_id", sa.String(40), nullable=False),
        sa.Column("flow", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("flow_id", name="pk_column_flows"),
    )


def downgrade() -> None:
    op.drop_table("column_flows")
    op.drop_index("ix_lineage_edges_session_id", "lineage_edges")
    for column in ("flow_id", "session_id"):
        op.drop_column("lineage_edges", column)
