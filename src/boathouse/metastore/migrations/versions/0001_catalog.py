"""The catalog: what is governed, who may do what, who did what, and where data went."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "audit_events",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("event_id", sa.String(length=36), nullable=False),
        sa.Column("event_time", sa.BigInteger(), nullable=False),
        sa.Column("principal", sa.String(length=255), nullable=False),
        sa.Column("service", sa.String(length=32), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("securable_kind", sa.String(length=32), nullable=True),
        sa.Column("securable_name", sa.Text(), nullable=True),
        sa.Column("status_code", sa.Integer(), nullable=False),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("request_params", sa.Text(), nullable=False),
        sa.Column("request_id", sa.String(length=100), nullable=False),
        sa.Column("source_ip", sa.String(length=64), nullable=False),
        sa.Column("user_agent", sa.String(length=300), nullable=False),
        sa.Column("as_of", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_audit_events")),
    )
    op.create_index(op.f("ix_audit_events_event_time"), "audit_events", ["event_time"], unique=False)
    op.create_table(
        "generations",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_generations")),
    )
    op.create_table(
        "lineage_edges",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("edge_id", sa.String(length=36), nullable=False),
        sa.Column("event_time", sa.BigInteger(), nullable=False),
        sa.Column("principal", sa.String(length=255), nullable=False),
        sa.Column("operation", sa.String(length=32), nullable=False),
        sa.Column("statement_id", sa.String(length=100), nullable=True),
        sa.Column("source_kind", sa.String(length=32), nullable=True),
        sa.Column("source_name", sa.Text(), nullable=True),
        sa.Column("source_version", sa.BigInteger(), nullable=True),
        sa.Column("target_kind", sa.String(length=32), nullable=True),
        sa.Column("target_name", sa.Text(), nullable=True),
        sa.Column("target_version", sa.BigInteger(), nullable=True),
        sa.Column("job_run_id", sa.BigInteger(), nullable=True),
        sa.Column("task_run_id", sa.BigInteger(), nullable=True),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_lineage_edges")),
    )
    op.create_index(op.f("ix_lineage_edges_event_time"), "lineage_edges", ["event_time"], unique=False)
    op.create_index(op.f("ix_lineage_edges_job_run_id"), "lineage_edges", ["job_run_id"], unique=False)
    op.create_index("ix_lineage_edges_source", "lineage_edges", ["source_name", "source_kind"], unique=False)
    op.create_index("ix_lineage_edges_target", "lineage_edges", ["target_name", "target_kind"], unique=False)
    op.create_index(op.f("ix_lineage_edges_task_run_id"), "lineage_edges", ["task_run_id"], unique=False)
    op.create_table(
        "pins",
        sa.Column("table_id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("holder", sa.String(length=800), nullable=False),
        sa.Column("pinned_at", sa.BigInteger(), nullable=False),
        sa.Column("pinned_by", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("table_id", "version", "holder", name=op.f("pk_pins")),
    )
    op.create_index(op.f("ix_pins_holder"), "pins", ["holder"], unique=False)
    op.create_table(
        "principals",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("name_key", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("display_name", sa.String(length=255), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_principals")),
        sa.UniqueConstraint("name_key", name=op.f("uq_principals_name_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "securables",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("full_name", sa.String(length=800), nullable=False),
        sa.Column("parent_id", sa.String(length=36), nullable=True),
        sa.Column("owner", sa.String(length=255), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("properties", sa.Text(), server_default="{}", nullable=False),
        sa.Column("tags", sa.Text(), server_default="{}", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=255), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_by", sa.String(length=255), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.Column("deleted_by", sa.String(length=255), nullable=True),
        sa.ForeignKeyConstraint(["parent_id"], ["securables.id"], name=op.f("fk_securables_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_securables")),
    )
    op.create_index(op.f("ix_securables_owner"), "securables", ["owner"], unique=False)
    op.create_index(op.f("ix_securables_parent_id"), "securables", ["parent_id"], unique=False)
    op.create_index(
        "uq_securables_live_name",
        "securables",
        ["kind", "full_name"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "grants",
        sa.Column("securable_id", sa.String(length=36), nullable=False),
        sa.Column("grantee", sa.String(length=255), nullable=False),
        sa.Column("privilege", sa.String(length=64), nullable=False),
        sa.Column("granted_at", sa.BigInteger(), nullable=False),
        sa.Column("granted_by", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(["securable_id"], ["securables.id"], name=op.f("fk_grants_securable_id")),
        sa.PrimaryKeyConstraint("securable_id", "grantee", "privilege", name=op.f("pk_grants")),
    )
    op.create_index(op.f("ix_grants_grantee"), "grants", ["grantee"], unique=False)
    op.create_table(
        "memberships",
        sa.Column(
            "group_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column(
            "member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.ForeignKeyConstraint(["group_id"], ["principals.id"], name=op.f("fk_memberships_group_id")),
        sa.ForeignKeyConstraint(["member_id"], ["principals.id"], name=op.f("fk_memberships_member_id")),
        sa.PrimaryKeyConstraint("group_id", "member_id", name=op.f("pk_memberships")),
    )
    op.create_index(op.f("ix_memberships_member_id"), "memberships", ["member_id"], unique=False)
    op.create_table(
        "table_details",
        sa.Column("securable_id", sa.String(length=36), nullable=False),
        sa.Column("table_type", sa.String(length=16), nullable=False),
        sa.Column("data_source_format", sa.String(length=32), nullable=False),
        sa.Column("storage_location", sa.Text(), nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["securable_id"], ["securables.id"], name=op.f("fk_table_details_securable_id")),
        sa.PrimaryKeyConstraint("securable_id", name=op.f("pk_table_details")),
    )
    op.create_table(
        "tokens",
        sa.Column("token_id", sa.String(length=36), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("principal_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("task", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=255), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["principal_id"], ["principals.id"], name=op.f("fk_tokens_principal_id")),
        sa.PrimaryKeyConstraint("token_id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_tokens_secret_hash")),
    )
    op.create_index(op.f("ix_tokens_expires_at"), "tokens", ["expires_at"], unique=False)
    op.create_index(op.f("ix_tokens_principal_id"), "tokens", ["principal_id"], unique=False)
    op.create_table(
        "volume_details",
        sa.Column("securable_id", sa.String(length=36), nullable=False),
        sa.Column("volume_type", sa.String(length=16), nullable=False),
        sa.Column("storage_location", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["securable_id"], ["securables.id"], name=op.f("fk_volume_details_securable_id")),
        sa.PrimaryKeyConstraint("securable_id", name=op.f("pk_volume_details")),
    )
    op.bulk_insert(
        sa.table("generations", sa.column("name"), sa.column("value")),
        [{"name": "grants", "value": 0}, {"name": "identities", "value": 0}],
    )
