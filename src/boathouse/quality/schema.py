"""Which columns are gone, new, or of another kind than before."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from boathouse.quality.columns import kind_of


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """One column that is not as it was."""

    column: str
    change: Literal["missing", "added", "kind", "type"]
    """``type``: another type of the same kind, as a wider number; whoever reads it hardly notices."""
    before: str | None
    after: str | None

    @property
    def breaks(self) -> bool:
        """Whether whoever reads the columns as they were can no longer do so."""
        return self.change in ("missing", "kind")


def schema_changes(
    frame: pl.DataFrame, reference: pl.DataFrame, columns: Sequence[str] | None = None
) -> list[SchemaChange]:
    """What has changed from the reference to the frame.

    Args:
        columns: Those that count; all of both by default.
    """
    wanted = list(columns) if columns is not None else list(dict.fromkeys([*reference.columns, *frame.columns]))
    return list(_changes(frame.schema, reference.schema, wanted))


def _changes(after: pl.Schema, before: pl.Schema, columns: Sequence[str]) -> Iterator[SchemaChange]:
    for name in columns:
        old, new = before.get(name), after.get(name)
        if old is None and new is None:
            continue
        if new is None:
            yield SchemaChange(name, "missing", str(old), None)
        elif old is None:
            yield SchemaChange(name, "added", None, str(new))
        elif kind_of(old) is not kind_of(new):
            yield SchemaChange(name, "kind", str(old), str(new))
        elif old != new:
            yield SchemaChange(name, "type", str(old), str(new))
