"""Lengths of time: ``INTERVAL 3 DAYS``, ``INTERVAL '1 day 2 hours'``, ``INTERVAL '1-2' YEAR TO MONTH``."""

import re

from sqlglot import exp

from boathouse.foundation.errors import InvalidInput
from boathouse.session.sql.dialect import Native, native
from boathouse.session.sql.problems import Unsupported

_UNITS = frozenset(
    {"MICROSECOND", "MILLISECOND", "SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"}
)
_TEXT = re.compile(r"\s*([+-]?\d+(?:\.\d+)?\s+[a-zA-Z]+\s*)+")
_SPANS = {
    ("YEAR", "MONTH"): (r"(\d+)-(\d+)", ("years", "months")),
    ("DAY", "HOUR"): (r"(\d+) (\d+)", ("days", "hours")),
    ("DAY", "MINUTE"): (r"(\d+) (\d+):(\d+)", ("days", "hours", "minutes")),
    ("DAY", "SECOND"): (r"(\d+) (\d+):(\d+):(\d+(?:\.\d+)?)", ("days", "hours", "minutes", "seconds")),
    ("HOUR", "MINUTE"): (r"(\d+):(\d+)", ("hours", "minutes")),
    ("HOUR", "SECOND"): (r"(\d+):(\d+):(\d+(?:\.\d+)?)", ("hours", "minutes", "seconds")),
    ("MINUTE", "SECOND"): (r"(\d+):(\d+(?:\.\d+)?)", ("minutes", "seconds")),
}


def interval_literal(node: exp.Expr) -> exp.Expr:
    """The interval that is written out.

    Raises:
        Unsupported: Its length is computed.
    """
    amount, unit = _amount(node.this), node.args.get("unit")
    if unit is None:
        if not _TEXT.fullmatch(amount):
            raise InvalidInput(f"INTERVAL {amount!r} has no unit.", hint="Write INTERVAL '3' DAY.")
        return _interval(amount)
    if isinstance(unit, exp.IntervalSpan):
        return _interval(_spanned(amount, unit))
    if not isinstance(unit, exp.Var) or _name(unit) not in _UNITS:
        raise Unsupported(f"The interval unit {unit.sql(dialect='databricks')}")
    return _interval(f"{amount.strip()} {_name(unit).lower()}")


def _interval(text: str) -> Native:
    return native("CAST({0} AS INTERVAL)", exp.Literal.string(text))


def _amount(node: exp.Expr | None) -> str:
    sign = ""
    if isinstance(node, exp.Neg):
        sign, node = "-", node.this
    if not isinstance(node, exp.Literal):
        raise Unsupported("INTERVAL with a computed amount", hint="Multiply: n * INTERVAL 1 DAY, or use dateadd.")
    return f"{sign}{node.this}"


def _spanned(text: str, span: exp.Expr) -> str:
    key = (span.this.name.upper(), span.expression.name.upper())
    if key not in _SPANS:
        raise Unsupported(f"The interval {key[0]} TO {key[1]}")
    pattern, units = _SPANS[key]
    match = re.fullmatch(rf"\s*([+-]?)\s*{pattern}\s*", text)
    if match is None:
        raise InvalidInput(
            f"{text!r} is not an interval of {key[0]} TO {key[1]}.", hint="Such as '1-2' or '1 02:03:04'."
        )
    sign = "-" if match.group(1) == "-" else ""
    return " ".join(f"{sign}{number} {unit}" for number, unit in zip(match.groups()[1:], units, strict=True))


def _name(unit: exp.Expr) -> str:
    return unit.name.upper().removesuffix("S")


def is_interval(node: exp.Expr) -> bool:
    """Whether a translated expression shows by its look that it is an interval."""
    template = str(node.unnest().args.get("template", ""))
    return template == "CAST({0} AS INTERVAL)" or template.startswith(("(to_", "__rule_minus("))
