"""The connection to the SQL database that holds everything we must not forget, and its migrations."""

from boathouse.metastore.database import Database, DatabaseUrl
from boathouse.metastore.migrations import migrate, wait_until_migrated
from boathouse.metastore.schema import metadata

__all__ = ["Database", "DatabaseUrl", "metadata", "migrate", "wait_until_migrated"]
