"""Rows of governed tables for an evaluation: each at one version, all that are judged on, or a sample."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.foundation.names import TableName
from boathouse.models.evaluation.predicates import check_predicate, no_condition
from boathouse.session import Session

if TYPE_CHECKING:
    import polars as pl

SAMPLE_ROWS = 100_000
"""Rows of a training set that distributions are taken from."""


@dataclass(frozen=True, slots=True)
class TableAt:
    """A table at one version, which the principal may read."""

    name: TableName
    version: int
    columns: tuple[str, ...]

    def require(self, column: str, role: str) -> str:
        """The column as the table spells it.

        Raises:
            InvalidInput: There is none.
        """
        known = {name.casefold(): name for name in self.columns}
        if column.casefold() not in known:
            hint = did_you_mean(column, self.columns) or f"It has {', '.join(self.columns[:20])}."
            raise InvalidInput(f"Table {self.name} has no column {column}, which is {role}.", hint=hint)
        return known[column.casefold()]


def table_at(session: Session, name: str, version: int | None = None) -> TableAt:
    """Fix a table at a version, by default the latest.

    Raises:
        NotFound, Denied: There is no such table, or the principal may not read it.
        InvalidInput: It is a view.
    """
    parsed = TableName.parse(name)
    opened = session.open_tables([parsed], {} if version is None else {parsed: version})[0]
    columns = tuple(opened.snapshot.arrow_schema.names)
    return TableAt(parsed, opened.snapshot.version, columns)


def all_rows(session: Session, table: TableAt, where: str | None, keys: Sequence[str]) -> "pl.DataFrame":
    """The rows, ordered by their keys, so that the same rows give the same draws."""
    if where is not None:
        _require_condition(session, table, where)
    frame = session.table(table.name, version=table.version, where=where).pl()
    if not keys or (len(keys) == 1 and frame[keys[0]].is_sorted(nulls_last=True)):
        return frame
    return frame.sort(list(keys), nulls_last=True, maintain_order=True)


def _require_condition(session: Session, table: TableAt, where: str) -> None:
    """Engines take a number for true or false where rows are chosen; slices do not, and neither does this."""
    check_predicate(where, table.columns)
    place = f"{table.name.quoted()} VERSION AS OF {table.version}"
    asked = session.sql(f"SELECT ({where}\n) AS hit FROM {place} LIMIT 0")
    if not pa.types.is_boolean(asked.schema.field("hit").type):
        raise no_condition(where)


def sampled_rows(
    session: Session, table: TableAt, where: str | None = None, *, rows: int = SAMPLE_ROWS, seed: int = 0
) -> "pl.DataFrame":
    """About so many rows, each with the same chance; all of them when there are no more. One batch is in memory."""
    import polars as pl

    if where is not None:
        _require_condition(session, table, where)
    condition = "" if where is None else f" WHERE ({where}\n)"
    counted = session.sql(f"SELECT count(*) AS n FROM {table.name.quoted()} VERSION AS OF {table.version}{condition}")
    total = int(counted.arrow().column("n")[0].as_py())
    result = session.table(table.name, version=table.version, where=where)
    if total <= rows:
        return result.pl()
    random = np.random.default_rng([seed, total])
    kept: list[pa.RecordBatch] = []
    for batch in result.batches():
        taken = np.flatnonzero(random.random(batch.num_rows) < rows / total)
        kept.append(batch.take(pa.array(taken)))
    found = pl.from_arrow(pa.Table.from_batches(kept, result.schema))
    if not isinstance(found, pl.DataFrame):
        raise InvalidInput(f"Table {table.name} has no columns.")
    return found
