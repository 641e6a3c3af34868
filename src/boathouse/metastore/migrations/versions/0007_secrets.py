"""Secrets: encrypted values, and which key they are encrypted with. Runs: which commit they take their code from."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "secrets",
        sa.Column("scope_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("title", sa.String(length=128), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_by", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(["scope_id"], ["securables.id"], name=op.f("fk_secrets_scope_id")),
        sa.PrimaryKeyConstraint("scope_id", "name", name=op.f("pk_secrets")),
    )
    op.create_table(
        "secret_key",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_secret_key")),
    )
    op.create_table(
        "run_commits",
        sa.Column("run_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("commit", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["job_runs.run_id"], name=op.f("fk_run_commits_run_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_run_commits")),
    )


def downgrade() -> None:
    op.drop_table("run_commits")
    op.drop_table("secret_key")
    op.drop_table("secrets")
