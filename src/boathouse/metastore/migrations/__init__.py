"""Brings a database to this release's schema, step by step (Alembic)."""

import time
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from boathouse.foundation.errors import Unavailable
from boathouse.metastore.database import Database

_POLL_SECONDS = 0.05

VERSION_TABLE = "boathouse_schema_version"
"""Not Alembic's default name: MLflow and others keep theirs under it, and may share the database."""


def migrate(database: Database, revision: str = "head") -> None:
    """Apply every step that the database has not seen; all of them in one transaction."""
    with database.write() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def wait_until_migrated(database: Database, *, seconds: float = 60.0) -> None:
    """Wait for another process to bring the database to this release's schema.

    Raises:
        Unavailable: It has not, in time.
    """
    head = ScriptDirectory.from_config(_config()).get_current_head()
    deadline = time.monotonic() + seconds
    while _revision(database) != head:
        if time.monotonic() > deadline:
            raise Unavailable(
                f"The database {database.where.url} was not brought to this release's schema within {seconds:g} s.",
                hint="The control plane does it when it starts; its log says why it has not.",
            )
        time.sleep(_POLL_SECONDS)


def _revision(database: Database) -> str | None:
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        return context.get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config
