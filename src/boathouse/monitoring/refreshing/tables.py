# pyright: reportUnknownParameterType=false
"""The tables of a monitor: each refresh replaces in each of them, by one commit, the windows that it has computed. A
refresh that died is done again and replaces the same windows once more, so no row is there twice."""

from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa

from boathouse.foundation.names import TableName
from boathouse.monitoring.monitors.nouns import Monitor
from boathouse.monitoring.refreshing.stretches import Stretch
from boathouse.quality.profiles.nouns import SUMMARIES
from boathouse.session import Session

INPUT, BASELINE = "INPUT", "BASELINE"
QUALITY_COLUMN = ":quality"
"""Under this name, answers and labels are counted."""

MOST_SMALL_FILES = 100
_SMALL_BYTES = 8 << 20

STORED = pa.schema(
    [
        *SUMMARIES,
        pa.field("log_type", pa.string()),
        pa.field("quality", pa.string()),
        pa.field("monitor_version", pa.int64()),
        pa.field("table_version", pa.int64()),
        pa.field("refresh_id", pa.int64()),
    ]
)
"""The columns of ``<table>_profile_summaries``."""
READ = pa.schema([field for field in STORED if field.name not in ("sketch", "columns", "other_items")])
"""Those that figures are read from."""


def where_input(stretches: Sequence[Stretch]) -> str:
    """The condition for windows of the monitored table."""
    if not stretches:
        return f"log_type = '{INPUT}' AND granularity = ''"
    return f"log_type = '{INPUT}' AND (" + " OR ".join(f"({each.condition})" for each in stretches) + ")"


def replace(
    session: Session, name: TableName, schema: pa.Schema, batches: Iterable[pa.RecordBatch], where: str | None
) -> int:
    """Put rows in the place of those that fulfil a condition, or of all; gives the table's version. What goes wrong
    while the rows are computed is raised as it is, not as a failure to write them."""
    rows = _Rows(batches)
    reader = pa.RecordBatchReader.from_batches(schema, rows.handed_on())
    try:
        if where is None:
            return session.write_table(name, reader, mode="overwrite", schema_mode="overwrite").version
        return session.write_table(name, reader, mode="overwrite", schema_mode="merge", replace_where=where).version
    except BaseException:
        if rows.trouble is not None:
            raise rows.trouble from None
        raise


class _Rows:
    """Batches on their way through Arrow's C interface, which makes a text of whatever is raised."""

    def __init__(self, batches: Iterable[pa.RecordBatch]) -> None:
        self._batches = batches
        self.trouble: BaseException | None = None

    def handed_on(self) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._batches
        except GeneratorExit:
            raise
        except BaseException as error:
            self.trouble = error
            raise


def tidy(session: Session, name: TableName) -> None:
    """Put many small files together: each refresh leaves one."""
    opened = session.open_tables([name])[0]
    small = [file for file in opened.snapshot.files if file.size_bytes < _SMALL_BYTES]
    if len(small) > MOST_SMALL_FILES:
        session.sql(f"OPTIMIZE {name.quoted()}")


def stored_rows(session: Session, monitor: Monitor, condition: str, schema: pa.Schema = STORED) -> pa.Table:
    """Rows of the summaries."""
    columns = ", ".join(f"`{name}`" for name in schema.names)
    found = session.sql(f"SELECT {columns} FROM {monitor.summary_table.quoted()} WHERE {condition}").arrow()
    return found.cast(schema)


def as_batches(tables: Iterable[pa.Table], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Tables one after the other, in the order and the types of a schema; what they lack is null."""
    for table in tables:
        arrays = [
            table.column(field.name).cast(field.type)
            if field.name in table.column_names
            else pa.nulls(table.num_rows, field.type)
            for field in schema
        ]
        yield from pa.Table.from_arrays(arrays, schema=schema).to_batches()
