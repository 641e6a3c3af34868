# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""The rows of a feature table at one version."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from boathouse.foundation.names import TableName
from boathouse.lake import Snapshot
from boathouse.lake.engine import Engine
from boathouse.session.opened import OpenTable


@dataclass(frozen=True, slots=True)
class FeatureRows:
    """An opened feature table, and the engine that reads what its Parquet files alone do not say."""

    name: TableName
    snapshot: Snapshot
    engine: Engine

    @classmethod
    def of(cls, opened: OpenTable, engine: Engine) -> "FeatureRows":
        return cls(opened.name, opened.snapshot, engine)

    @property
    def version(self) -> int:
        return self.snapshot.version

    @property
    def schema(self) -> pa.Schema:
        return self.snapshot.arrow_schema

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """All rows in the order of the table, as the engine streams them."""
        yield from self.engine.scan(self.snapshot, columns).reader()
