# pyright: reportUnknownParameterType=false
"""A stream of rows that is judged as it passes: rows that fulfil the rules go on, the others are set aside.

The engine judges a batch at a time, so that the values of the rows are never converted on the way. What is set aside
waits in a file that nobody else sees.
"""

import tempfile
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from boathouse.catalog.contract_rules import OnViolation, RowRule
from boathouse.foundation.errors import InvalidInput
from boathouse.lake.arrow_input import without_views
from boathouse.lake.engine import Engine, EngineQuery
from boathouse.lake.schema import identifier
from boathouse.session.running.constraints import check_named

RULES, AT, WRITE = "_broken_rules", "_set_aside_at", "_write_id"
"""What a quarantine table has beside the columns of the rows."""

_FRAME = "__bh_judged"
_SHOWN = 3


class BrokenRule(InvalidInput):
    """A row breaks a rule that lets nothing of the write be done."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Who sets rows aside, for the columns that a quarantine table has beside theirs."""

    what: str
    """In messages: ``The contract of dev.shop.orders``."""
    write_id: str
    at: datetime


class Split:
    """One pass over rows. The counts are right once the stream has ended."""

    def __init__(self, engine: Engine, rules: Sequence[RowRule], origin: Origin) -> None:
        """
        Raises:
            InvalidInput: A condition is no SQL that we understand, or reads other tables.
        """
        self._rules = tuple(rules)
        self.origin = origin
        self._file: Any = None
        self._writer: pa.RecordBatchWriter | None = None
        self._is_complete = False
        self._kept = None
        self.rows = 0
        self.set_aside = 0
        self.broken: Counter[str] = Counter()
        """Rows by the rule that they break."""
        judged = [check_named(each.name, each.condition).sql for each in self._rules]
        columns = ", ".join(f'(({sql}) IS TRUE) AS "r{position}"' for position, sql in enumerate(judged))
        if judged:
            query = EngineQuery(f"SELECT {columns} FROM {identifier(_FRAME)}")
            self._kept = engine.keep(query, frozenset({_FRAME}))

    def reader(
        self, rows: pa.RecordBatchReader, known: pa.Schema | None = None, at_end: Callable[[], None] | None = None
    ) -> pa.RecordBatchReader:
        """The rows that go on.

        Args:
            known: Columns that the rows have even if they do not come with them; they are null then.
            at_end: Called after the last row, before the reader says that it was the last.

        Raises (while it is read):
            BrokenRule: A row breaks a rule that refuses.
            InvalidInput: A rule does not fit the columns.
        """
        plain = without_views(rows) if self._kept is not None else rows  # Arrow cannot choose among rows of views
        return pa.RecordBatchReader.from_batches(plain.schema, self._batches(plain, known, at_end))

    def aside(self) -> pa.RecordBatchReader | None:
        """The rows that were set aside, with why and when, from the first on; None without any."""
        if self._writer is None:
            return None
        if not self._is_complete:
            self._writer.close()
            self._is_complete = True
        self._file.seek(0)
        return pa.ipc.open_stream(self._file)

    def close(self) -> None:
        """Let go of the engine's instance and of what was set aside."""
        if self._kept is not None:
            self._kept.close()
        if self._file is not None:
            self._file.close()

    def _batches(
        self, rows: pa.RecordBatchReader, known: pa.Schema | None, at_end: Callable[[], None] | None
    ) -> Generator[pa.RecordBatch]:
        for batch in rows:
            self.rows += batch.num_rows
            good = self._judge(batch, known) if self._kept is not None and batch.num_rows else batch
            if good.num_rows:
                yield good
        if at_end is not None:
            at_end()

    def _judge(self, batch: pa.RecordBatch, known: pa.Schema | None) -> pa.RecordBatch:
        """The rows of a batch that go on."""
        assert self._kept is not None
        verdicts = self._kept.run({_FRAME: _widened(batch, known)})
        bad: Any = None
        broken: dict[str, Any] = {}
        for position, rule in enumerate(self._rules):
            fails = pc.invert(verdicts.column(position).combine_chunks())
            count = pc.sum(fails).as_py() or 0
            if not count:
                continue
            self.broken[rule.name] += count
            if rule.on_violation is OnViolation.REFUSE:
                raise self._refusal(rule, batch.filter(fails), count)
            if rule.on_violation is OnViolation.QUARANTINE:
                broken[rule.name] = fails
                bad = fails if bad is None else pc.or_(bad, fails)
        if bad is None:
            return batch
        self._set_aside(batch, bad, broken, known)
        return batch.filter(pc.invert(bad))

    def _set_aside(self, batch: pa.RecordBatch, bad: pa.Array, broken: dict[str, Any], known: pa.Schema | None) -> None:
        rows = batch.filter(bad)
        fields = [_storable(field, known) for field in rows.schema]
        schema = pa.schema(
            [
                *fields,
                pa.field(RULES, pa.list_(pa.string())),
                pa.field(AT, pa.timestamp("us", "UTC")),
                pa.field(WRITE, pa.string()),
            ]
        )
        count = rows.num_rows
        facts = [
            _reasons({name: each.filter(bad) for name, each in broken.items()}),
            pa.array([self.origin.at.astimezone(UTC)] * count, pa.timestamp("us", "UTC")),
            pa.array([self.origin.write_id] * count, pa.string()),
        ]
        if self._writer is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 (it lives as long as the split)
            self._writer = pa.ipc.new_stream(self._file, schema)
        columns = [column.cast(field.type) for column, field in zip(rows.columns, fields, strict=True)]
        self._writer.write_batch(pa.RecordBatch.from_arrays([*columns, *facts], schema=schema))
        self.set_aside += count

    def _refusal(self, rule: RowRule, rows: pa.RecordBatch, count: int) -> BrokenRule:
        shown = "; ".join(str(row)[:300] for row in rows.slice(0, _SHOWN).to_pylist())
        return BrokenRule(
            f"{self.origin.what} refuses the rows: {rule.name} ({rule.condition}) does not hold for "
            f"{count} of the first {self.rows:,}: {shown}. Nothing was written.",
            hint="Correct the rows, or leave them out.",
        )


def _storable(field: pa.Field, known: pa.Schema | None) -> pa.Field:
    """A column of the rows as a quarantine table can have it: no table has a column of nothing but nulls."""
    kind = field.type
    if pa.types.is_null(kind):
        position = -1 if known is None else known.get_field_index(field.name)
        kind = pa.string() if known is None or position < 0 else known.field(position).type
    return pa.field(field.name, kind)


def _reasons(broken: dict[str, Any]) -> pa.Array:
    """The names of the rules that each row breaks. Few combinations come about, so they are looked up, not spelled."""
    names = list(broken)
    spelled = [pc.if_else(flags, "1", "0") for flags in broken.values()]
    codes = pc.binary_join_element_wise(*spelled, "").dictionary_encode()
    lists = [
        [name for name, flag in zip(names, code, strict=True) if flag == "1"] for code in codes.dictionary.to_pylist()
    ]
    return pa.array(lists, pa.list_(pa.string())).take(codes.indices)


def _widened(batch: pa.RecordBatch, known: pa.Schema | None) -> pa.Table:
    """The batch with nulls for columns that it does not come with."""
    table = pa.Table.from_batches([batch])
    there = {name.lower() for name in batch.schema.names}
    for field in known or ():
        if field.name.lower() not in there:
            table = table.append_column(field.with_nullable(True), pa.nulls(batch.num_rows, field.type))
    return table
