"""Who has acknowledged what fires, and how far it was escalated."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    with op.batch_alter_table("alert_firings") as table:
        table.add_column(sa.Column("first_told_at", sa.BigInteger(), nullable=True))
        table.add_column(sa.Column("escalated", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("acknowledged_at", sa.BigInteger(), nullable=True))
        table.add_column(sa.Column("acknowledged_by", sa.String(length=255), nullable=True))
        table.add_column(sa.Column("acknowledgement", sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("alert_firings") as table:
        for name in ("acknowledgement", "acknowledged_by", "acknowledged_at", "escalated", "first_told_at"):
            table.drop_column(name)
