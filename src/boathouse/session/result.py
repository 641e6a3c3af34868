# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""What a query or a read gives back: rows that are computed when they are asked for, in the form that is asked for."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from boathouse.lake.engine import Rows
from boathouse.session.readable import readable_values

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

SHOWN_ROWS = 20
"""Rows in the text form of a result."""


class Result:
    """The rows of a statement.

    Rows stream: iterating holds one batch at a time. ``arrow``, ``pl`` and ``df`` bring all rows into memory, once. A
    result may be read again; then the same versions of the tables are read again.

    Example:
        >>> result = bh.sql("SELECT origin, count(*) AS flights FROM prod.flights.flights GROUP BY ALL")
        >>> result.pl()
    """

    def __init__(self, prepare: Callable[[], Rows]) -> None:
        self._prepare = prepare
        self._ready: Rows | None = prepare()  # so that mistakes show at once
        self._schema = None
        self._table: pa.Table | None = None

    @property
    def schema(self) -> pa.Schema:
        if self._schema is None:
            rows = self._take()
            self._schema = rows.schema
            self._ready = rows
        return self._schema

    @property
    def columns(self) -> list[str]:
        return list(self.schema.names)

    def arrow(self) -> pa.Table:
        """All rows as an Arrow table."""
        if self._table is None:
            self._table = self._take().arrow()
        return self._table

    def pl(self) -> "pl.DataFrame":
        """All rows as a Polars frame."""
        import polars as pl

        frame = pl.from_arrow(self.arrow())
        assert isinstance(frame, pl.DataFrame)
        return frame

    def df(self) -> "pd.DataFrame":
        """All rows as a pandas frame."""
        return self.arrow().to_pandas()

    def relation(self) -> Any:
        """The rows as a DuckDB relation, to go on querying."""
        return self._take().relation()

    def reader(self) -> pa.RecordBatchReader:
        """The rows as a stream of Arrow batches."""
        return self._table.to_reader() if self._table is not None else self._take().reader()

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows in batches of bounded size, computed as they are asked for: the way to read more than fits into
        memory."""
        return iter(self.reader())

    def rows(self) -> list[dict[str, Any]]:
        """All rows as plain Python values."""
        return self.arrow().to_pylist()

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return self.batches()

    def __len__(self) -> int:
        return self.arrow().num_rows

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The Arrow PyCapsule interface: any library that knows it can take a result as it is."""
        return self.reader().__arrow_c_stream__(requested_schema)

    def __repr__(self) -> str:
        return _drawn(self._head())

    def _repr_html_(self) -> str:
        return self._head().to_pandas().to_html(index=False)

    def _head(self) -> pa.Table:
        """The first rows; the others are not computed where the engine can help it."""
        batches: list[pa.RecordBatch] = []
        reader = self.reader()
        for batch in reader:
            batches.append(batch)
            if sum(each.num_rows for each in batches) > SHOWN_ROWS:
                break
        return pa.Table.from_batches(batches, reader.schema).slice(0, SHOWN_ROWS + 1)

    def _take(self) -> Rows:
        ready, self._ready = self._ready, None
        return ready or self._prepare()


class TableRows:
    """Rows that are in memory already."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    @property
    def schema(self) -> pa.Schema:
        return self._table.schema

    def reader(self) -> pa.RecordBatchReader:
        return self._table.to_reader()

    def arrow(self) -> pa.Table:
        return self._table

    def relation(self) -> Any:
        import duckdb

        return duckdb.from_arrow(self._table)

    def close(self) -> None:
        """Nothing is held."""


def result_of(columns: dict[str, list[Any]], schema: pa.Schema | None = None) -> Result:
    """A result over values in memory; a column is text unless the schema says otherwise."""
    known = schema or pa.schema([(name, pa.string()) for name in columns])
    table = pa.Table.from_pydict(columns, schema=known)
    return Result(lambda: TableRows(table))


def _drawn(table: pa.Table) -> str:
    """A small table in plain text."""
    shown = table.slice(0, SHOWN_ROWS)
    cells = [[_cell(value) for value in readable_values(shown.column(index))] for index in range(shown.num_columns)]
    widths = [max([len(name), *map(len, column)]) for name, column in zip(table.column_names, cells, strict=True)]
    line = "+".join("-" * (width + 2) for width in widths)
    names = "|".join(f" {name.ljust(width)} " for name, width in zip(table.column_names, widths, strict=True))
    body = [
        "|".join(f" {column[row].ljust(width)} " for column, width in zip(cells, widths, strict=True))
        for row in range(shown.num_rows)
    ]
    more = ["..."] if table.num_rows > SHOWN_ROWS else []
    return "\n".join([names, line, *body, *more])


def _cell(value: Any) -> str:
    text = "NULL" if value is None else str(value)
    return text if len(text) <= 40 else text[:39] + "…"
