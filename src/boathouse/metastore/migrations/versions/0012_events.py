"""Events, and webhooks that tell of them."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "platform_events",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("event_id", sa.String(length=36), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("happened_at", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_platform_events")),
        sa.UniqueConstraint("event_id", name=op.f("uq_platform_events_event_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_platform_events_happened_at", "platform_events", ["happened_at"])


def downgrade() -> None:
    op.drop_table("platform_events")
