"""What models have to meet, in all its revisions."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "model_requirements",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("card_text", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("principal", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_to", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("model", "revision", name=op.f("pk_model_requirements")),
    )
    holds = sa.text("valid_to IS NULL")
    op.create_index(
        "uq_model_requirements_holds",
        "model_requirements",
        ["model"],
        unique=True,
        postgresql_where=holds,
        sqlite_where=holds,
    )


def downgrade() -> None:
    op.drop_table("model_requirements")
