"""Endpoints, their configurations and policies in time, and what they stood for."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "endpoints",
        sa.Column("endpoint_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("creator", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text()),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("config_version", sa.Integer(), nullable=False),
        sa.Column("policy_revision", sa.Integer()),
        sa.Column("deleted_at", sa.BigInteger()),
        sa.Column("deleted_by", sa.String(length=255)),
        sa.PrimaryKeyConstraint("endpoint_id", name=op.f("pk_endpoints")),
    )
    op.create_index("ix_endpoints_name", "endpoints", ["name"])
    op.create_table(
        "endpoint_configs",
        sa.Column("endpoint_id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("endpoint_id", "version", name=op.f("pk_endpoint_configs")),
    )
    op.create_table(
        "endpoint_policies",
        sa.Column("endpoint_id", sa.String(length=36), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_to", sa.BigInteger()),
        sa.Column("principal", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("endpoint_id", "revision", name=op.f("pk_endpoint_policies")),
    )
    op.create_table(
        "endpoint_standings",
        sa.Column("sequence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, autoincrement=True),
        sa.Column("endpoint_id", sa.String(length=36), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_endpoint_standings")),
    )
    op.create_index("ix_endpoint_standings_endpoint_id", "endpoint_standings", ["endpoint_id", "sequence"])


def downgrade() -> None:
    op.drop_table("endpoint_standings")
    op.drop_table("endpoint_policies")
    op.drop_table("endpoint_configs")
    op.drop_table("endpoints")
