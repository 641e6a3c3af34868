# pyright: reportUnknownParameterType=false
"""Rows that are judged in one pass: those that fulfil the rules go on, the others are set aside.

The engine judges a batch at a time, so that the values of the rows are never converted on the way. All are judged
before any goes on: what was set aside is committed first, and a commit from within a stream that another commit reads
could wait for ever, since delta-rs has as many hands as the machine. Meanwhile they wait in memory, or if there are
many in a file that nobody else sees.
"""

import tempfile
from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute

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

MOST_HELD_BYTES = 256 << 20
"""Of rows that wait in memory."""

pc: Any = pyarrow.compute  # half of its functions are made as it is imported


class Waiting:
    """Batches that wait: in memory as far as there is room for them, the others in a file."""

    def __init__(self, schema: pa.Schema, most_bytes: int | None) -> None:
        self._schema = schema
        self._room = most_bytes
        self._held: list[pa.RecordBatch] = []
        self._file: Any = None
        self._writer: Any = None

    def add(self, batch: pa.RecordBatch) -> None:
        if self._room is None or self._room >= batch.nbytes:
            self._held.append(batch)
            self._room = None if self._room is None else self._room - batch.nbytes
            return
        self._room = 0  # whatever comes next comes after it
        if self._writer is None:
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 (it lives as long as the rows wait)
            self._writer = pa.ipc.new_stream(self._file, self._schema)
        self._writer.write_batch(batch)

    def reader(self) -> pa.RecordBatchReader:
        """All of them, in the order in which they came; once."""
        if self._writer is not None:
            self._writer.close()
        return pa.RecordBatchReader.from_batches(self._schema, self._batches())

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _batches(self) -> Generator[pa.RecordBatch]:
        held, self._held = self._held, []
        yield from held
        if self._file is not None:
            self._file.seek(0)
            yield from pa.ipc.open_stream(self._file)


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
        self._writer: Any = None
        self._is_complete = False
        self._waiting: Waiting | None = None
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

    def judged(
        self, rows: pa.RecordBatchReader, known: pa.Schema | None = None, *, is_in_memory: bool = False
    ) -> pa.RecordBatchReader:
        """The rows that go on, once all have been judged.

        Args:
            known: Columns that the rows have even if they do not come with them; they are null then.
            is_in_memory: Whether the rows are held by somebody else anyway, so that to wait costs nothing.

        Raises:
            BrokenRule: A row breaks a rule that refuses.
            InvalidInput: A rule does not fit the columns.
        """
        plain = without_views(rows) if self._kept is not None else rows  # Arrow cannot choose among rows of views
        self._waiting = Waiting(plain.schema, None if is_in_memory else MOST_HELD_BYTES)
        for batch in plain:
            self.rows += batch.num_rows
            good = self._judge(batch, known) if self._kept is not None and batch.num_rows else batch
            if good.num_rows:
                self._waiting.add(good)
        return self._waiting.reader()

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
        if self._waiting is not None:
            self._waiting.close()

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
