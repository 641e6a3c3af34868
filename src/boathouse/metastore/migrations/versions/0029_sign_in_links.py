"""Links that sign somebody in once; what one principal did, or what befell one thing, is found in the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    op.create_table(
        "sign_in_links",
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("principal", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_sign_in_links")),
    )
    op.create_index(op.f("ix_sign_in_links_expires_at"), "sign_in_links", ["expires_at"])
    op.create_index("ix_audit_events_principal", "audit_events", ["principal", "sequence"])
    op.create_index("ix_audit_events_securable", "audit_events", ["securable_name", "securable_kind"])


def downgrade() -> None:
    op.drop_index("ix_audit_events_securable", table_name="audit_events")
    op.drop_index("ix_audit_events_principal", table_name="audit_events")
    op.drop_table("sign_in_links")
