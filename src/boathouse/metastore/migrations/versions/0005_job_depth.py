"""Jobs in depth: task values, repairs, iterations of a for-each, what a run waits for."""

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Nothing yet."""
