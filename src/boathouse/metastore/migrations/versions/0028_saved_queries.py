"""Queries that people keep and share; a principal's own statements are found without reading everybody's."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.create_table(
        "saved_queries",
        sa.Column("query_id", sa.String(length=36), nullable=False),
        sa.Column("owner", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("sharing", sa.String(length=16), nullable=False),
        sa.Column("reads", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("query_id", name=op.f("pk_saved_queries")),
        sa.UniqueConstraint("owner", "name", name=op.f("uq_saved_queries_owner_name")),
    )
    op.create_index("ix_saved_queries_sharing", "saved_queries", ["sharing"])
    op.create_index("ix_statements_principal_created_at", "statements", ["principal", "created_at"])


def downgrade() -> None:
    op.drop_index("ix_statements_principal_created_at", table_name="statements")
    op.drop_table("saved_queries")
