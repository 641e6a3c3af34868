"""The connection to the SQL database that holds everything we must not forget, and its migrations."""

from boathouse.metastore.database import Database, DatabaseUrl, ensure_schema
from boathouse.metastore.migrations import migrate, wait_until_migrated
from boathouse.metastore.schema import COUNTER, metadata

__all__ = ["COUNTER", "Database", "DatabaseUrl", "ensure_schema", "metadata", "migrate", "wait_until_migrated"]
