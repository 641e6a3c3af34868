"""The primary key of a table: declared, told to everybody, and what makes a feature table of it.

As in Databricks it is a statement about the table: key columns are NOT NULL, but nobody checks each write for
duplicates. It lives in the table's properties in the catalog, so that it goes where the table goes.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from boathouse.catalog.securables import Column, Table
from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.foundation.names import quote_part

DECLARED = "feature."
"""What the names of these properties begin with; they are set by declaring, never as properties."""

PRIMARY_KEYS = "feature.primary_keys"
"""A JSON list of the entity keys: the primary key without its time column."""
TIMESERIES_COLUMN = "feature.timeseries_column"
CONSTRAINT_NAME = "feature.primary_key_name"
KNOWN_COLUMN = "feature.known_column"
KNOWN_LAG_SECONDS = "feature.known_lag_seconds"
KNOWN_COMMIT = "feature.known_commit"
FRESHNESS_SECONDS = "feature.freshness_seconds"

CLOCKS = (KNOWN_COLUMN, KNOWN_LAG_SECONDS, FRESHNESS_SECONDS)
"""What may be set as a property; the rest follows from the key and the way the table was made."""

TIME_TYPES = ("TIMESTAMP", "TIMESTAMP_NTZ", "DATE")
_KEY_TYPES = frozenset(
    {"STRING", "LONG", "INT", "SHORT", "BYTE", "DATE", "BOOLEAN", "DECIMAL", "TIMESTAMP", "TIMESTAMP_NTZ", "BINARY"}
)
_NO_KEYS = {"FLOAT": "fractions are rarely equal", "DOUBLE": "fractions are rarely equal"}


@dataclass(frozen=True, slots=True)
class PrimaryKey:
    """What says which row is which; with a time column, which row at which instant."""

    entity: tuple[str, ...]
    timeseries: str | None = None
    name: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.entity, *((self.timeseries,) if self.timeseries else ()))

    def properties(self) -> dict[str, str | None]:
        """As the catalog keeps it; None for what is not so."""
        return {
            PRIMARY_KEYS: json.dumps(list(self.entity), ensure_ascii=False),
            TIMESERIES_COLUMN: self.timeseries,
            CONSTRAINT_NAME: self.name or None,
        }

    def clause(self) -> str:
        """As it stands behind the constraint's name."""
        columns = [quote_part(each) + (" TIMESERIES" if each == self.timeseries else "") for each in self.columns]
        return f"PRIMARY KEY ({', '.join(columns)})"

    def to_sql(self) -> str:
        """As it stands in CREATE TABLE."""
        return f"CONSTRAINT {quote_part(self.name)} {self.clause()}"


def primary_key_of(table: Table) -> PrimaryKey | None:
    """The declared key of a table."""
    return primary_key_in(table.securable.properties, table.securable.full_name)


def primary_key_in(properties: Mapping[str, str], table: str) -> PrimaryKey | None:
    """The key that properties declare.

    Raises:
        InvalidInput: Somebody has spoilt them.
    """
    text = properties.get(PRIMARY_KEYS)
    if text is None:
        return None
    try:
        entity = json.loads(text)
    except ValueError:
        entity = None
    names: list[str] = [each for each in entity if isinstance(each, str)] if isinstance(entity, list) else []
    if not names:
        raise InvalidInput(
            f"The key of table {table} cannot be read: its property {PRIMARY_KEYS} is {text!r}.",
            hint=f"Declare it anew: ALTER TABLE {table} DROP PRIMARY KEY, then ADD CONSTRAINT ... PRIMARY KEY (...).",
        )
    name = properties.get(CONSTRAINT_NAME) or default_name(table)
    return PrimaryKey(tuple(names), properties.get(TIMESERIES_COLUMN), name)


def default_name(table: str) -> str:
    """What a key is called that nobody has named."""
    return f"{table.rpartition('.')[2]}_pk"


def is_declared(property_name: str) -> bool:
    """Whether a property says something of the table as a feature table."""
    return property_name.startswith(DECLARED)


def require_clocks(properties: Mapping[str, str]) -> None:
    """Properties that somebody sets by hand are clocks and promises that make sense.

    Raises:
        InvalidInput: One is kept by declaring a key, or is no number.
    """
    for name, text in properties.items():
        if name not in CLOCKS:
            raise InvalidInput(
                f"The property {name} cannot be set or unset.",
                hint=did_you_mean(name, CLOCKS)
                or "A key is declared with PRIMARY KEY; of its clocks there are " + ", ".join(CLOCKS) + ".",
            )
        if name != KNOWN_COLUMN and not _is_time_span(text):
            raise InvalidInput(f"The property {name} is {text!r}, which is no number of seconds.", hint="Write 3600.")
    if KNOWN_COLUMN in properties and float(properties.get(KNOWN_LAG_SECONDS, 0)):
        raise InvalidInput(
            "The known time is a column or a lag, not both.", hint=f"Unset {KNOWN_COLUMN} or {KNOWN_LAG_SECONDS}."
        )


def _is_time_span(text: str) -> bool:
    try:
        return 0 <= float(text) < 1e11
    except ValueError:
        return False


def require_declaration(properties: Mapping[str, str], columns: Sequence[Column], table: str) -> None:
    """What properties declare holds for a table with these columns.

    Raises:
        InvalidInput: It does not.
    """
    key = primary_key_in(properties, table)
    if key is not None:
        require_known_time(checked_key(key, columns, table), properties, columns, table)
    require_clocks({name: properties[name] for name in CLOCKS if name in properties})


def with_declared(there: Mapping[str, str], wanted: Mapping[str, str], table: str) -> dict[str, str]:
    """Properties that replace those there were: what is declared stays, since it is declared by SQL.

    Raises:
        InvalidInput: They would declare something else.
    """
    for name, value in wanted.items():
        if is_declared(name) and there.get(name) != value:
            raise InvalidInput(
                f"The property {name} of {table} cannot be set so.",
                hint=f"Say it in SQL: ALTER TABLE {table} ADD CONSTRAINT ... PRIMARY KEY, or SET TBLPROPERTIES.",
            )
    return {**wanted, **{name: value for name, value in there.items() if is_declared(name)}}


def undeclared(properties: Iterable[str]) -> dict[str, str | None]:
    """What takes the key, and all that hangs on it, away."""
    return {name: None for name in properties if name.startswith(DECLARED)}


def checked_key(key: PrimaryKey, columns: Sequence[Column], table: str) -> PrimaryKey:
    """The key with its columns as the table spells them.

    Raises:
        InvalidInput: A column is missing, named twice, of a type that is no key or no time, or may be null.
    """
    if not key.entity:
        raise InvalidInput(
            f"The primary key of {table} needs a column beside its time column.", hint="Name what the rows are about."
        )
    known = {column.name.lower(): column for column in columns}
    found: list[Column] = []
    for name in key.columns:
        column = known.get(name.lower())
        if column is None:
            hint = did_you_mean(name.lower(), known) or f"It has {', '.join(each.name for each in columns)}."
            raise InvalidInput(f"{table} has no column {name} for its primary key.", hint=hint)
        if column in found:
            raise InvalidInput(f"The primary key of {table} names the column {column.name} twice.")
        found.append(column)
    spelled = PrimaryKey(
        tuple(column.name for column in found[: len(key.entity)]), found[-1].name if key.timeseries else None, key.name
    )
    for column in found:
        if column.name == spelled.timeseries:
            _require_time(column, table)
        else:
            _require_key_type(column, table)
        if column.nullable:
            raise InvalidInput(
                f"The column {column.name} of {table} may be null, so it cannot be part of the primary key.",
                hint=f"Say NOT NULL in CREATE TABLE, or ALTER TABLE {table} ALTER COLUMN {column.name} SET NOT NULL.",
            )
    return spelled


def require_known_time(key: PrimaryKey, properties: Mapping[str, str], columns: Sequence[Column], table: str) -> None:
    """The known time that properties declare is a column, and of the event time's kind.

    Raises:
        InvalidInput: It is not.
    """
    name = properties.get(KNOWN_COLUMN)
    if name is None:
        return
    by_name = {column.name: column for column in columns}
    if name not in by_name:
        raise InvalidInput(
            f"{table} has no column {name} for its known time.", hint=did_you_mean(name, by_name) or "Name a column."
        )
    _require_same_time(by_name[key.timeseries] if key.timeseries else None, by_name[name], table)


def _require_same_time(event: Column | None, known: Column, table: str) -> None:
    """Both clocks of a table have a zone, or neither has; a day is a day for both."""
    if known.type_name not in TIME_TYPES:
        raise InvalidInput(
            f"The known time {known.name} of {table} is {known.type_text}, which is no time.",
            hint="Name a column of type timestamp, timestamp_ntz or date.",
        )
    if event is not None and "DATE" not in (event.type_name, known.type_name) and event.type_name != known.type_name:
        raise InvalidInput(
            f"In {table} the event time {event.name} is {event.type_text}, but the known time {known.name} is "
            f"{known.type_text}: an instant with a zone cannot be compared with one without.",
            hint=f"Cast {known.name} to {event.type_text}.",
        )


def _require_time(column: Column, table: str) -> None:
    if column.type_name not in TIME_TYPES:
        raise InvalidInput(
            f"The time column {column.name} of {table} is {column.type_text}, which is no time.",
            hint="Use a column of type timestamp, timestamp_ntz or date.",
        )


def _require_key_type(column: Column, table: str) -> None:
    if column.type_name not in _KEY_TYPES:
        why = _NO_KEYS.get(column.type_name, "such values cannot be compared as keys")
        raise InvalidInput(
            f"The column {column.name} of {table} is {column.type_text}, which cannot be a key: {why}.",
            hint="Use a string, an integer, a decimal, a boolean, a date, a timestamp or binary.",
        )
