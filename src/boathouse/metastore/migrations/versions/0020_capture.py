"""What recorders and streams have taken in."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_table(
        "inference_tables",
        sa.Column("endpoint_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("target", sa.String(length=767), nullable=False),
        sa.Column("endpoint_name", sa.String(length=255), nullable=False),
        sa.Column("table_id", sa.String(length=36), nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("endpoint_id", "kind", "target", name=op.f("pk_inference_tables")),
    )


def downgrade() -> None:
    op.drop_table("inference_tables")
