"""Alerts: rules in time, how far each has looked, what fired, who wanted silence."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "alerts",
        sa.Column("alert_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=400), nullable=False),
        sa.Column("name_key", sa.String(length=400), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("alert_id", name=op.f("pk_alerts")),
        sa.UniqueConstraint("name_key", name=op.f("uq_alerts_name_key")),
    )
    op.create_index(op.f("ix_alerts_subject"), "alerts", ["subject"])
    op.create_table(
        "alert_rules",
        sa.Column("alert_id", sa.String(length=36), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_to", sa.BigInteger(), nullable=True),
        sa.Column("principal", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("alert_id", "revision", name=op.f("pk_alert_rules")),
    )
    op.create_table(
        "alert_seen",
        sa.Column("alert_id", sa.String(length=36), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=True),
        sa.Column("since", sa.Text(), nullable=False),
        sa.Column("newest", sa.BigInteger(), nullable=True),
        sa.Column("looked_at", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("alert_id", name=op.f("pk_alert_seen")),
    )
    op.create_index(op.f("ix_alert_seen_due_at"), "alert_seen", ["due_at"])
    op.create_table(
        "alert_firings",
        sa.Column("sequence", COUNTER, autoincrement=True, nullable=False),
        sa.Column("firing_id", sa.String(length=36), nullable=False),
        sa.Column("alert_id", sa.String(length=36), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("began", sa.BigInteger(), nullable=False),
        sa.Column("window_start", sa.BigInteger(), nullable=False),
        sa.Column("window_end", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("threshold", sa.Float(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("fired_at", sa.BigInteger(), nullable=False),
        sa.Column("resolved_at", sa.BigInteger(), nullable=True),
        sa.Column("resolved_window", sa.BigInteger(), nullable=True),
        sa.Column("resolved_by", sa.String(length=255), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.Column("told_at", sa.BigInteger(), nullable=True),
        sa.Column("told_resolved_at", sa.BigInteger(), nullable=True),
        sa.Column("is_settled", sa.Boolean(), nullable=False),
        sa.Column("incident", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_alert_firings")),
        sa.UniqueConstraint("firing_id", name=op.f("uq_alert_firings_firing_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_alert_firings_alert_id"), "alert_firings", ["alert_id", "sequence"])
    op.create_index(op.f("ix_alert_firings_is_settled"), "alert_firings", ["is_settled"])
    op.create_index(op.f("ix_alert_firings_fired_at"), "alert_firings", ["fired_at"])
    op.create_table(
        "alert_silences",
        sa.Column("silence_id", sa.String(length=36), nullable=False),
        sa.Column("pattern", sa.String(length=400), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(length=255), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.String(length=255), nullable=True),
        sa.PrimaryKeyConstraint("silence_id", name=op.f("pk_alert_silences")),
    )


def downgrade() -> None:
    for table in ("alert_silences", "alert_firings", "alert_seen", "alert_rules", "alerts"):
        op.drop_table(table)
