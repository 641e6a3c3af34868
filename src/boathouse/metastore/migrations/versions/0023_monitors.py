"""Monitors, what each was at any time, and their refreshes."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.create_table(
        "monitors",
        sa.Column("monitor_id", sa.String(length=36), nullable=False),
        sa.Column("table_name", sa.String(length=767), nullable=False),
        sa.Column("table_id", sa.String(length=36)),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.BigInteger()),
        sa.Column("failure", sa.Text()),
        sa.Column("origin", sa.Text()),
        sa.Column("progress", sa.Text()),
        sa.PrimaryKeyConstraint("monitor_id", name=op.f("pk_monitors")),
        sa.UniqueConstraint("table_name", name=op.f("uq_monitors_table_name")),
    )
    op.create_table(
        "monitor_versions",
        sa.Column("monitor_id", sa.String(length=36), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_to", sa.BigInteger()),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("monitor_id", "revision", name=op.f("pk_monitor_versions")),
    )
    op.create_table(
        "monitor_refreshes",
        sa.Column("refresh_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True),
        sa.Column("monitor_id", sa.String(length=36), nullable=False),
        sa.Column("table_name", sa.String(length=767), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("trigger", sa.String(length=16), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("message", sa.Text()),
        sa.Column("run_id", sa.BigInteger()),
        sa.Column("backfill_start", sa.BigInteger()),
        sa.Column("backfill_end", sa.BigInteger()),
        sa.Column("is_full", sa.Boolean(), nullable=False),
        sa.Column("result", sa.Text()),
        sa.PrimaryKeyConstraint("refresh_id", name=op.f("pk_monitor_refreshes")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_monitor_refreshes_monitor_id", "monitor_refreshes", ["monitor_id"])
    op.create_index("ix_monitor_refreshes_state", "monitor_refreshes", ["state"])


def downgrade() -> None:
    for table in ("monitor_refreshes", "monitor_versions", "monitors"):
        op.drop_table(table)
