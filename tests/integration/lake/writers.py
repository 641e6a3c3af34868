"""What the writer processes of the concurrency test do; a module of its own, so that they start quickly."""

import sys
import time

import pyarrow as pa

from boathouse.lake import WriteConflict, open_snapshot, tables
from boathouse.lake.duckdb_engine import DuckDBEngine

SCHEMA = pa.schema([pa.field("writer", pa.int64()), pa.field("sequence", pa.int64()), pa.field("touched", pa.int64())])


def rows(writer: int, sequences: list[int], touched: int = 0) -> pa.Table:
    count = len(sequences)
    return pa.table([[writer] * count, sequences, [touched] * count], schema=SCHEMA)


def append(location: str, writer: int, times: int) -> None:
    """Append one row at a time; each must succeed."""
    for sequence in range(times):
        tables.append(location, rows(writer, [sequence]))
        print("committed", writer, sequence, flush=True)


def rewrite(location: str, kind: str, writer: int, times: int) -> None:
    """Change what is there in a way that keeps every appended row; report what became of each attempt."""
    for sequence in range(times):
        try:
            _rewrite_once(location, kind, writer, sequence)
            print("committed", writer, sequence, flush=True)
        except WriteConflict:
            print("conflict", writer, sequence, flush=True)
            time.sleep(0.01)


def _rewrite_once(location: str, kind: str, writer: int, sequence: int) -> None:
    own = rows(writer, [sequence])
    if kind == "overwrite":  # read everything, write it back with one more row
        snapshot = open_snapshot(location)
        known = DuckDBEngine().scan(snapshot).arrow()
        tables.overwrite(location, pa.concat_tables([known, own]), read_version=snapshot.version)
    elif kind == "merge":
        tables.merge(location, own, on=["writer", "sequence"])
    elif kind == "delete":  # only ever deletes what it has put there itself
        tables.append(location, own)
        tables.delete_rows(location, f"writer = {writer} AND sequence = {sequence}")
    else:
        tables.optimize(location)


if __name__ == "__main__":
    location, kind, writer, times = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    if kind == "append":
        append(location, writer, times)
    else:
        rewrite(location, kind, writer, times)
