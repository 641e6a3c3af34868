"""Incidents with their timelines, and playbooks in time."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("alert_firings", sa.Column("incident_told_at", sa.BigInteger(), nullable=True))
    op.create_index(op.f("ix_alert_firings_resolved_at"), "alert_firings", ["resolved_at"])
    op.create_index(op.f("ix_alert_firings_incident"), "alert_firings", ["incident"])
    op.create_table(
        "playbooks",
        sa.Column("name_key", sa.String(length=400), nullable=False),
        sa.Column("name", sa.String(length=400), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=True),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name_key", name=op.f("pk_playbooks")),
    )
    op.create_table(
        "playbook_revisions",
        sa.Column("name_key", sa.String(length=400), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("principal", sa.String(length=255), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_to", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("name_key", "revision", name=op.f("pk_playbook_revisions")),
    )
    op.create_table(
        "incidents",
        sa.Column("number", COUNTER, autoincrement=True, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("is_table", sa.Boolean(), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("owner", sa.String(length=255), nullable=False),
        sa.Column("alert", sa.String(length=400), nullable=True),
        sa.Column("window_start", sa.BigInteger(), nullable=True),
        sa.Column("window_end", sa.BigInteger(), nullable=True),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("opened_by", sa.String(length=255), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_by", sa.String(length=255), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.Column("playbook", sa.String(length=400), nullable=True),
        sa.Column("playbook_revision", sa.Integer(), nullable=True),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_incidents")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_incidents_closed_at"), "incidents", ["closed_at"])
    op.create_table(
        "incident_entries",
        sa.Column("sequence", COUNTER, autoincrement=True, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("principal", sa.String(length=255), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_incident_entries")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_incident_entries_number"), "incident_entries", ["number", "sequence"])
    op.create_table(
        "incident_steps",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=True),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("approved_by", sa.String(length=255), nullable=True),
        sa.Column("approved_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number", "position", name=op.f("pk_incident_steps")),
    )


def downgrade() -> None:
    for table in ("incident_steps", "incident_entries", "incidents", "playbook_revisions", "playbooks"):
        op.drop_table(table)
    op.drop_index(op.f("ix_alert_firings_incident"), "alert_firings")
    op.drop_index(op.f("ix_alert_firings_resolved_at"), "alert_firings")
    op.drop_column("alert_firings", "incident_told_at")
