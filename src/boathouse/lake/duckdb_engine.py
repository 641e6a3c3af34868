# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""The default engine: DuckDB in process, over the Parquet files of a snapshot."""

from collections.abc import Callable, Generator, Sequence, Set
from contextlib import contextmanager
from typing import Any

import duckdb
import pyarrow as pa
from duckdb.func import ARROW, SPECIAL

from boathouse.foundation.errors import InvalidInput
from boathouse.lake.delta_reader import DeltaReader
from boathouse.lake.duckdb_connections import DuckDBConnections, DuckDBSettings
from boathouse.lake.duckdb_errors import explained
from boathouse.lake.duckdb_files import source_sql
from boathouse.lake.duckdb_kept import BATCH_ROWS, DuckDBKept
from boathouse.lake.duckdb_views import snapshot_sql
from boathouse.lake.engine import EngineQuery, Workbench
from boathouse.lake.files import FileSource
from boathouse.lake.pruning import needed_files
from boathouse.lake.schema import identifier, literal
from boathouse.lake.select_guard import ParsedSelect, RefusedStatement, parse_select
from boathouse.lake.snapshots import Snapshot
from boathouse.lake.typed_macros import lay_rules
from boathouse.lake.wide_sums import within_64_bits


class DuckDBEngine:
    """Runs each query in an instance of its own that can open the files of that query and nothing else."""

    def __init__(self, settings: DuckDBSettings | None = None) -> None:
        self._connections = DuckDBConnections(settings or DuckDBSettings())

    def run(self, query: EngineQuery) -> "DuckDBRows":
        """As :meth:`boathouse.lake.engine.Engine.run`."""
        try:
            return self._run(query, all_columns=False)
        except RefusedStatement:
            raise
        except InvalidInput:
            # Seen with all columns, DuckDB can say which of them may have been meant.
            return self._run(query, all_columns=True)

    def _run(self, query: EngineQuery, *, all_columns: bool) -> "DuckDBRows":
        connection = self._connections.take()
        try:
            with explained():
                relation = _prepared(connection, query, all_columns=all_columns)
        except BaseException:
            self._connections.retire(connection)
            raise
        return DuckDBRows(self._connections, connection, relation, query.release)

    def keep(self, query: EngineQuery, frames: Set[str]) -> DuckDBKept:
        """As :meth:`boathouse.lake.engine.Engine.keep`."""
        connection = self._connections.take()
        try:
            with explained():
                parse_select(connection, query.sql, frames)
                lay_rules(connection, query.sql)
                _lock(connection, ())
        except BaseException:
            self._connections.retire(connection)
            raise
        return DuckDBKept(self._connections, connection, query)

    def scan(
        self, snapshot: Snapshot, columns: Sequence[str] | None = None, predicate: str | None = None
    ) -> "DuckDBRows":
        """As :meth:`boathouse.lake.engine.Engine.scan`."""
        selected = "*" if columns is None else ", ".join(identifier(column) for column in columns)
        condition = "" if predicate is None else f" WHERE {predicate}"
        return self.run(EngineQuery(f"SELECT {selected} FROM scanned{condition}", snapshots={"scanned": snapshot}))

    @contextmanager
    def workbench(self, query: EngineQuery, *, also: Set[str], folder: str | None) -> Generator[Workbench]:
        """As :meth:`boathouse.lake.engine.Engine.workbench`."""
        connection = self._connections.take()
        try:
            with explained():
                parsed = parse_select(connection, query.sql, {*query.snapshots, *query.files, *query.arrow, *also})
                readable = _laid(connection, query, parsed)
                if folder is not None:
                    # DuckDB takes a table that is read with a given schema for one row long, and would hold all of it
                    # in memory rather than the few rows that it is joined with. So joins stay as they are written.
                    connection.execute("SET disabled_optimizers = 'build_side_probe_side'")
                    connection.execute("SET preserve_insertion_order = false")
                _lock(connection, readable, folder)
                yield Workbench(connection, parsed)
        finally:
            self._connections.retire(connection)


class DuckDBRows:
    """The answer of one query; holds its instance until the rows are read or ``close`` is called."""

    def __init__(
        self,
        connections: DuckDBConnections,
        connection: duckdb.DuckDBPyConnection,
        relation: Any,
        release: Callable[[], None] | None = None,
    ) -> None:
        self._connections = connections
        self._release = release
        self._connection: duckdb.DuckDBPyConnection | None = connection
        self._relation: Any = relation
        self._stream: pa.RecordBatchReader | None = None
        self._is_lent = False

    @property
    def schema(self) -> pa.Schema:
        return self._started().schema

    def reader(self) -> pa.RecordBatchReader:
        stream = self._started()
        return pa.RecordBatchReader.from_batches(stream.schema, self._batches(stream))

    def arrow(self) -> pa.Table:
        if self._stream is not None:
            return self.reader().read_all()
        self._require_unread()
        try:
            with explained():
                return self._relation.to_arrow_table(BATCH_ROWS)
        finally:
            self.close()

    def relation(self) -> Any:
        self._is_lent = True
        return self._relation

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._relation = None
            self._stream = None
            if self._release is not None:
                self._release()
            self._connections.retire(connection)

    def __enter__(self) -> "DuckDBRows":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if not self._is_lent:  # otherwise the instance lives as long as the relation that somebody has
            self.close()

    def _started(self) -> pa.RecordBatchReader:
        if self._stream is None:
            self._require_unread()
            with explained():
                self._stream = self._relation.to_arrow_reader(BATCH_ROWS)
        return self._stream

    def _require_unread(self) -> None:
        if self._connection is None:
            raise InvalidInput("The rows of this query have been read already.", hint="Run the query again.")

    def _batches(self, stream: pa.RecordBatchReader) -> Generator[pa.RecordBatch]:
        try:
            with explained():
                yield from stream
        finally:
            self.close()


def _prepared(connection: duckdb.DuckDBPyConnection, query: EngineQuery, *, all_columns: bool) -> Any:
    """Parse and check the text, lay the sources under their names, lock the instance, and bind the query."""
    parsed = parse_select(connection, query.sql, {*query.snapshots, *query.files, *query.arrow})
    _lock(connection, _laid(connection, query, parsed, all_columns=all_columns))
    return within_64_bits(connection.sql(query.sql, params=query.parameters))


def _laid(
    connection: duckdb.DuckDBPyConnection, query: EngineQuery, parsed: ParsedSelect, *, all_columns: bool = False
) -> list[str]:
    """Make the sources, functions and rules of a query known; gives the paths that it has to be able to open."""
    lay_rules(connection, query.sql)
    readable: list[str] = []
    joins = len(query.snapshots) + len(query.files) + len(query.arrow) > 1
    for alias, snapshot in query.snapshots.items():
        files = [] if snapshot.needs_delta_reader else needed_files(parsed, alias, snapshot, query.parameters)
        readable += [file.path for file in files]
        if snapshot.needs_delta_reader:
            connection.register(alias, DeltaReader(snapshot))
            continue
        rows = snapshot_sql(snapshot, files, only=None if all_columns else parsed.columns, sized=joins)
        connection.execute(f"CREATE TEMP VIEW {identifier(alias)} AS {rows}")
    for alias, source in query.files.items():
        readable += _lay_files(connection, alias, source)
    for alias, frame in query.arrow.items():
        connection.register(alias, frame)
    for name, function in query.functions.items():
        connection.create_function(
            name,
            function.call,
            None if function.parameters is None else list(function.parameters),
            function.returns,
            type=ARROW,
            null_handling=SPECIAL,
            side_effects=not function.deterministic,
        )
    return readable


def _lay_files(connection: duckdb.DuckDBPyConnection, alias: str, source: FileSource) -> list[str]:
    connection.execute(f"CREATE TEMP VIEW {identifier(alias)} AS SELECT * FROM {source_sql(connection, source)}")
    return list(source.paths)


def _lock(connection: duckdb.DuckDBPyConnection, readable: Sequence[str], folder: str | None = None) -> None:
    paths = ", ".join(literal(path) for path in readable)
    connection.execute(f"SET allowed_paths = [{paths}]")
    if folder is not None:
        connection.execute(f"SET allowed_directories = [{literal(folder)}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
