"""A feature table: a Delta table whose key is declared, and, for features that change, its clocks."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from boathouse.catalog import Column, Table
from boathouse.catalog.keys import (
    FRESHNESS_SECONDS,
    KNOWN_COLUMN,
    KNOWN_COMMIT,
    KNOWN_LAG_SECONDS,
    PrimaryKey,
    primary_key_of,
    require_known_time,
)
from boathouse.features.clocks import AT_ONCE, KnownTime
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.names import TableName

if TYPE_CHECKING:
    from boathouse.session import Session


@dataclass(frozen=True, slots=True, repr=False)
class FeatureTable:
    """What the catalog knows of a feature table."""

    table: TableName
    entity_keys: tuple[str, ...]
    """The columns that say whose values they are: the primary key without its time column."""
    columns: tuple[Column, ...]
    """All columns of the table, in their order."""
    timeseries_column: str | None = None
    """The event time; None for features that do not change with time."""
    known: KnownTime = AT_ONCE
    known_by_commit: bool = False
    """Whether ``write_table`` fills the known time with the instant of its commit."""
    freshness: timedelta | None = None
    """How old the newest values may be, as promised to consumers."""
    owner: str = ""
    description: str | None = None
    tags: dict[str, str] = field(default_factory=dict[str, str])
    created_at: int = 0
    """Milliseconds since 1970-01-01 UTC."""
    table_id: str = ""

    def __repr__(self) -> str:
        told = {
            "name": self.name,
            "primary_keys": self.primary_keys,
            "timestamp_keys": self.timestamp_keys,
            "features": self.features,
            "known": self.known,
            "description": self.description,
            "tags": self.tags,
        }
        return f"<FeatureTable: {', '.join(f'{name}={value!r}' for name, value in told.items() if value)}>"

    @property
    def name(self) -> str:
        return str(self.table)

    @property
    def primary_keys(self) -> list[str]:
        """As declared: the entity keys, and the time column where there is one."""
        return [*self.entity_keys, *([self.timeseries_column] if self.timeseries_column else [])]

    @property
    def timestamp_keys(self) -> list[str]:
        """The time column, as the only element of a list."""
        return [self.timeseries_column] if self.timeseries_column else []

    @property
    def timeseries_columns(self) -> list[str]:
        """As :attr:`timestamp_keys`."""
        return self.timestamp_keys

    @property
    def partition_columns(self) -> list[str]:
        """The columns that the files are laid out by, in their order."""
        found = [column for column in self.columns if column.partition_index is not None]
        return [column.name for column in sorted(found, key=lambda column: column.partition_index or 0)]

    @property
    def creation_timestamp(self) -> int:
        return self.created_at

    @property
    def features(self) -> list[str]:
        """The columns that are neither keys nor clocks."""
        others = {*self.primary_keys, self.known.column}
        return [column.name for column in self.columns if column.name not in others]

    def column(self, name: str) -> Column:
        """A column by its exact name.

        Raises:
            KeyError: There is none.
        """
        return next((column for column in self.columns if column.name == name), None) or _no_column(name)


def feature_table(session: "Session", name: str | TableName) -> FeatureTable:
    """What the catalog knows of a feature table.

    Raises:
        NotFound: There is no such table, or the principal may not know of it.
        InvalidInput: It has no primary key.
    """
    table = name if isinstance(name, TableName) else TableName.parse(name)
    return feature_table_of(session.law.table(session.principal, table))


def feature_table_of(table: Table) -> FeatureTable:
    """The feature side of a table.

    Raises:
        InvalidInput: It has no primary key, or its key or clocks are not among its columns any more.
    """
    name, properties = table.securable.full_name, table.securable.properties
    if table.view is not None:
        raise InvalidInput(
            f"{name} is a view; features are kept in tables.", hint="Write its rows to a table with a primary key."
        )
    key = primary_key_of(table)
    if key is None:
        raise InvalidInput(
            f"Table {name} has no primary key, so it is no feature table.",
            hint=f"Declare one, with key columns that are NOT NULL: ALTER TABLE {name} ADD CONSTRAINT "
            f"{name.rpartition('.')[2]}_pk PRIMARY KEY (key) for features that do not change, or "
            "PRIMARY KEY (key, time TIMESERIES).",
        )
    known = KnownTime(properties.get(KNOWN_COLUMN), _seconds(name, properties.get(KNOWN_LAG_SECONDS)) or timedelta(0))
    _require_keys(table, key)
    require_known_time(key, properties, table.columns, f"Table {name}")
    securable, freshness = table.securable, _seconds(name, properties.get(FRESHNESS_SECONDS))
    return FeatureTable(
        TableName.parse(name),
        key.entity,
        table.columns,
        key.timeseries,
        known,
        known_by_commit=properties.get(KNOWN_COMMIT) == "true" and None not in (key.timeseries, known.column),
        freshness=freshness,
        owner=securable.owner,
        description=securable.comment,
        tags=securable.tags,
        created_at=securable.created_at,
        table_id=securable.id,
    )


def _require_keys(table: Table, key: PrimaryKey) -> None:
    columns = {column.name for column in table.columns}
    lost = [name for name in key.columns if name not in columns]
    if lost:
        name = table.securable.full_name
        raise InvalidInput(
            f"Table {name} has lost the column {lost[0]}, which its key is declared with.",
            hint=f"ALTER TABLE {name} DROP PRIMARY KEY, and declare it anew.",
        )


def _seconds(table: str, text: str | None) -> timedelta | None:
    if text is None:
        return None
    try:
        return timedelta(seconds=float(text))
    except (ValueError, OverflowError) as error:
        raise InvalidInput(
            f"Table {table} has {text!r} where a number of seconds should be.",
            hint=f"ALTER TABLE {table} SET TBLPROPERTIES with a number, or unset it.",
        ) from error


def _no_column(name: str) -> Column:
    raise KeyError(name)
