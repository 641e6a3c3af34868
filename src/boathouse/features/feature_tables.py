"""A feature table: a Delta table whose key is declared, and, for features that change, its clocks."""

from dataclasses import dataclass, field
from datetime import timedelta

from boathouse.catalog import Column
from boathouse.features.clocks import AT_ONCE, KnownTime
from boathouse.foundation.names import TableName


@dataclass(frozen=True, slots=True)
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
    freshness: timedelta | None = None
    """How old the newest values may be, as promised to consumers."""
    owner: str = ""
    description: str | None = None
    tags: dict[str, str] = field(default_factory=dict[str, str])
    created_at: int = 0
    """Milliseconds since 1970-01-01 UTC."""

    @property
    def name(self) -> str:
        return str(self.table)

    @property
    def primary_keys(self) -> list[str]:
        """As declared: the entity keys, and the time column where there is one."""
        return [*self.entity_keys, *([self.timeseries_column] if self.timeseries_column else [])]

    @property
    def features(self) -> list[str]:
        """The columns that are neither keys nor clocks."""
        others = {*self.primary_keys, self.known.column}
        return [column.name for column in self.columns if column.name not in others]
