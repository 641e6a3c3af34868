# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""The default engine: DuckDB in process, over the Parquet files of a snapshot."""

import re
import threading
from collections.abc import Callable, Generator, Mapping, Sequence, Set
from contextlib import contextmanager
from typing import Any

import duckdb
import pyarrow as pa
from duckdb.func import ARROW, SPECIAL

from boathouse.foundation.errors import BoathouseError, InvalidInput, Unavailable
from boathouse.lake.delta_reader import DeltaReader
from boathouse.lake.duckdb_connections import DuckDBConnections, DuckDBSettings
from boathouse.lake.duckdb_files import explain_broken_file, source_sql
from boathouse.lake.duckdb_views import snapshot_sql
from boathouse.lake.engine import EngineQuery, Workbench
from boathouse.lake.errors import DamagedTable, OutOfSpace, is_full_disk
from boathouse.lake.files import FileSource
from boathouse.lake.pruning import needed_files
from boathouse.lake.schema import identifier, literal
from boathouse.lake.select_guard import ParsedSelect, RefusedStatement, parse_select
from boathouse.lake.snapshots import Snapshot
from boathouse.lake.typed_macros import lay_rules
from boathouse.lake.value_errors import explain_value

_CATEGORY = re.compile(r"^(?:[A-Z][A-Za-z -]*? Error: )+")

_RAISED = re.compile(
    r"Python exception occurred while executing the UDF: (?P<category>\w+): (?P<message>.*)", re.DOTALL
)
"""How DuckDB passes on what a function outside of it has raised."""

_UNREADABLE = re.compile(r"IO Error|Parquet file|No magic bytes|TProtocolException|Snappy|ZSTD", re.IGNORECASE)

BATCH_ROWS = 122_880
"""Rows per batch of a stream: one row group of DuckDB's own."""


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

    def keep(self, query: EngineQuery, frames: Set[str]) -> "DuckDBKept":
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


class DuckDBKept:
    """An instance that can open no file, with a query that is given its frames each time."""

    def __init__(
        self, connections: DuckDBConnections, connection: duckdb.DuckDBPyConnection, query: EngineQuery
    ) -> None:
        self._connections = connections
        self._connection: duckdb.DuckDBPyConnection | None = connection
        self._query = query
        self._turn = threading.Lock()

    def run(self, frames: Mapping[str, Any]) -> pa.Table:
        with self._turn, explained():
            connection = self._connection
            if connection is None:
                raise InvalidInput("This query has been closed already.", hint="Prepare it again.")
            try:
                for name, frame in frames.items():
                    connection.register(name, frame)
                relation = _within_64_bits(connection.sql(self._query.sql, params=self._query.parameters))
                return relation.to_arrow_table(BATCH_ROWS)
            finally:
                for name in frames:
                    connection.unregister(name)

    def close(self) -> None:
        with self._turn:
            connection, self._connection = self._connection, None
            if connection is not None:
                self._connections.retire(connection)

    def __del__(self) -> None:
        self.close()


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
    return _within_64_bits(connection.sql(query.sql, params=query.parameters))


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


def _within_64_bits(relation: Any) -> Any:
    """Sums of integers as BIGINT. To DuckDB they are HUGEINT, which Arrow could only show as DECIMAL(38, 0); a sum that
    does not fit is an error, as in other engines."""
    kinds = [str(kind) for kind in relation.types]
    if not any("HUGEINT" in kind for kind in kinds):
        return relation
    columns = [
        (f"CAST(#{position} AS {kind.replace('UHUGEINT', 'BIGINT').replace('HUGEINT', 'BIGINT')})" if "HUGEINT" in kind
         else f"#{position}") + f" AS {identifier(name)}"
        for position, (name, kind) in enumerate(zip(relation.columns, kinds, strict=True), start=1)
    ]  # fmt: skip
    return relation.project(", ".join(columns))


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


@contextmanager
def explained() -> Generator[None]:
    """Turn DuckDB's errors in the block into ours."""
    try:
        yield
    except BoathouseError:
        raise
    except duckdb.Error as error:
        raise _fact(error) from error
    except (pa.ArrowException, OSError) as error:
        # A stream hands DuckDB's error over as text only, some of them as Arrow's IOError.
        raise _fact(duckdb.Error(str(error))) from error


def _fact(error: duckdb.Error) -> BoathouseError:
    text = str(error)
    if broken := explain_broken_file(text):
        return broken
    if isinstance(error, duckdb.OutOfMemoryException) or "Out of Memory Error" in text:
        return Unavailable("The query needs more memory or spill space than it may use.", hint=text.split("\n", 1)[0])
    if is_full_disk(text):
        return OutOfSpace(
            "There is no space left on the disk; nothing was committed.",
            hint="Free some disk space, then repeat the statement.",
        )
    if isinstance(error, duckdb.IOException) or _UNREADABLE.search(text):
        return DamagedTable(
            f"A data file cannot be read: {_sentence(text)}.",
            hint="If it was vacuumed, read a newer version; otherwise restore it from a backup.",
        )
    if raised := _RAISED.search(text):
        category = Unavailable if raised["category"] == "Unavailable" else InvalidInput
        return category(raised["message"].strip())
    return explain_value(text) or InvalidInput(f"{_sentence(text)}.")


def _sentence(text: str) -> str:
    """DuckDB's message without its category and the excerpt of the statement, with its suggestion."""
    body = text.split("\n\nLINE ", 1)[0]
    return " ".join(_CATEGORY.sub("", body).split()).rstrip(".")
