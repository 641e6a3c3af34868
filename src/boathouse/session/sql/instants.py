"""Instants that a statement fixes before it runs: ``TIMESTAMP AS OF``."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlglot import exp

from boathouse.foundation.errors import InvalidInput
from boathouse.session.sql.parameters import Parameters

_NOW = ("now", "current_timestamp")
_STEPS = {
    "SECOND": timedelta(seconds=1),
    "MINUTE": timedelta(minutes=1),
    "HOUR": timedelta(hours=1),
    "DAY": timedelta(days=1),
    "WEEK": timedelta(weeks=1),
}


def constant_instant(node: exp.Expr, parameters: Parameters) -> datetime:
    """The instant that a literal, a parameter, or ``current_timestamp() - INTERVAL n DAY`` means.

    Raises:
        InvalidInput: It is none of these.
    """
    match node:
        case exp.Paren():
            return constant_instant(node.this, parameters)
        case exp.Cast():
            return parse_instant(parameters.constant(node.this))
        case exp.CurrentTimestamp():
            return datetime.now(UTC)
        case exp.CurrentDate():
            return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        case exp.Anonymous() if str(node.this).lower() in _NOW and not node.expressions:
            return datetime.now(UTC)
        case exp.Sub() | exp.Add() if isinstance(node.expression, exp.Interval):
            step = _length(node.expression, parameters)
            start = constant_instant(node.this, parameters)
            return start - step if isinstance(node, exp.Sub) else start + step
        case _:
            return parse_instant(parameters.constant(node))


def parse_instant(value: Any) -> datetime:
    """An aware instant from ISO text, a date or a datetime; without a zone it is UTC.

    Raises:
        InvalidInput: The value is no instant.
    """
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)  # noqa: DTZ001 (made aware below)
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError as error:
            raise InvalidInput(
                f"{value!r} is not an instant.", hint="Write 2013-06-30 or 2013-06-30T12:00:00Z."
            ) from error
    if not isinstance(value, datetime):
        raise InvalidInput(f"{value!r} is not an instant.", hint="Write 2013-06-30 or 2013-06-30T12:00:00Z.")
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _length(interval: exp.Expr, parameters: Parameters) -> timedelta:
    unit = interval.args.get("unit")
    name = unit.name.upper().removesuffix("S") if isinstance(unit, exp.Var) else ""
    if name not in _STEPS:
        raise InvalidInput("An instant in TIMESTAMP AS OF can be moved by seconds, minutes, hours, days or weeks.")
    return float(parameters.constant(interval.this)) * _STEPS[name]
