"""Views and functions, and the statements of the REST interface."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    for name in ("view_details", "function_details"):
        op.create_table(
            name,
            sa.Column("securable_id", sa.String(length=36), nullable=False),
            sa.Column("definition", sa.Text(), nullable=False),
            sa.ForeignKeyConstraint(["securable_id"], ["securables.id"], name=op.f(f"fk_{name}_securable_id")),
            sa.PrimaryKeyConstraint("securable_id", name=op.f(f"pk_{name}")),
        )
    op.create_table(
        "statements",
        sa.Column("statement_id", sa.String(length=36), nullable=False),
        sa.Column("principal", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("last_read_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("statement_id", name=op.f("pk_statements")),
    )
    op.create_index(op.f("ix_statements_state"), "statements", ["state"], unique=False)


def downgrade() -> None:
    op.drop_table("statements")
    op.drop_table("function_details")
    op.drop_table("view_details")
