"""Where the three databases are: SQLite files in the home, or three schemas of one Postgres."""

from sqlalchemy import make_url

from boathouse.foundation.home import Home
from boathouse.foundation.settings import Settings
from boathouse.metastore import Database, DatabaseUrl, ensure_schema


def database_url(home: Home, settings: Settings, name: str) -> DatabaseUrl:
    """The place of the database ``name`` (``boathouse``, ``mlflow`` or ``dbos``)."""
    if settings.database_url:
        return DatabaseUrl(settings.database_url, schema=name)
    return DatabaseUrl.sqlite(home.databases / f"{name}.db")


def mlflow_url(home: Home, settings: Settings) -> str:
    """The URL that MLflow opens by itself; on Postgres its schema travels as an option of the connection."""
    where = database_url(home, settings, "mlflow")
    if where.is_sqlite:
        return where.url
    ensure_schema(where)
    url = make_url(where.url)
    given = url.query.get("options", ())
    options = " ".join([*((given,) if isinstance(given, str) else given), f"-csearch_path={where.schema}"])
    return url.update_query_dict({"options": options}).render_as_string(False)


def boathouse_database(home: Home, settings: Settings) -> Database:
    return Database(database_url(home, settings, "boathouse"))
