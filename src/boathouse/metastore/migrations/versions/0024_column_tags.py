"""Tags of columns."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    with op.batch_alter_table("table_details") as batch:
        batch.add_column(sa.Column("column_tags", sa.Text(), server_default="{}", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("table_details") as batch:
        batch.drop_column("column_tags")
