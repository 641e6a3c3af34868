"""Views and functions, and the statements of the REST interface."""

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Nothing yet."""
