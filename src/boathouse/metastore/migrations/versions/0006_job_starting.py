"""What starts runs: schedules, triggers and what they have seen; notifications and their outbox."""

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Nothing yet."""
