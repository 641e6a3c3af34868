"""A table whose rows we have changed reads the same to everyone."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from deltalake import DeltaTable

from boathouse.lake import DuckDBEngine, local_path, open_snapshot, tables
from boathouse.lake.key_merging import merge_frame
from boathouse.lake.merging import Merge

SCHEMA = pa.schema(
    [
        pa.field("id", pa.int64()),
        pa.field("part", pa.string()),
        pa.field("odd name's", pa.string()),
        pa.field("amount", pa.decimal128(30, 3)),
        pa.field("at", pa.timestamp("us", "UTC")),
        pa.field("local", pa.timestamp("us")),
        pa.field("day", pa.date32()),
        pa.field("small", pa.int8()),
        pa.field("raw", pa.binary()),
        pa.field("inner", pa.struct([pa.field("a", pa.int64()), pa.field("b", pa.list_(pa.string()))])),
        pa.field("map", pa.map_(pa.string(), pa.int64())),
    ]
)


def rows(numbers: list[int], part: str | None, text: str | None) -> pa.Table:
    instant = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    entries = [
        {"id": n, "part": part, "odd name's": text, "amount": Decimal("12345678901234567890.125"), "at": instant,
         "local": instant.replace(tzinfo=None), "day": date(2026, 1, 2), "small": n % 100, "raw": b"\x00\xff",
         "inner": {"a": n, "b": ["x", None]}, "map": [("k", n)]}
        for n in numbers
    ]  # fmt: skip
    return pa.Table.from_pylist(entries, SCHEMA)


def readings(location: str) -> dict[str, list[tuple[Any, ...]]]:
    columns = ["id", "part", "odd name's", "amount", "at", "local", "day", "small", "raw"]
    ours = DuckDBEngine().scan(open_snapshot(location), columns).arrow().to_pylist()
    deltas = pa.RecordBatchReader.from_stream(DeltaTable(str(local_path(location))).scan()).read_all()
    polars = pl.scan_delta(str(local_path(location))).select(columns).collect()
    found = {"ours": ours, "delta-rs": deltas.select(columns).to_pylist(), "polars": polars.to_dicts()}
    return {name: sorted(tuple(map(str, row.values())) for row in each) for name, each in found.items()}


@pytest.mark.parametrize("partition_by", [[], ["part"]])
@pytest.mark.parametrize("part", ["plain", "a b/ü=%", None])
def test_every_reader_sees_the_merged_rows(location: str, partition_by: list[str], part: str | None) -> None:
    tables.create_table(location, data=rows([1, 2, 3], part, "old"), partition_by=partition_by)
    tables.append(location, rows([4, 5], "other", None))
    report = merge_frame(
        DuckDBEngine(), location, rows([2, 5, 9], "moved", "new"), Merge(["id"], "update", "insert", "ignore")
    )
    assert (report.updated, report.inserted, report.deleted) == (2, 1, 0)
    found = readings(location)
    assert found["ours"] == found["delta-rs"]
    assert [row[:3] for row in found["ours"]] == [row[:3] for row in found["polars"]]
    assert [(row[0], row[2]) for row in found["ours"]] == [
        ("1", "old"), ("2", "new"), ("3", "old"), ("4", "None"), ("5", "new"), ("9", "new"),
    ]  # fmt: skip


def test_statistics_of_changed_files_leave_files_unread(location: str) -> None:
    tables.create_table(location, data=rows([1, 2, 3], "p", "old"))
    merge_frame(DuckDBEngine(), location, rows([2, 77], "p", "new"), Merge(["id"], "update", "insert", "ignore"))
    bounds = sorted((file.minimum["id"], file.maximum["id"], file.row_count) for file in open_snapshot(location).files)
    assert bounds == [(1, 3, 3), (77, 77, 1)]
