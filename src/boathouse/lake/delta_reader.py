# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""delta-rs' own reader, for tables whose Parquet files alone do not say what the rows are.

Deletion vectors, column mapping and whatever comes later: slower than DuckDB over the files, but right.
"""

from typing import Any

import pyarrow as pa

from boathouse.lake.arrow_input import without_views
from boathouse.lake.errors import translated
from boathouse.lake.snapshots import Snapshot, open_table


class DeltaReader:
    """The rows of a snapshot as an Arrow stream that can be asked for more than once."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def __arrow_c_schema__(self) -> Any:
        return self._snapshot.arrow_schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.reader().__arrow_c_stream__(requested_schema)

    def reader(self) -> pa.RecordBatchReader:
        """A stream of all rows."""
        location = self._snapshot.location
        with translated(location):
            table = open_table(location, self._snapshot.version)
            return without_views(pa.RecordBatchReader.from_stream(table.scan()))
