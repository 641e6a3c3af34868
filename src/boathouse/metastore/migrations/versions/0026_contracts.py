"""Contracts of tables in time, and what checks came to."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.create_table(
        "contracts",
        sa.Column("table_id", sa.String(length=36), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("quarantine", sa.Text(), nullable=False),
        sa.Column("attached_at", sa.BigInteger(), nullable=False),
        sa.Column("detached_at", sa.BigInteger(), nullable=True),
        sa.Column("broken", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("table_id", name=op.f("pk_contracts")),
    )
    op.create_table(
        "contract_revisions",
        sa.Column("table_id", sa.String(length=36), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("contract_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_to", sa.BigInteger(), nullable=True),
        sa.Column("principal", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("table_id", "revision", name=op.f("pk_contract_revisions")),
    )
    op.create_table(
        "contract_checks",
        sa.Column("check_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("table_id", sa.String(length=36), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=True),
        sa.Column("checked_at", sa.BigInteger(), nullable=False),
        sa.Column("table_version", sa.BigInteger(), nullable=True),
        sa.Column("is_broken", sa.Boolean(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("principal", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("check_id", name=op.f("pk_contract_checks")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_contract_checks_table_id", "contract_checks", ["table_id", "check_id"])


def downgrade() -> None:
    for table in ("contract_checks", "contract_revisions", "contracts"):
        op.drop_table(table)
