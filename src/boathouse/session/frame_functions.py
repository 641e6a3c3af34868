# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""A registered function over the columns of a frame in memory: its values in the order of the rows.

A function in SQL is written out once and computed by the engine; one in Python keeps its process between frames, so
that whoever answers many small requests does not start one for each.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import pyarrow as pa
from sqlglot import exp

from boathouse.catalog import Function, Language
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.names import FunctionName
from boathouse.lake.engine import Kept
from boathouse.session.distinct_rows import distinct_rows
from boathouse.session.python_functions import FunctionRaised, PythonProcess
from boathouse.session.running.access import Access, new_statement
from boathouse.session.running.queries import PreparedQuery, prepare_query
from boathouse.session.session import Session, quote_column
from boathouse.session.sql.arrow_types import arrow_type_of
from boathouse.session.sql.dialect import engine_sql
from boathouse.session.sql.inlining import declared
from boathouse.session.sql.reading import read_query

BATCH_ROWS = 2_048
"""Rows that a Python function is given at a time: its time limit counts for so many."""

_FRAME, _ROW, _VALUE = "given_rows", "given_row", "value"
_LONGEST_SHOWN = 60
_WORTHWHILE = 0.8
"""A deterministic function is called once for rows that are alike, if they are no more than this share of all."""

Columns = Sequence[pa.ChunkedArray]


class FrameFunction(Protocol):
    """A function, ready to be computed over columns. It may hold a process, so it must be closed."""

    def values(self, columns: Columns, rows: int) -> pa.ChunkedArray:
        """The values for columns of arguments, each of the type of its parameter.

        Raises:
            InvalidInput: The function failed; the message names it, the row and its arguments.
        """
        ...

    def close(self) -> None: ...


def frame_function(session: Session, function: Function, parameters: Sequence[str]) -> FrameFunction:
    """The function with the parameters that it will be given; the others have their defaults.

    The function has been resolved, and so authorised, before.
    """
    call = _Call(function, tuple(parameters))
    return _PythonCall(session, call) if function.language is Language.PYTHON else _SqlCall(session, call)


@dataclass(frozen=True, slots=True)
class _Call:
    function: Function
    parameters: tuple[str, ...]

    @property
    def returns(self) -> pa.DataType:
        return arrow_type_of(self.function.returns)

    def failed(self, columns: Columns, row: int, reason: str, line: int | None = None) -> InvalidInput:
        given = [f"{name}={_shown(column[row])}" for name, column in zip(self.parameters, columns, strict=True)]
        where = f" (line {line} of the function)" if line else ""
        return InvalidInput(
            f"Function {self.function.full_name} failed in row {row + 1} with "
            f"{', '.join(given) or 'no arguments'}{where}: {reason}",
            hint="Let the function answer for such values too, or leave the rows out.",
        )


class _PythonCall:
    def __init__(self, session: Session, call: _Call) -> None:
        self._call = call
        self._defaults = {
            each.name: _constant(session, call.function, each.default or "NULL", each.type_text)
            for each in call.function.parameters
            if each.name not in call.parameters
        }
        self._process = PythonProcess([call.function])

    def values(self, columns: Columns, rows: int) -> pa.ChunkedArray:
        if self._call.function.deterministic and rows > BATCH_ROWS:
            distinct = distinct_rows(columns)
            if distinct is not None and len(distinct.first) <= rows * _WORTHWHILE:
                try:
                    found = self._of_all([column.take(distinct.first) for column in columns], len(distinct.first))
                    return found.take(pa.array(distinct.of_row))
                except InvalidInput:
                    pass  # row by row, the message names the first row that fails
        return self._of_all(columns, rows)

    def _of_all(self, columns: Columns, rows: int) -> pa.ChunkedArray:
        parts = [self._part(columns, start, min(BATCH_ROWS, rows - start)) for start in range(0, rows, BATCH_ROWS)]
        return pa.chunked_array(parts, self._call.returns)

    def _part(self, columns: Columns, start: int, rows: int) -> pa.Array:
        given = dict(zip(self._call.parameters, columns, strict=True))
        batch = [
            _one_array(given[each.name].slice(start, rows))
            if each.name in given
            else pa.repeat(self._defaults[each.name], rows)
            for each in self._call.function.parameters
        ]
        try:
            return self._process.call(self._call.function.full_name, batch, self._call.returns, rows)
        except FunctionRaised as error:
            raise self._call.failed(columns, start + error.row, error.reason, error.line) from error

    def close(self) -> None:
        self._process.close()


class _SqlCall:
    def __init__(self, session: Session, call: _Call) -> None:
        self._call = call
        self._engine = session.engine
        columns = [f"argument_{position}" for position in range(len(call.parameters))]
        given = ", ".join(
            f"{quote_column(name)} => {column}" for name, column in zip(call.parameters, columns, strict=True)
        )
        types = {each.name: each.type_text for each in call.function.parameters}
        known = {column: types[name] for name, column in zip(call.parameters, columns, strict=True)}
        self._prepared = _written_out(session, call.function, f"{_quoted(call.function)}({given})", known)
        self._columns = columns
        self._kept: Kept | None = None
        self._first = threading.Lock()

    def values(self, columns: Columns, rows: int) -> pa.ChunkedArray:
        try:
            return self._computed(columns, rows)
        except InvalidInput as error:
            row = self._first_failing(columns, rows)
            raise self._call.failed(columns, row, error.message) from error

    def _computed(self, columns: Columns, rows: int) -> pa.ChunkedArray:
        frame = pa.table([pa.array(range(rows), pa.int64()), *columns], names=[_ROW, *self._columns])
        answer = self._asked(frame)
        if rows > 1:
            answer = answer.sort_by(_ROW)  # an engine promises no order
        return answer.column(_VALUE).cast(self._call.returns)

    def _asked(self, frame: pa.Table) -> pa.Table:
        """The engine's answer. Who asks again and again, as a server does, keeps an instance instead of making one for
        each request; a function that calls one in Python has a process beside it, and is prepared each time."""
        query = self._prepared.for_engine()
        if query.functions or query.snapshots or query.files:
            return self._engine.run(replace(query, arrow={_FRAME: frame})).arrow()
        with self._first:
            if self._kept is None:
                self._kept = self._engine.keep(query, {_FRAME})
        return self._kept.run({_FRAME: frame})

    def _first_failing(self, columns: Columns, rows: int) -> int:
        """The first row that the function fails at, found by halves."""
        first, end = 0, rows
        while end - first > 1:
            middle = (first + end) // 2
            try:
                self._computed([column.slice(first, middle - first) for column in columns], middle - first)
                first = middle
            except InvalidInput:
                end = middle
        return first

    def close(self) -> None:
        if self._kept is not None:
            self._kept.close()


def _written_out(session: Session, function: Function, call: str, types: Mapping[str, str]) -> PreparedQuery:
    """The call of a function over the rows of the frame, as the engine reads it.

    Args:
        types: Those of the frame's columns, so that nothing is converted to what it is.
    """
    statement = new_statement("CALL FUNCTION", f"call of {function.full_name}")
    known = {function.full_name: function}
    access = Access(session.principal, session.law, session.engine, statement, drafts=known)
    query = read_query(f"SELECT {_ROW}, {call} AS {_VALUE}\n")
    for column in query.find_all(exp.Column):
        if column.name in types:
            declared(column, types[column.name])
    prepared = prepare_query(access, query)
    tree = prepared.tree
    assert isinstance(tree, exp.Select)
    frame = exp.From(this=exp.Table(this=exp.to_identifier(_FRAME, quoted=True)))
    return replace(prepared, query=replace(prepared.query, sql=engine_sql(tree.from_(frame))))


def _constant(session: Session, function: Function, expression: str, type_text: str) -> pa.Scalar:
    """The value of a parameter's default."""
    statement = new_statement("CALL FUNCTION", f"call of {function.full_name}")
    access = Access(session.principal, session.law, session.engine, statement)
    query = read_query(f"SELECT CAST({expression} AS {type_text}) AS {_VALUE}\n")
    found = prepare_query(access, query).run(access).arrow()
    return found.column(0).cast(arrow_type_of(type_text))[0]


def _quoted(function: Function) -> str:
    return FunctionName.parse(function.full_name).quoted()


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    found = column.combine_chunks()
    return pa.concat_arrays(found.chunks) if isinstance(found, pa.ChunkedArray) else found


def _shown(value: pa.Scalar) -> str:
    text: Any = repr(value.as_py())
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"
