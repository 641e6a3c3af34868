"""Feature tables opened for reading: all of them authorised by one call, each fixed at one version."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from boathouse.catalog import Function
from boathouse.features.tables.feature_tables import FeatureTable, feature_table_of
from boathouse.features.tables.reading import FeatureRows
from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.foundation.names import FunctionName, TableName
from boathouse.session import Session
from boathouse.session.opened import OpenTable


@dataclass(frozen=True, slots=True)
class Opened:
    """What a spec reads and calls."""

    tables: Mapping[TableName, FeatureRows] = field(default_factory=dict[TableName, FeatureRows])
    feature_tables: Mapping[TableName, FeatureTable] = field(default_factory=dict[TableName, FeatureTable])
    """Keys, clocks and columns, as of the version that is read."""
    functions: Mapping[FunctionName, Function] = field(default_factory=dict[FunctionName, Function])


def open_features(session: Session, names: Sequence[TableName], versions: Mapping[TableName, int]) -> Opened:
    """Open feature tables at their newest versions, or at those that are asked for.

    Raises:
        NotFound, Denied: There is no such table, or the principal may not read it.
        InvalidInput: A table has no primary key; a version is asked for of a table that is not read.
    """
    for name in versions:
        if name not in names:
            raise InvalidInput(
                f"table_versions speaks of {name}, from which nothing is looked up.",
                hint=did_you_mean(str(name), map(str, names)),
            )
    if not names:
        return Opened()
    found = dict(zip(names, session.open_tables(names, versions), strict=True))
    return Opened(
        tables={name: FeatureRows.of(each, session.engine) for name, each in found.items()},
        feature_tables={name: feature_table_at(each) for name, each in found.items()},
    )


def feature_table_at(opened: OpenTable) -> FeatureTable:
    """What the catalog knows of a table, with the columns that it has at the version that is read."""
    table = feature_table_of(opened.table)
    there = set(opened.snapshot.arrow_schema.names)
    return replace(table, columns=tuple(column for column in table.columns if column.name in there))
