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
        sa.Column("job_id", sa.BigInteger()),
        sa.Column("run_id", sa.BigInteger()),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_platform_events")),
        sa.UniqueConstraint("event_id", name=op.f("uq_platform_events_event_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_platform_events_happened_at", "platform_events", ["happened_at"])
    op.create_table(
        "webhooks",
        sa.Column("webhook_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("name_key", sa.String(length=255), nullable=False),
        sa.Column("destination", sa.String(length=36), nullable=False),
        sa.Column("filter", sa.Text(), nullable=False),
        sa.Column("is_paused", sa.Boolean(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("webhook_id", name=op.f("pk_webhooks")),
        sa.UniqueConstraint("name_key", name=op.f("uq_webhooks_name_key")),
    )
    op.create_table(
        "event_readers",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_event_readers")),
    )
    with op.batch_alter_table("notification_outbox") as batch:
        batch.add_column(sa.Column("webhook_id", sa.String(length=36)))
    op.create_index("ix_notification_outbox_webhook_id", "notification_outbox", ["webhook_id"])


def downgrade() -> None:
    op.drop_index("ix_notification_outbox_webhook_id", "notification_outbox")
    with op.batch_alter_table("notification_outbox") as batch:
        batch.drop_column("webhook_id")
    op.drop_table("event_readers")
    op.drop_table("webhooks")
    op.drop_table("platform_events")
