"""Tables made or described through the catalog alone: it writes the first commit of a managed table, and reads the
columns of an existing one from its log, which is the truth about them."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from boathouse.catalog.column_tags import carried
from boathouse.catalog.columns import columns_from_delta, delta_schema_json
from boathouse.catalog.locations import path_of
from boathouse.catalog.securables import Column, Table, TableType
from boathouse.catalog.tables import Securables
from boathouse.foundation.errors import BoathouseError, InvalidInput
from boathouse.foundation.names import TableName
from boathouse.foundation.principals import SYSTEM, Principal

DELTA = "DELTA"

FOR_FOREIGN_WRITERS = {"delta.enableChangeDataFeed": "false"}
"""A client that stages a table is going to write it itself, and Sail refuses tables with a change data feed."""


@dataclass(frozen=True, slots=True)
class TableWish:
    """A table that somebody wants, described without its data."""

    name: TableName
    columns: tuple[Column, ...]
    table_type: TableType = TableType.MANAGED
    data_source_format: str = DELTA
    storage_location: str | None = None
    comment: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict[str, str])


class DeltaTables:
    """Joins names to Delta logs."""

    def __init__(self, securables: Securables) -> None:
        self._securables = securables

    def create(self, principal: Principal, wish: TableWish) -> Table:
        """Make the table: a managed one with its first commit, an external one by taking over what lies there.

        Nothing is left behind when a step fails.

        Raises:
            AlreadyExists: The name is taken.
            InvalidInput: It is not a Delta table, or a column's type cannot be stored.
        """
        if wish.data_source_format.upper() != DELTA:
            raise InvalidInput(
                f"A table of format {wish.data_source_format} cannot be created.",
                hint="Tables are Delta tables; bring files in through a volume, with COPY INTO or read_files.",
            )
        if wish.table_type is TableType.EXTERNAL:
            return self._take_over(principal, wish)
        if wish.storage_location:
            return self._name_staged(principal, wish, wish.storage_location)
        return self._make(principal, wish)

    def up_to_date(self, table: Table) -> Table:
        """The table with the columns that its log has now; a write by a client of its own may have changed them."""
        if table.data_source_format != DELTA or not table.storage_location:
            return table
        found = _columns_at(table.storage_location, if_readable=True)
        if found is None or _same(found, table.columns):
            return table
        self._securables.refresh_columns(SYSTEM, TableName.parse(table.securable.full_name), found)
        return replace(table, columns=carried(table.columns, found))

    def _make(self, principal: Principal, wish: TableWish) -> Table:
        place = self._securables.stage_table(principal, wish.name)
        return self._make_at(principal, wish, place.table_id, place.storage_location)

    def _make_at(self, principal: Principal, wish: TableWish, table_id: str, location: str) -> Table:
        _first_commit(wish, location)
        try:
            return self._register(principal, wish, table_id, location)
        except BoathouseError:
            shutil.rmtree(path_of(location), ignore_errors=True)
            raise

    def _name_staged(self, principal: Principal, wish: TableWish, location: str) -> Table:
        """Name a table in the place that staging gave: as the client has written it there, or empty if it has not."""
        table_id = self._securables.require_staged(principal, wish.name, location)
        if _columns_at(location, if_readable=True) is None:
            own = replace(wish, properties={**FOR_FOREIGN_WRITERS, **wish.properties})
            return self._make_at(principal, own, table_id, location)
        return self._register(principal, wish, table_id, location)

    def _take_over(self, principal: Principal, wish: TableWish) -> Table:
        if not wish.storage_location:
            raise InvalidInput(f"External table {wish.name} needs a storage_location.")
        place = self._securables.stage_table(principal, wish.name, external=True)
        found = _columns_at(wish.storage_location, if_readable=True)
        return self._register(principal, wish, place.table_id, wish.storage_location, columns=found or wish.columns)

    def _register(
        self,
        principal: Principal,
        wish: TableWish,
        table_id: str,
        location: str,
        *,
        columns: Sequence[Column] | None = None,
    ) -> Table:
        return self._securables.create_table(
            principal,
            wish.name,
            table_id=table_id,
            storage_location=location,
            columns=columns if columns is not None else _columns_at(location) or (),
            table_type=wish.table_type,
            comment=wish.comment,
            properties=wish.properties,
        )


def _first_commit(wish: TableWish, location: str) -> None:
    from boathouse.catalog.arrow_columns import arrow_schema
    from boathouse.lake.tables import create_table

    if not wish.columns:
        raise InvalidInput(f"Table {wish.name} needs at least one column.")
    partitioning = sorted(
        (column.partition_index, column.name) for column in wish.columns if column.partition_index is not None
    )
    create_table(
        location,
        arrow_schema(delta_schema_json(wish.columns)),
        partition_by=[name for _, name in partitioning],
        properties={key: value for key, value in wish.properties.items() if key.startswith("delta.")},
        comment=wish.comment,
    )


def _columns_at(location: str, *, if_readable: bool = False) -> tuple[Column, ...] | None:
    from boathouse.lake import DamagedTable, NoTableThere, open_snapshot

    try:
        snapshot = open_snapshot(location)
    except (NoTableThere, DamagedTable):
        if if_readable:
            return None
        raise
    return columns_from_delta(snapshot.schema_json, snapshot.partition_columns)


def _same(new: Sequence[Column], old: Sequence[Column]) -> bool:
    return [(c.name, c.type_json) for c in new] == [(c.name, c.type_json) for c in old]
