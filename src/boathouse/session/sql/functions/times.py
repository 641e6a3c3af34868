"""Functions of dates and instants. A ``TIMESTAMP`` is an instant in UTC; the engine's time zone is UTC.

Where the two dialects differ in silence: weeks begin on another day number, ``timestampdiff`` counts whole units where
DuckDB's ``date_diff`` counts boundaries, patterns are spelled as in Java, and DuckDB's truncation of a date or its
parsing of a text gives a local time instead of an instant.
"""

from collections.abc import Sequence

from sqlglot import exp

from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.session.sql.dialect import native
from boathouse.session.sql.functions.registry import Build, Function, literal_text, scalar
from boathouse.session.sql.patterns import strftime_pattern, strptime_pattern

INSTANT = "CAST({0} AS TIMESTAMPTZ)"
_UNITS = {
    **{unit: unit for unit in ("microsecond", "millisecond", "second", "minute", "hour", "day", "week", "month",
                               "quarter", "year")},
    "dayofyear": "day",
}  # fmt: skip
_TRUNCATIONS = {
    "year": "year", "yyyy": "year", "yy": "year", "quarter": "quarter", "month": "month", "mm": "month",
    "mon": "month", "week": "week", "day": "day", "dd": "day", "hour": "hour", "minute": "minute",
    "second": "second", "millisecond": "millisecond", "microsecond": "microsecond",
}  # fmt: skip
_WHOLE_DAYS = ("day", "week", "month", "quarter", "year")

_MONTHS_IN = {"month": 1, "quarter": 3, "year": 12}
_SINCE_MONTH = "(epoch_us(CAST({0} AS TIMESTAMPTZ)) - epoch_us(date_trunc('month', CAST({0} AS TIMESTAMPTZ))))"
_START, _END = _SINCE_MONTH, _SINCE_MONTH.replace("{0}", "{1}")
_WHOLE_MONTHS = (
    "date_diff('month', CAST({0} AS TIMESTAMPTZ), CAST({1} AS TIMESTAMPTZ)) - CASE "
    f"WHEN ({{1}}) >= ({{0}}) AND {_END} < {_START} THEN 1 "
    f"WHEN ({{1}}) < ({{0}}) AND {_END} > {_START} THEN -1 ELSE 0 END"
)
"""A month is whole when the day and time of the start are reached: DuckDB would count 31 January to 29 February."""


def unit_of(argument: exp.Expr, units: dict[str, str], function_name: str) -> str:
    """The engine's name of a unit: a bare word (``MONTH``) or a string."""
    spelled = argument.name if isinstance(argument, exp.Column | exp.Var) else literal_text(
        argument, function_name=function_name, what="unit")  # fmt: skip
    try:
        return units[spelled.lower()]
    except KeyError as error:
        raise InvalidInput(
            f"{function_name} knows no unit {spelled!r}.", hint=did_you_mean(spelled.lower(), units)
        ) from error


def _add_units(arguments: Sequence[exp.Expr]) -> exp.Expr:
    unit = unit_of(arguments[0], _UNITS, "dateadd")
    step = f"to_{unit}s(CAST({{1}} AS INTEGER))"
    if unit in _WHOLE_DAYS:
        return native(f"cast_to_type(({{0}}) + {step}, {{0}})", arguments[2], arguments[1])
    return native(f"({INSTANT} + {step})", arguments[2], arguments[1])


def _date_add(arguments: Sequence[exp.Expr]) -> exp.Expr:
    if len(arguments) == 3:
        return _add_units(arguments)
    return native("(CAST({0} AS DATE) + CAST({1} AS INTEGER))", *arguments)


def _difference(arguments: Sequence[exp.Expr]) -> exp.Expr:
    if len(arguments) == 2:
        return native("date_diff('day', CAST({1} AS DATE), CAST({0} AS DATE))", *arguments)
    unit = unit_of(arguments[0], _UNITS, "datediff")
    if unit in _MONTHS_IN:
        return native(f"(({_WHOLE_MONTHS}) // {_MONTHS_IN[unit]})", *arguments[1:])
    return native(f"date_sub('{unit}', CAST({{0}} AS TIMESTAMPTZ), CAST({{1}} AS TIMESTAMPTZ))", *arguments[1:])


def _truncate(arguments: Sequence[exp.Expr]) -> exp.Expr:
    unit = unit_of(arguments[0], _TRUNCATIONS, "date_trunc")
    return native(f"CAST(date_trunc('{unit}', {INSTANT}) AS TIMESTAMPTZ)", arguments[1])


def _truncate_date(arguments: Sequence[exp.Expr]) -> exp.Expr:
    unit = unit_of(arguments[1], _TRUNCATIONS, "trunc")
    if unit not in _WHOLE_DAYS:
        raise InvalidInput(f"trunc cannot cut a date to {unit}.", hint="Use date_trunc for instants.")
    return native(f"CAST(date_trunc('{unit}', CAST({{0}} AS DATE)) AS DATE)", arguments[0])


def _part(arguments: Sequence[exp.Expr]) -> exp.Expr:
    return part_of(literal_text(arguments[0], function_name="date_part", what="field"), arguments[1])


def _formatted(arguments: Sequence[exp.Expr]) -> exp.Expr:
    pattern = literal_text(arguments[1], function_name="date_format", what="pattern")
    return native(
        "strftime(CAST({0} AS TIMESTAMPTZ), {1})", arguments[0], exp.Literal.string(strftime_pattern(pattern))
    )


def _parsed(result: str, parse: str = "strptime") -> Build:
    def build(arguments: Sequence[exp.Expr]) -> exp.Expr:
        if len(arguments) == 1:
            cast = "TRY_CAST" if parse.startswith("try") else "CAST"
            return native(f"{cast}({{0}} AS {result})", arguments[0])
        pattern = literal_text(arguments[1], function_name="to_date and to_timestamp", what="pattern")
        spelled = exp.Literal.string(strptime_pattern(pattern))
        return native(f"CAST({parse}({{0}}, {{1}}) AS {result})", arguments[0], spelled)

    return build


def _from_unix(arguments: Sequence[exp.Expr]) -> exp.Expr:
    pattern = "yyyy-MM-dd HH:mm:ss"
    if len(arguments) == 2:
        pattern = literal_text(arguments[1], function_name="from_unixtime", what="pattern")
    return native("strftime(to_timestamp({0}), {1})", arguments[0], exp.Literal.string(strftime_pattern(pattern)))


_PARTS = {
    "year": "CAST(year({0}) AS INTEGER)",
    "quarter": "CAST(quarter({0}) AS INTEGER)",
    "month": "CAST(month({0}) AS INTEGER)",
    "week": "CAST(weekofyear({0}) AS INTEGER)",
    "day": "CAST(day({0}) AS INTEGER)",
    "dayofmonth": "CAST(day({0}) AS INTEGER)",
    "dayofweek": "CAST(dayofweek({0}) + 1 AS INTEGER)",
    "dow": "CAST(dayofweek({0}) + 1 AS INTEGER)",
    "dayofweek_iso": "CAST(isodow({0}) AS INTEGER)",
    "dayofyear": "CAST(dayofyear({0}) AS INTEGER)",
    "doy": "CAST(dayofyear({0}) AS INTEGER)",
    "hour": "CAST(hour({0}) AS INTEGER)",
    "minute": "CAST(minute({0}) AS INTEGER)",
    "second": "CAST(second({0}) AS INTEGER)",
    "epoch": "epoch({0})",
}


def part_of(name: str, instant: exp.Expr) -> exp.Expr:
    """A field of a date or an instant: ``EXTRACT(YEAR FROM x)``."""
    template = _PARTS.get(name.lower())
    if template is None or name.lower() == "second":
        # Databricks' EXTRACT(SECOND) keeps the fraction; second() does not.
        raise InvalidInput(
            f"EXTRACT and date_part know no field {name!r}.",
            hint="Use second(x)." if template else did_you_mean(name.lower(), _PARTS),
        )
    return native(template, instant)


FUNCTIONS: list[Function] = [
    *scalar("current_date/curdate()", "CAST(now() AS DATE)"),
    *scalar("current_timestamp/now/getdate()", "now()"),
    *scalar("date_add/dateadd(start, days[, instant])", _date_add),
    *scalar("timestampadd(unit, amount, instant)", _add_units),
    *scalar("date_sub(start, days)", "(CAST({0} AS DATE) - CAST({1} AS INTEGER))"),
    *scalar("datediff/date_diff(end, start[, instant])", _difference),
    *scalar("timestampdiff(unit, start, end)", _difference),
    *scalar("add_months(date, months)", "CAST(CAST({0} AS DATE) + to_months(CAST({1} AS INTEGER)) AS DATE)"),
    *scalar("last_day(date)", "last_day({0})"),
    *scalar("date_trunc(unit, instant)", _truncate),
    *scalar("trunc(date, unit)", _truncate_date),
    *scalar("year(instant)", _PARTS["year"]),
    *scalar("quarter(instant)", _PARTS["quarter"]),
    *scalar("month(instant)", _PARTS["month"]),
    *scalar("weekofyear(instant)", _PARTS["week"]),
    *scalar("day/dayofmonth(instant)", _PARTS["day"]),
    *scalar("dayofweek(instant)", _PARTS["dayofweek"]),
    *scalar("weekday(instant)", "CAST(isodow({0}) - 1 AS INTEGER)"),
    *scalar("dayofyear(instant)", _PARTS["dayofyear"]),
    *scalar("hour(instant)", _PARTS["hour"]),
    *scalar("minute(instant)", _PARTS["minute"]),
    *scalar("second(instant)", _PARTS["second"]),
    *scalar("date_part(field, instant)", _part),
    *scalar("date_format(instant, pattern)", _formatted),
    *scalar("to_date(text[, pattern])", _parsed("DATE")),
    *scalar("try_to_date(text[, pattern])", _parsed("DATE", "try_strptime")),
    *scalar("to_timestamp(text[, pattern])", _parsed("TIMESTAMPTZ")),
    *scalar("try_to_timestamp(text[, pattern])", _parsed("TIMESTAMPTZ", "try_strptime")),
    *scalar("date(expr)", "CAST({0} AS DATE)"),
    *scalar("timestamp(expr)", INSTANT),
    *scalar("make_date(year, month, day)", "make_date({0}, {1}, {2})"),
    *scalar("make_timestamp(year, month, day, hour, minute, second)", "timezone('UTC', make_timestamp({*}))"),
    *scalar("unix_timestamp([instant])", {
        0: "CAST(floor(epoch(now())) AS BIGINT)", 1: "CAST(floor(epoch(CAST({0} AS TIMESTAMPTZ))) AS BIGINT)"}),
    *scalar("to_unix_timestamp/unix_seconds(instant)", "CAST(floor(epoch(CAST({0} AS TIMESTAMPTZ))) AS BIGINT)"),
    *scalar("unix_millis(instant)", "epoch_ms(CAST({0} AS TIMESTAMPTZ))"),
    *scalar("unix_micros(instant)", "epoch_us(CAST({0} AS TIMESTAMPTZ))"),
    *scalar("unix_date(date)", "CAST(date_diff('day', DATE '1970-01-01', CAST({0} AS DATE)) AS INTEGER)"),
    *scalar("timestamp_seconds(seconds)", "to_timestamp({0})"),
    *scalar("timestamp_millis(milliseconds)", "timezone('UTC', make_timestamp(CAST({0} AS BIGINT) * 1000))"),
    *scalar("timestamp_micros(microseconds)", "timezone('UTC', make_timestamp(CAST({0} AS BIGINT)))"),
    *scalar("from_unixtime(seconds[, pattern])", _from_unix),
    *scalar("to_utc_timestamp(instant, zone)", "timezone({1}, timezone('UTC', CAST({0} AS TIMESTAMPTZ)))"),
    *scalar("from_utc_timestamp(instant, zone)", "timezone('UTC', timezone({1}, CAST({0} AS TIMESTAMPTZ)))"),
]  # fmt: skip
