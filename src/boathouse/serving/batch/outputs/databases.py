# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Into a table of any database that SQLAlchemy knows: one transaction, by key where there is one.

The password stands in the address as a reference, and in no message and no log.
"""

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from boathouse.foundation.errors import InvalidInput, Unavailable, did_you_mean
from boathouse.serving.batch.nouns import Mode, Scoring
from boathouse.serving.batch.scoring import ScoredRows

_REFERENCE = re.compile(r"\{\{\s*(?:secrets/(?P<scope>[\w.@-]+)/(?P<key>[\w.-]+)|env/(?P<variable>\w+))\s*\}\}")
_ROWS = 5_000
"""Rows of one statement."""
_HOW = "Write dialect://user:{{secrets/scope/key}}@host:port/database."


def is_address(output: str) -> bool:
    """Whether an output is the address of a database."""
    return re.match(r"[a-z][a-z0-9+]*://", output) is not None


def shown(output: str) -> str:
    """The address without its password."""
    return re.sub(r"(://[^:/@]*):.*@", r"\1:***@", output)


def write(wanted: Scoring, rows: ScoredRows) -> None:
    """Write all rows in one transaction; the table is made if it is not there, with the key as its primary key.

    Raises:
        InvalidInput: The address, the table or the columns do not fit.
        Unavailable: The database refuses, or is not there.
    """
    if not wanted.table:
        raise InvalidInput("A database has many tables.", hint="Name the one for the predictions: table (--table).")
    if wanted.mode is Mode.MERGE and not wanted.key:
        raise InvalidInput("Rows are merged by a key.", hint="Name its columns: key (--key).")
    address = _resolved(wanted.output)
    shown = address.render_as_string(hide_password=True)
    try:
        engine = sa.create_engine(address, hide_parameters=True, poolclass=sa.NullPool)
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise InvalidInput(
            f"There is no driver for {shown}: {error}.", hint="Install it into the environment of the task."
        ) from None
    try:
        with engine.begin() as connection:
            table = _table(connection, wanted.table, wanted.key, rows.schema)
            if wanted.mode is Mode.OVERWRITE:
                connection.execute(sa.delete(table))
            insert = _insert(connection, table, wanted.key if wanted.mode is Mode.MERGE else ())
            for block in rows.tables():
                for start in range(0, block.num_rows, _ROWS):
                    insert(block.slice(start, _ROWS).to_pylist())
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        password = address.password or ""
        said = str(cause).strip().split("\n", 1)[0]
        said = said.replace(str(password), "***") if password else said
        raise Unavailable(f"{shown} took no predictions into {wanted.table}: {said}") from None
    finally:
        engine.dispose()


def _resolved(text: str) -> sa.URL:
    """The address with passwords in place of their references.

    Raises:
        InvalidInput: It cannot be read, a variable is not set, or a reference stands where messages would show what it
            means. The message does not repeat it.
    """
    values: dict[str, str] = {}

    def mark(match: re.Match[str]) -> str:
        values[f"boathouse{len(values)}reference"] = _value(match)
        return f"boathouse{len(values) - 1}reference"

    try:
        url = sa.make_url(_REFERENCE.sub(mark, text))
    except (ArgumentError, ValueError):
        raise InvalidInput("The address of the database cannot be read.", hint=_HOW) from None
    if any(mark in str(option) for mark in values for option in url.query.values()):
        raise InvalidInput("Behind the question mark of a database's address no reference is filled in.", hint=_HOW)
    found: dict[str, Any] = {"username": url.username, "password": url.password, "host": url.host}
    found["database"] = url.database
    filled: dict[str, Any] = {name: _filled(str(part), values) for name, part in found.items() if part is not None}
    return url.set(**filled)


def _filled(part: str, values: Mapping[str, str]) -> str:
    for mark, value in values.items():
        part = part.replace(mark, value)
    return part


def _value(match: re.Match[str]) -> str:
    from boathouse.session import secrets

    if match["variable"] is None:
        return secrets.get(match["scope"], match["key"])
    found = os.environ.get(match["variable"])
    if found is None:
        raise InvalidInput(f"The address of the database refers to the variable {match['variable']}, which is not set.")
    return found


def _table(connection: sa.Connection, name: str, key: Sequence[str], schema: pa.Schema) -> sa.Table:
    space, _, plain = name.rpartition(".")
    for column in key:
        if column not in schema.names:
            raise InvalidInput(f"There is no column {column} for the key.", hint=did_you_mean(column, schema.names))
    metadata = sa.MetaData(schema=space or None)
    if sa.inspect(connection).has_table(plain, schema=space or None):
        table = sa.Table(plain, metadata, autoload_with=connection)
        missing = [column for column in schema.names if column not in table.columns]
        if missing:
            raise InvalidInput(
                f"The table {name} has no column {missing[0]}.",
                hint=did_you_mean(missing[0], list(table.columns.keys())),
            )
        return table
    columns = [
        sa.Column(field.name, _type(field), primary_key=field.name in key, autoincrement=False) for field in schema
    ]
    table = sa.Table(plain, metadata, *columns)
    table.create(connection)
    return table


def _type(field: pa.Field) -> Any:
    types, kind = pa.types, field.type
    if types.is_decimal(kind):
        return sa.Numeric(kind.precision, kind.scale)
    if types.is_timestamp(kind):
        return sa.DateTime(timezone=kind.tz is not None)
    for fits, made in _TYPES:
        if fits(kind):
            return made
    raise InvalidInput(
        f"Column {field.name} is {kind}, for which databases have no type.", hint="Cast it in the query."
    )


_TYPES: tuple[tuple[Any, Any], ...] = (
    (pa.types.is_boolean, sa.Boolean()),
    (pa.types.is_uint64, sa.Numeric(20, 0)),
    (pa.types.is_integer, sa.BigInteger()),
    (pa.types.is_floating, sa.Double()),
    (pa.types.is_date, sa.Date()),
    (pa.types.is_string, sa.Text()),
    (pa.types.is_large_string, sa.Text()),
    (pa.types.is_binary, sa.LargeBinary()),
    (pa.types.is_nested, sa.JSON()),
)


def _insert(connection: sa.Connection, table: sa.Table, key: Sequence[str]) -> Any:
    """What writes some rows; by key as the database does it best."""
    if not key:
        return lambda rows: connection.execute(sa.insert(table), rows) if rows else None
    dialect = connection.dialect.name

    def upsert(rows: list[dict[str, Any]]) -> None:
        rows = list({tuple(row[column] for column in key): row for row in rows}.values())
        others = [name for name in rows[0] if name not in key] if rows else []
        if not rows:
            return
        if dialect in ("postgresql", "sqlite"):
            from sqlalchemy.dialects import postgresql, sqlite

            made: Any = (postgresql if dialect == "postgresql" else sqlite).insert(table)
            made = made.on_conflict_do_update(
                index_elements=list(key), set_={name: made.excluded[name] for name in others}
            )
            connection.execute(made, rows)
        elif dialect in ("mysql", "mariadb"):
            from sqlalchemy.dialects import mysql

            plain = mysql.insert(table)
            connection.execute(plain.on_duplicate_key_update({name: plain.inserted[name] for name in others}), rows)
        else:
            named = sa.and_(*(table.columns[column] == sa.bindparam(f"key_{column}") for column in key))
            connection.execute(sa.delete(table).where(named), [{f"key_{c}": row[c] for c in key} for row in rows])
            connection.execute(sa.insert(table), rows)

    return upsert
