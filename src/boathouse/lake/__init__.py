"""Delta tables on storage that URLs name, and the engines that read them."""

from boathouse.lake.duckdb_connections import DuckDBSettings
from boathouse.lake.duckdb_engine import DuckDBEngine
from boathouse.lake.engine import Engine, EngineQuery, Rows
from boathouse.lake.errors import (
    DamagedTable,
    NoTableThere,
    OutOfSpace,
    SchemaMismatch,
    TableThereAlready,
    VersionNotFound,
    WriteConflict,
)
from boathouse.lake.files import BrokenFile, FileFormat, FileOptions, FileSource
from boathouse.lake.locations import as_url, local_path
from boathouse.lake.log import Commit
from boathouse.lake.snapshots import DataFile, Snapshot, open_snapshot, version_at

__all__ = [
    "BrokenFile",
    "Commit",
    "DamagedTable",
    "DataFile",
    "DuckDBEngine",
    "DuckDBSettings",
    "Engine",
    "EngineQuery",
    "FileFormat",
    "FileOptions",
    "FileSource",
    "NoTableThere",
    "OutOfSpace",
    "Rows",
    "SchemaMismatch",
    "Snapshot",
    "TableThereAlready",
    "VersionNotFound",
    "WriteConflict",
    "as_url",
    "local_path",
    "open_snapshot",
    "version_at",
]
