"""Which files a query can do without, judged by the log alone.

DuckDB skips row groups by the statistics inside each file, but has to open the file for that. Delta keeps the least and
greatest value per column in the log, so a condition like ``day = DATE '2013-07-01'`` leaves most files unopened.

Only what is certain counts: comparisons of a column with a constant that all must hold (joined by AND), directly in the
WHERE of the one SELECT that names the table. Everything else keeps all files; DuckDB filters the rows anyway.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from boathouse.lake.engine import Parameters
from boathouse.lake.select_guard import ParsedSelect, nodes_of
from boathouse.lake.snapshots import DataFile, Snapshot

_JOINS = {"INNER", "LEFT", "RIGHT", "OUTER"}
_JOIN_KINDS = {"REGULAR", "CROSS"}
"""Joins for which dropping rows that WHERE drops anyway changes nothing; ASOF and POSITIONAL are not among them."""

_OPERATORS = {
    "COMPARE_EQUAL": "=",
    "COMPARE_LESSTHAN": "<",
    "COMPARE_LESSTHANOREQUALTO": "<=",
    "COMPARE_GREATERTHAN": ">",
    "COMPARE_GREATERTHANOREQUALTO": ">=",
}
_MIRRORED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

_WHOLE_STRING = 32
"""Longer least and greatest strings may have been cut by the writer."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A comparison that every wanted row fulfils."""

    column: str
    operator: str
    value: Any

    def may_hold_in(self, file: DataFile) -> bool:
        """False only when no row of the file can fulfil it."""
        if self.column in file.partition:
            least = greatest = file.partition[self.column]
            if least is None:
                return False  # no comparison holds for null
        else:
            least, greatest = _bounds(file, self.column)
        match self.operator:
            case "=":
                return not _less(self.value, least) and not _less(greatest, self.value)
            case "<":
                return least is None or least < self.value
            case "<=":
                return not _less(self.value, least)
            case ">":
                return greatest is None or greatest > self.value
            case _:
                return not _less(greatest, self.value)


def needed_files(
    parsed: ParsedSelect, alias: str, snapshot: Snapshot, parameters: Parameters | None
) -> Sequence[DataFile]:
    """The files of the snapshot that may hold rows the query asks for."""
    files = snapshot.files
    if len(files) < 2:
        return files
    conditions = list(_conditions(parsed, alias.lower(), snapshot, parameters))
    return [file for file in files if all(condition.may_hold_in(file) for condition in conditions)]


def value_condition(snapshot: Snapshot, column: str, operator: str, value: Any) -> Condition | None:
    """The condition that a column compares so with a value; None where statistics do not tell enough."""
    convert = None if "." in column else _converter(snapshot.fields[column], operator)
    converted = convert(_Raw(value, "PYTHON")) if convert else None
    return None if converted is None else Condition(column, operator, converted)


def _conditions(
    parsed: ParsedSelect, alias: str, snapshot: Snapshot, parameters: Parameters | None
) -> Iterator[Condition]:
    select = _only_select_from(parsed, alias)
    if select is None:
        return
    table = next(node for node in _tables_of(select["from_table"]) if _name_of(node) == alias)
    called = (table.get("alias") or alias).lower()
    is_alone = select["from_table"] is table
    columns = {name.lower(): name for name in snapshot.fields}
    for comparison in _conjuncts(select.get("where_clause")):
        for left, operator, right in _comparisons(comparison):
            column = _column(left, called, is_alone)
            if column is None or column not in columns or "." in column:
                continue  # the log spells a field of a struct with a dot, too
            name = columns[column]
            convert = _converter(snapshot.fields[name], operator)
            raw = _raw_value(right, parameters)
            if convert is not None and raw is not None and (value := convert(raw)) is not None:
                yield Condition(name, operator, value)


def _only_select_from(parsed: ParsedSelect, alias: str) -> dict[str, Any] | None:
    """The one SELECT that names the table, joined plainly if at all; None where it is not so simple."""
    everything = list(nodes_of(parsed.tree))
    named = [node for node in everything if node.get("type") == "BASE_TABLE" and _name_of(node) == alias]
    if len(named) != 1 or alias in parsed.cte_names or named[0].get("sample") or named[0].get("column_name_alias"):
        return None
    for node in everything:
        if node.get("type") == "SELECT_NODE" and any(table is named[0] for table in _tables_of(node["from_table"])):
            return None if node.get("sample") else node
    return None


def _tables_of(reference: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The tables that a FROM names directly or through plain joins."""
    if reference.get("type") == "BASE_TABLE":
        yield reference
    elif (
        reference.get("type") == "JOIN"
        and reference.get("join_type") in _JOINS
        and reference.get("ref_type") in _JOIN_KINDS
    ):
        yield from _tables_of(reference["left"])
        yield from _tables_of(reference["right"])


def _name_of(table: dict[str, Any]) -> str:
    return str(table.get("table_name", "")).lower()


def _conjuncts(expression: dict[str, Any] | None) -> Iterator[dict[str, Any]]:
    if expression is None:
        return
    if expression.get("type") == "CONJUNCTION_AND":
        for child in expression["children"]:
            yield from _conjuncts(child)
    else:
        yield expression


def _comparisons(expression: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str, dict[str, Any]]]:
    if expression["class"] == "COMPARISON" and (operator := _OPERATORS.get(expression["type"])):
        yield expression["left"], operator, expression["right"]
        yield expression["right"], _MIRRORED[operator], expression["left"]
    elif expression["class"] == "BETWEEN" and expression.get("type") == "COMPARE_BETWEEN":
        yield expression["input"], ">=", expression["lower"]
        yield expression["input"], "<=", expression["upper"]


def _column(expression: dict[str, Any], called: str, is_alone: bool) -> str | None:
    if expression.get("class") != "COLUMN_REF":
        return None
    names = [str(name).lower() for name in expression["column_names"]]
    if len(names) == 2 and names[0] == called:
        return names[1]
    return names[0] if len(names) == 1 and is_alone else None


@dataclass(frozen=True, slots=True)
class _Raw:
    """A constant as the statement has it."""

    value: Any
    kind: str
    """``INTEGER``, ``STRING``, ... for literals; ``DATE``, ``TIMESTAMP``... for a string cast to it; ``PYTHON``."""


def _raw_value(expression: dict[str, Any], parameters: Parameters | None) -> _Raw | None:
    match expression:
        case {"class": "CONSTANT", "literal": {"kind": kind, "text": text}}:
            return _Raw(text, kind)
        case {"class": "CAST", "child": {"class": "CONSTANT", "literal": {"kind": "STRING", "text": text}}}:
            path = expression.get("type_expr", {}).get("qualified_name", {}).get("path", [""])
            return _Raw(text, str(path[-1]).upper())
        case {"class": "PARAMETER", "identifier": identifier}:
            return _parameter(str(identifier), parameters)
        case _:
            return None


def _parameter(identifier: str, parameters: Parameters | None) -> _Raw | None:
    with suppress(KeyError, IndexError, ValueError, TypeError):
        if parameters is None:
            return None
        if hasattr(parameters, "keys"):
            return _Raw(parameters[identifier], "PYTHON")  # pyright: ignore[reportArgumentType, reportCallIssue]
        return _Raw(parameters[int(identifier) - 1], "PYTHON")  # pyright: ignore[reportArgumentType, reportCallIssue]
    return None


def _converter(delta_type: Any, operator: str) -> Callable[[_Raw], Any] | None:
    """How to compare a constant with a column of this type; None where statistics do not tell enough."""
    match delta_type:
        case "long" | "integer" | "short" | "byte":
            return _integer
        case "double" | "float":
            # NaN is greater than every number, but no statistic tells of it.
            return None if operator in (">", ">=") else _float
        case "string":
            return _string
        case "date":
            return _date
        case "timestamp":
            return lambda raw: _instant(raw, zoned=True)
        case "timestamp_ntz":
            return lambda raw: _instant(raw, zoned=False)
        case str() if delta_type.startswith("decimal"):
            return _decimal
        case _:
            return None


def _integer(raw: _Raw) -> int | None:
    if raw.kind == "INTEGER":
        return int(raw.value)
    return raw.value if raw.kind == "PYTHON" and type(raw.value) is int else None


def _decimal(raw: _Raw) -> Decimal | None:
    with suppress(InvalidOperation, ValueError):
        if raw.kind in ("INTEGER", "DECIMAL", "NUMERIC"):
            return Decimal(raw.value)
        if raw.kind == "PYTHON" and type(raw.value) in (int, Decimal):
            return Decimal(raw.value)
    return None


def _float(raw: _Raw) -> float | None:
    exact = _decimal(raw)
    if exact is not None:
        return float(exact)
    number = raw.value if raw.kind == "PYTHON" and type(raw.value) is float else None
    return number if number is not None and number == number else None


def _string(raw: _Raw) -> str | None:
    return raw.value if raw.kind in ("STRING", "VARCHAR", "PYTHON") and isinstance(raw.value, str) else None


def _date(raw: _Raw) -> date | None:
    if raw.kind == "PYTHON":
        return raw.value if type(raw.value) is date else None
    if raw.kind in ("DATE", "STRING") and len(raw.value) == len("2013-01-01"):
        with suppress(ValueError):
            return date.fromisoformat(raw.value)
    return None


def _instant(raw: _Raw, *, zoned: bool) -> datetime | None:
    moment = raw.value if raw.kind == "PYTHON" else None
    if raw.kind in ("STRING", "DATE", "TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE"):
        with suppress(ValueError):
            moment = datetime.fromisoformat(raw.value)
    if type(moment) is date:
        moment = datetime.combine(moment, time())
    if not isinstance(moment, datetime):
        return None
    if zoned:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment if moment.tzinfo is None else None


def _bounds(file: DataFile, column: str) -> tuple[Any, Any]:
    least, greatest = file.minimum.get(column), file.maximum.get(column)
    if isinstance(greatest, str) and len(greatest) >= _WHOLE_STRING:
        greatest = None
    if isinstance(greatest, datetime):
        greatest += timedelta(milliseconds=1)  # some writers cut statistics to milliseconds
    return least, greatest


def _less(one: Any, other: Any) -> bool:
    """Whether one is certainly less; unknown values are not."""
    return one is not None and other is not None and one < other
