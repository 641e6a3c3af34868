"""Online stores, and what is published to them."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "online_stores",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("owner", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_online_stores")),
    )
    op.create_table(
        "online_tables",
        sa.Column("name", sa.String(length=767), nullable=False),
        sa.Column("store", sa.String(length=64), nullable=False),
        sa.Column("source_table", sa.String(length=767), nullable=False),
        sa.Column("source_id", sa.String(length=36), nullable=False),
        sa.Column("mode", sa.String(length=16), nullable=False),
        sa.Column("features", sa.Text(), nullable=False),
        sa.Column("time_to_live_ms", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=255), nullable=False),
        sa.Column("published_version", sa.BigInteger(), nullable=True),
        sa.Column("published_at", sa.BigInteger(), nullable=True),
        sa.Column("published_mode", sa.String(length=16), nullable=True),
        sa.Column("key_count", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_online_tables")),
    )
    op.create_index("ix_online_tables_source_id", "online_tables", ["source_id"])
    op.create_index("ix_online_tables_store", "online_tables", ["store"])


def downgrade() -> None:
    op.drop_table("online_tables")
    op.drop_table("online_stores")
