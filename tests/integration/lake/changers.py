"""What the processes of the test of concurrent changes do; a module of its own, so that they start quickly."""

import sys

import pyarrow as pa

from boathouse.lake import DuckDBEngine, tables
from boathouse.lake.engine import EngineQuery
from boathouse.lake.key_merging import merge_frame
from boathouse.lake.merging import Merge
from boathouse.lake.rewriting import change_rows
from boathouse.lake.row_changes import CLAUSE, FILE, ROW, TARGET, ChangeKind, Clause, RowChanges

KEY, COUNT = "key", "count"


def increment(location: str, engine: DuckDBEngine) -> None:
    """Add one to every row, in a statement that reads what it changes."""
    sql = f'SELECT "count" + 1 AS _boathouse_value_0, {FILE}, {ROW}, 0 AS {CLAUSE} FROM {TARGET} WHERE "key" < 3'
    clause = Clause(ChangeKind.UPDATE, (COUNT,))
    change_rows(engine, location, RowChanges("UPDATE", EngineQuery(sql), sql, (clause,), (COUNT,)))


def delete(location: str, engine: DuckDBEngine, key: int) -> None:
    """Delete the rows of one key."""
    sql = f'SELECT {FILE}, {ROW}, 0 AS {CLAUSE} FROM {TARGET} WHERE "key" = {key}'
    change_rows(engine, location, RowChanges("DELETE", EngineQuery(sql), sql, (Clause(ChangeKind.DELETE),)))


def main(location: str, kind: str, writer: int, times: int) -> None:
    engine = DuckDBEngine()
    for number in range(times):
        own = 1000 * writer + number
        frame = pa.table({KEY: [own], COUNT: [0]})
        match kind:
            case "append":
                tables.append(location, frame)
            case "increment":
                increment(location, engine)
            case "delete":  # only ever what it has put there itself
                tables.append(location, frame)
                delete(location, engine, own)
            case _:
                merge_frame(engine, location, frame, Merge([KEY], "update", "insert", "ignore"))
        print("committed", own, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
