"""Brings a database to this release's schema, step by step (Alembic)."""

from pathlib import Path

from alembic import command
from alembic.config import Config

from boathouse.metastore.database import Database

VERSION_TABLE = "boathouse_schema_version"
"""Not Alembic's default name: MLflow and others keep theirs under it, and may share the database."""


def migrate(database: Database, revision: str = "head") -> None:
    """Apply every step that the database has not seen; all of them in one transaction."""
    with database.write() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
