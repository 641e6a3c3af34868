"""Reproductions of model versions, and what was collected as garbage."""

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
