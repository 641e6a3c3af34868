"""Feature tables of a few Parquet files, made without a Delta log: thousands of them in a minute."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import Schema

from boathouse.features.tables.reading import FeatureRows
from boathouse.foundation.names import TableName
from boathouse.lake import DuckDBEngine, Snapshot

MakeRows = Callable[..., FeatureRows]


@pytest.fixture(scope="session")
def rows_of() -> MakeRows:
    """Makes a feature table of some files, in this order."""
    engine = DuckDBEngine()

    def make(
        folder: Path, files: Sequence[pa.Table], *, group_rows: int = 1_000_000, name: str = "features", **options: Any
    ) -> FeatureRows:
        paths: list[str] = []
        for number, table in enumerate(files):
            path = folder / f"{name}-{number:03d}.parquet"
            pq.write_table(table, path, row_group_size=group_rows, **options)
            paths.append(path.name)
        adds = {"path": paths, "size_bytes": [1] * len(paths), "num_records": [len(table) for table in files]}
        schema_json = Schema.from_arrow(files[0].schema).to_json()
        snapshot = Snapshot(folder.as_uri(), 0, schema_json, (), {}, needs_delta_reader=False, _adds=pa.table(adds))
        return FeatureRows(TableName("dev", "shop", name), snapshot, engine)

    return make
