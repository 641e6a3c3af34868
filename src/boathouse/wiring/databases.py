"""Where the three databases are: SQLite files in the home, or three schemas of one Postgres."""

from boathouse.foundation.home import Home
from boathouse.foundation.settings import Settings
from boathouse.metastore import Database, DatabaseUrl


def database_url(home: Home, settings: Settings, name: str) -> DatabaseUrl:
    """The place of the database ``name`` (``boathouse``, ``mlflow`` or ``dbos``)."""
    if settings.database_url:
        return DatabaseUrl(settings.database_url, schema=name)
    return DatabaseUrl.sqlite(home.databases / f"{name}.db")


def boathouse_database(home: Home, settings: Settings) -> Database:
    return Database(database_url(home, settings, "boathouse"))
