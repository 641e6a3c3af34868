# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Scoring a stream of rows: kept columns in, predictions beside them, in blocks of bounded size."""

from collections.abc import Generator, Iterator, Sequence

import pyarrow as pa

from boathouse.foundation.errors import BoathouseError, InvalidInput, did_you_mean
from boathouse.serving.batch.blocks import blocks, side_by_side
from boathouse.serving.batch.models import LOOKED_UP_ROWS, BatchModel, as_task_error, cast_predictions, processors
from boathouse.serving.batch.nouns import MODEL_VERSION


class ScoredRows:
    """The rows of a source with predictions: a stream whose schema is known once the first block is scored."""

    def __init__(
        self,
        model: BatchModel,
        source: pa.RecordBatchReader,
        *,
        keep: Sequence[str] | None = None,
        prediction: str = "prediction",
        wanted: pa.DataType | None = None,
        threads: int | None = None,
    ) -> None:
        """
        Raises:
            InvalidInput: A column is missing or there already, or the first rows do not fit the model.
        """
        self._model = model
        self._keep = list(source.schema.names) if keep is None else list(keep)
        self._prediction = prediction
        self._wanted = wanted
        self._threads = (threads or processors()) if model.is_native else 1
        self.rows = 0
        """Those that have been read from the stream."""
        _require_columns(self._keep, source.schema, prediction)
        self._blocks = self._scored(source)
        self._first = next(self._blocks, None)
        self.schema = self._first.schema if self._first is not None else self._empty(source.schema).schema

    @property
    def has_rows(self) -> bool:
        """Whether there is any; to be asked before they are read."""
        return self._first is not None

    def reader(self) -> pa.RecordBatchReader:
        """The stream; to be read once."""
        return pa.RecordBatchReader.from_batches(self.schema, self._batches())

    def tables(self) -> Iterator[pa.Table]:
        """The same, block by block."""
        first, self._first = self._first, None
        if first is not None:
            self.rows += first.num_rows
            yield first
        for table in self._blocks:
            table = table if table.schema == self.schema else self._alike(table)
            self.rows += table.num_rows
            yield table

    def close(self) -> None:
        """Let go of what is under way."""
        self._blocks.close()

    def _batches(self) -> Iterator[pa.RecordBatch]:
        for table in self.tables():
            yield from table.to_batches()

    def _scored(self, source: pa.RecordBatchReader) -> Generator[pa.Table]:
        rows = self._model.block_rows
        cut = blocks(source, source.schema, LOOKED_UP_ROWS if self._model.features is not None else rows)
        yield from side_by_side(self._with_predictions, self._prepared(cut, rows), threads=self._threads)

    def _prepared(self, tables: Iterator[pa.Table], rows: int) -> Iterator[tuple[int, pa.Table]]:
        """Blocks for the model, with the number of their first row; with features looked up where it has a recipe."""
        begin = 0
        for table in tables:
            full = table if self._model.features is None else self._model.features(table)
            yield from ((begin + start, full.slice(start, rows)) for start in range(0, full.num_rows, rows))
            begin += full.num_rows

    def _with_predictions(self, block: tuple[int, pa.Table]) -> pa.Table:
        begin, rows = block
        try:
            found = self._model.predict(rows)
        except BoathouseError as error:
            raise as_task_error(error, begin) from error
        if self._wanted is not None:
            found = cast_predictions(found, self._wanted, f"{self._model.name}@{self._model.version}")
        return self._table(rows, found)

    def _table(self, rows: pa.Table, found: pa.Array) -> pa.Table:
        columns = {name: rows.column(name) for name in self._keep}
        columns[self._prediction] = found
        version = pa.scalar(self._model.version, pa.int64())
        columns[MODEL_VERSION] = pa.repeat(version, rows.num_rows)
        return pa.table(columns)

    def _empty(self, schema: pa.Schema) -> pa.Table:
        return self._table(schema.empty_table(), pa.array([], self._wanted or self._model.prediction_type))

    def _alike(self, table: pa.Table) -> pa.Table:
        place = table.schema.get_field_index(self._prediction)
        kind = self.schema.field(self._prediction).type
        found = table.column(place).combine_chunks()
        cast = cast_predictions(found, kind, f"{self._model.name}@{self._model.version}")
        return table.set_column(place, self._prediction, cast).cast(self.schema)


def _require_columns(keep: Sequence[str], schema: pa.Schema, prediction: str) -> None:
    for name in keep:
        if name not in schema.names:
            raise InvalidInput(f"The rows have no column {name}.", hint=did_you_mean(name, schema.names))
        if name in (prediction, MODEL_VERSION):
            raise InvalidInput(
                f"The rows have a column {name} already.", hint="Rename it in the query, or leave it out with keep."
            )
