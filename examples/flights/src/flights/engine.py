"""A DuckDB in memory for the steps that are SQL: tables in, one SQL file, a table out."""

from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

import duckdb
import pyarrow as pa


def run_sql(name: str, tables: dict[str, Any], **variables: datetime | float | str) -> pa.Table:
    """Run ``sql/<name>.sql`` over ``tables``; its last statement is the result.

    ``variables`` are what the file reads with ``getvariable('...')``.
    """
    with connect(tables, **variables) as database:
        return database.sql(sql_text(name)).to_arrow_table()


def connect(tables: dict[str, Any], **variables: Any) -> duckdb.DuckDBPyConnection:
    """A connection of its own that holds ``tables`` (anything Arrow) and thinks in UTC."""
    database = _engine().cursor()
    database.execute("SET TimeZone = 'UTC'")
    for name, value in variables.items():
        database.execute(f"SET VARIABLE {name} = ?", [value])
    for name, data in tables.items():
        database.register("incoming", data)
        # Copied in, because DuckDB plans as-of joins well only over tables that it has statistics of.
        database.execute(f'CREATE TEMPORARY TABLE "{name}" AS SELECT * FROM incoming')
        database.unregister("incoming")
    return database


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    """One for all steps of a process: to make it takes longer than most of them."""
    return duckdb.connect(config={"autoinstall_known_extensions": False})


def sql_text(name: str) -> str:
    return (files("flights") / "sql" / f"{name}.sql").read_text()
