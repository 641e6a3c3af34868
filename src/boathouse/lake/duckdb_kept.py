# pyright: reportUnknownParameterType=false
"""A query over frames in memory that is asked again and again: planned once, while its frames keep their columns."""

import threading
import warnings
from collections.abc import Mapping
from typing import Any

import duckdb
import pyarrow as pa

from boathouse.foundation.errors import InvalidInput
from boathouse.lake.duckdb_connections import DuckDBConnections
from boathouse.lake.duckdb_errors import explained
from boathouse.lake.engine import EngineQuery
from boathouse.lake.wide_sums import columns_within_64_bits

BATCH_ROWS = 122_880
"""Rows per batch of a stream: one row group of DuckDB's own."""

_PLAN = "kept_answer"

warnings.filterwarnings("ignore", "Arrow output on a DB-API result", UserWarning)
"""It advises a relation, which for a plan takes twice as long as the copy that it saves."""


class _Place:
    """Where a plan finds the frame of the moment. DuckDB asks for the stream anew each time that the plan runs."""

    def __init__(self, frame: Any) -> None:
        self.frame = frame

    def __arrow_c_schema__(self) -> Any:
        return self.frame.schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.frame.__arrow_c_stream__(requested_schema)


class DuckDBKept:
    """An instance that can open no file, with a query that is given its frames each time."""

    def __init__(
        self, connections: DuckDBConnections, connection: duckdb.DuckDBPyConnection, query: EngineQuery
    ) -> None:
        self._connections = connections
        self._connection: duckdb.DuckDBPyConnection | None = connection
        self._query = query
        self._places: dict[str, _Place] = {}
        self._schemas: dict[str, pa.Schema] = {}
        """The columns that the plan was made for; empty while there is none."""
        self._turn = threading.Lock()

    def run(self, frames: Mapping[str, Any]) -> pa.Table:
        """As :meth:`boathouse.lake.engine.Kept.run`."""
        with self._turn, explained():
            connection = self._connection
            if connection is None:
                raise InvalidInput("This query has been closed already.", hint="Prepare it again.")
            try:
                if self._schemas != {name: frame.schema for name, frame in frames.items()}:
                    self._plan(connection, frames)
                for name, frame in frames.items():
                    self._places[name].frame = frame
                rows: pa.RecordBatchReader = connection.execute(f"EXECUTE {_PLAN}").to_arrow_reader(BATCH_ROWS)
                return rows.read_all()
            finally:
                for place in self._places.values():
                    place.frame = None

    def _plan(self, connection: duckdb.DuckDBPyConnection, frames: Mapping[str, Any]) -> None:
        self._schemas = {}
        for name, frame in frames.items():
            self._places[name] = _Place(frame)
            connection.register(name, self._places[name])
        columns = columns_within_64_bits(connection.sql(self._query.sql))
        text = self._query.sql if columns is None else f"SELECT {columns} FROM ({self._query.sql}\n)"
        connection.execute(f"PREPARE {_PLAN} AS {text}")
        self._schemas = {name: frame.schema for name, frame in frames.items()}

    def close(self) -> None:
        with self._turn:
            connection, self._connection = self._connection, None
            if connection is not None:
                self._connections.retire(connection)

    def __del__(self) -> None:
        self.close()
