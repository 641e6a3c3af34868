"""Databases of this release's schema without its migrations, which take 0.2 s: thousands of tests want one each."""

import tempfile
from functools import cache
from pathlib import Path

from boathouse.metastore import Database, DatabaseUrl, migrate


def migrated_sqlite(file: Path) -> DatabaseUrl:
    """Puts an SQLite database with this release's schema and nothing in it at ``file``."""
    file.write_bytes(_template())
    return DatabaseUrl.sqlite(file)


@cache
def _template() -> bytes:
    """Made once per process."""
    with tempfile.TemporaryDirectory(prefix="boathouse-schema-") as folder:
        file = Path(folder) / "boathouse.db"
        database = Database(DatabaseUrl.sqlite(file))
        migrate(database)
        with database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        database.dispose()
        return file.read_bytes()
