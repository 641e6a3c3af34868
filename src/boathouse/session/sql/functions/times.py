"""Functions of dates and instants. A ``TIMESTAMP`` is an instant in UTC; the engine's time zone is UTC.

Where the two dialects differ in silence: weeks begin on another day number, ``timestampdiff`` counts whole units where
DuckDB's ``date_diff`` counts boundaries, patterns are spelled as in Java, and DuckDB's truncation of a date or its
parsing of a text gives a local time instead of an instant.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlglot import exp

from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.session.sql.casts import cast
from boathouse.session.sql.dialect import native
from boathouse.session.sql.functions.registry import Build, Function, literal_text, scalar
from boathouse.session.sql.intervals import is_interval
from boathouse.session.sql.patterns import Piece, read_text_pattern, written_pieces
from boathouse.session.sql.problems import Unsupported

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
    return native(f"({INSTANT} + {step})", arguments[2], arguments[1])


def _date_add(arguments: Sequence[exp.Expr]) -> exp.Expr:
    if len(arguments) == 3:
        return _add_units(arguments)
    return native("(CAST({0} AS DATE) + CAST({1} AS INTEGER))", *arguments)


def _difference(arguments: Sequence[exp.Expr]) -> exp.Expr:
    if len(arguments) == 2:
        return native("CAST(date_diff('day', CAST({1} AS DATE), CAST({0} AS DATE)) AS INTEGER)", *arguments)
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
    return written(arguments[0], pattern)


def written(instant: exp.Expr, pattern: str) -> exp.Expr:
    """An instant as text: the engine's own codes, and what it has no code for beside them."""
    parts = [
        f"strftime({INSTANT}, {_quoted(text)})" if piece is Piece.CODES else _SPELLED[piece].replace("{n}", text)
        for piece, text in written_pieces(pattern)
    ]
    return native(f"({' || '.join(parts)})" if parts else "''", instant)


_SPELLED = {
    Piece.QUARTER: f"lpad(CAST(quarter({INSTANT}) AS VARCHAR), {{n}}, '0')",
    Piece.HOUR_FROM_0: f"format('{{{{:0{{n}}d}}}}', hour({INSTANT}) % 12)",
    Piece.HOUR_TO_24: f"format('{{{{:0{{n}}d}}}}', CASE WHEN hour({INSTANT}) = 0 THEN 24 ELSE hour({INSTANT}) END)",
    Piece.FRACTION: f"rpad(left(strftime({INSTANT}, '%f'), {{n}}), {{n}}, '0')",
}


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''").replace("{", "{{").replace("}", "}}") + "'"


def _parsed(result: str, *, tolerant: bool = False) -> Build:
    def build(arguments: Sequence[exp.Expr]) -> exp.Expr:
        if len(arguments) == 1:
            kind = exp.DataType(this=_TYPES[result], nested=False)
            return cast(arguments[0], kind, is_try=tolerant)
        pattern = literal_text(arguments[1], function_name="to_date and to_timestamp", what="pattern")
        return parsed(arguments[0], pattern, result, tolerant=tolerant)

    return build


def parsed(text: exp.Expr, pattern: str, result: str, *, tolerant: bool = False) -> exp.Expr:
    """A text by a pattern. The text must have the pattern's shape: DuckDB alone would also take fewer digits."""
    read = read_text_pattern(pattern)
    parse = "try_strptime" if tolerant else "strptime"
    bad = "NULL" if tolerant else (
        "error('The text ' || CAST({0} AS VARCHAR) || ' does not have the form ' || {3} || "
        "'. Use try_to_timestamp to get NULL instead.')"
    )  # fmt: skip
    if read.has_zone:
        text = native("regexp_replace({0}, 'Z$', '+00')", text)
        read = replace(read, shape=read.shape.replace("Z|", ""))
    return native(
        f"CAST(CASE WHEN ({{0}}) IS NULL THEN NULL WHEN regexp_full_match({{0}}, {{1}}) "
        f"THEN {parse}({{4}} || ({{0}}), {{2}}) ELSE {bad} END AS {result})",
        text,
        *map(exp.Literal.string, (read.shape, read.codes, pattern, read.prefix)),
    )


_TYPES = {
    "DATE": exp.DataType.Type.DATE,
    "TIMESTAMPTZ": exp.DataType.Type.TIMESTAMPTZ,
    "TIMESTAMP": exp.DataType.Type.TIMESTAMPNTZ,
}


def _seconds(arguments: Sequence[exp.Expr]) -> exp.Expr:
    if not arguments:
        return native("CAST(floor(epoch(now())) AS BIGINT)")
    instant = arguments[0]
    if len(arguments) == 2:
        pattern = literal_text(arguments[1], function_name="unix_timestamp", what="pattern")
        instant = parsed(instant, pattern, "TIMESTAMPTZ")
    return native(f"CAST(floor(epoch({INSTANT})) AS BIGINT)", instant)


def _from_unix(arguments: Sequence[exp.Expr]) -> exp.Expr:
    pattern = "yyyy-MM-dd HH:mm:ss"
    if len(arguments) == 2:
        pattern = literal_text(arguments[1], function_name="from_unixtime", what="pattern")
    return written(native("to_timestamp(CAST(trunc({0}) AS BIGINT))", arguments[0]), pattern)


_DAYS_OF_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _next_day(arguments: Sequence[exp.Expr]) -> exp.Expr:
    name = literal_text(arguments[1], function_name="next_day", what="day of the week").strip().lower()
    found = [i for i, day in enumerate(_DAYS_OF_WEEK, start=1) if name in (day, day[:3], day[:2])]
    if not found:
        raise InvalidInput(f"{name!r} is no day of the week.", hint="Write 'Monday', 'Mon' or 'MO'.")
    day = "CAST({0} AS DATE)"
    return native(f"({day} + CAST((6 + {found[0]} - isodow({day})) % 7 + 1 AS INTEGER))", arguments[0])


_IS_LAST = "day({0}) = day(last_day({0}))"
_FIRST_DAY, _SECOND_DAY = "CAST({0} AS TIMESTAMPTZ)", "CAST({1} AS TIMESTAMPTZ)"
_MONTHS_BETWEEN = (
    f"CASE WHEN day({_FIRST_DAY}) = day({_SECOND_DAY}) "
    f"OR ({_IS_LAST.replace('{0}', _FIRST_DAY)} AND {_IS_LAST.replace('{0}', _SECOND_DAY)}) "
    f"THEN CAST(date_diff('month', {_SECOND_DAY}, {_FIRST_DAY}) AS DOUBLE) "
    f"ELSE date_diff('month', {_SECOND_DAY}, {_FIRST_DAY}) + (({_START} - {_END}) / 1000000.0) / 2678400.0 END"
)
"""A month has 31 days here, except between equal days and between last days."""


def _months_between(arguments: Sequence[exp.Expr]) -> exp.Expr:
    is_rounded = len(arguments) == 2 or (isinstance(arguments[2], exp.Boolean) and bool(arguments[2].this))
    if len(arguments) == 3 and not isinstance(arguments[2], exp.Boolean):
        raise InvalidInput("Whether months_between rounds must be true or false.")
    return native(f"round({_MONTHS_BETWEEN}, 8)" if is_rounded else _MONTHS_BETWEEN, *arguments[:2])


def _convert_zone(arguments: Sequence[exp.Expr]) -> exp.Expr:
    source, target, instant = arguments if len(arguments) == 3 else [exp.Literal.string("UTC"), *arguments]
    return native("timezone({1}, timezone({0}, CAST({2} AS TIMESTAMP)))", source, target, instant)


_LENGTHS = ("to_years", "to_months", "to_weeks", "to_days", "to_hours", "to_minutes", "to_seconds")


def _interval_of(functions: Sequence[str]) -> Build:
    def build(arguments: Sequence[exp.Expr]) -> exp.Expr:
        parts = [
            f"to_microseconds(CAST(round(({{{i}}}) * 1000000) AS BIGINT))" if name == "to_seconds"
            else f"{name}(CAST({{{i}}} AS INTEGER))"
            for i, name in enumerate(functions[: len(arguments)])
        ]  # fmt: skip
        return native("(" + " + ".join(parts) + ")" if parts else "to_days(0)", *arguments)

    return build


_DATE, _TIME = "CAST({0} AS DATE)", INSTANT
_PARTS = {
    "year": f"CAST(year({_DATE}) AS INTEGER)",
    "yearofweek": f"CAST(isoyear({_DATE}) AS INTEGER)",
    "quarter": f"CAST(quarter({_DATE}) AS INTEGER)",
    "month": f"CAST(month({_DATE}) AS INTEGER)",
    "week": f"CAST(weekofyear({_DATE}) AS INTEGER)",
    "day": f"CAST(day({_DATE}) AS INTEGER)",
    "dayofweek": f"CAST(dayofweek({_DATE}) + 1 AS INTEGER)",
    "dayofweek_iso": f"CAST(isodow({_DATE}) AS INTEGER)",
    "dayofyear": f"CAST(dayofyear({_DATE}) AS INTEGER)",
    "hour": f"CAST(hour({_TIME}) AS INTEGER)",
    "minute": f"CAST(minute({_TIME}) AS INTEGER)",
    "second": f"CAST(microsecond({_TIME}) / 1000000.0 AS DECIMAL(8, 6))",
}
_WHOLE_SECOND = f"CAST(second({_TIME}) AS INTEGER)"
_OTHER_NAMES = {
    "y": "year", "years": "year", "yr": "year", "yrs": "year", "qtr": "quarter", "mon": "month", "mons": "month",
    "months": "month", "w": "week", "weeks": "week", "d": "day", "days": "day", "dayofmonth": "day",
    "dow": "dayofweek", "dow_iso": "dayofweek_iso", "doy": "dayofyear", "h": "hour", "hours": "hour", "hr": "hour",
    "hrs": "hour", "m": "minute", "min": "minute", "mins": "minute", "minutes": "minute", "s": "second",
    "sec": "second", "seconds": "second", "secs": "second",
}  # fmt: skip
_OF_INTERVALS = ("year", "month", "day", "hour", "minute")


def part_of(name: str, instant: exp.Expr) -> exp.Expr:
    """A field of a date, an instant or an interval: ``EXTRACT(YEAR FROM x)``; seconds with their fraction."""
    field = _OTHER_NAMES.get(name.lower(), name.lower())
    template = _PARTS.get(field)
    if template is None:
        raise InvalidInput(
            f"EXTRACT and date_part know no field {name!r}.", hint=did_you_mean(name.lower(), [*_PARTS, *_OTHER_NAMES])
        )
    if is_interval(instant):
        if field not in _OF_INTERVALS:
            raise Unsupported(f"The field {name} of an interval")
        return native(f"CAST({field}({{0}}) AS INTEGER)", instant)
    return native(template, instant)


_MADE = "make_timestamp({0}, {1}, {2}, {3}, {4}, {5})"

FUNCTIONS: list[Function] = [
    *scalar("current_date/curdate()", "CAST(now() AS DATE)"),
    *scalar("current_timestamp/now/getdate()", "now()"),
    *scalar("date_add/dateadd(start, days[, instant])", _date_add),
    *scalar("timestampadd(unit, amount, instant)", _add_units),
    *scalar("date_sub(start, days)", "(CAST({0} AS DATE) - CAST({1} AS INTEGER))"),
    *scalar("datediff/date_diff(end, start[, instant])", _difference),
    *scalar("timestampdiff(unit, start, end)", _difference),
    *scalar("add_months(date, months)", "CAST(CAST({0} AS DATE) + to_months(CAST({1} AS INTEGER)) AS DATE)"),
    *scalar("last_day(date)", "last_day(CAST({0} AS DATE))"),
    *scalar("next_day(date, day_of_week)", _next_day),
    *scalar("months_between(end, start[, round])", _months_between),
    *scalar("dayname(date)", "strftime(CAST({0} AS DATE), '%a')"),
    *scalar("monthname(date)", "strftime(CAST({0} AS DATE), '%b')"),
    *scalar("date_trunc(unit, instant)", _truncate),
    *scalar("trunc(date, unit)", _truncate_date),
    *scalar("year(instant)", _PARTS["year"]),
    *scalar("quarter(instant)", _PARTS["quarter"]),
    *scalar("month(instant)", _PARTS["month"]),
    *scalar("weekofyear(instant)", _PARTS["week"]),
    *scalar("day/dayofmonth(instant)", _PARTS["day"]),
    *scalar("dayofweek(instant)", _PARTS["dayofweek"]),
    *scalar("weekday(instant)", f"CAST(isodow({_DATE}) - 1 AS INTEGER)"),
    *scalar("dayofyear(instant)", _PARTS["dayofyear"]),
    *scalar("hour(instant)", _PARTS["hour"]),
    *scalar("minute(instant)", _PARTS["minute"]),
    *scalar("second(instant)", _WHOLE_SECOND),
    *scalar("date_part/datepart(field, instant)", _part),
    *scalar("date_format(instant, pattern)", _formatted),
    *scalar("to_date(text[, pattern])", _parsed("DATE")),
    *scalar("try_to_date(text[, pattern])", _parsed("DATE", tolerant=True)),
    *scalar("to_timestamp(text[, pattern])", _parsed("TIMESTAMPTZ")),
    *scalar("try_to_timestamp(text[, pattern])", _parsed("TIMESTAMPTZ", tolerant=True)),
    *scalar("to_timestamp_ntz(text[, pattern])", _parsed("TIMESTAMP")),
    *scalar("make_date(year, month, day)", "make_date({0}, {1}, {2})"),
    *scalar("make_timestamp(year, month, day, hour, minute, second[, zone])", {
        6: f"timezone('UTC', {_MADE})", 7: f"timezone({{6}}, {_MADE})"}),
    *scalar("try_make_timestamp(year, month, day, hour, minute, second)", f"TRY(timezone('UTC', {_MADE}))"),
    *scalar("make_timestamp_ntz(year, month, day, hour, minute, second)", _MADE),
    *scalar("make_interval([years][, months][, weeks][, days][, hours][, minutes][, seconds])", _interval_of(_LENGTHS)),
    *scalar("make_dt_interval([days][, hours][, minutes][, seconds])", _interval_of(_LENGTHS[3:])),
    *scalar("make_ym_interval([years][, months])", _interval_of(_LENGTHS[:2])),
    *scalar("unix_timestamp([instant][, pattern])", _seconds),
    *scalar("to_unix_timestamp(instant[, pattern])", _seconds),
    *scalar("unix_seconds(instant)", "CAST(floor(epoch(CAST({0} AS TIMESTAMPTZ))) AS BIGINT)"),
    *scalar("unix_millis(instant)", "epoch_ms(CAST({0} AS TIMESTAMPTZ))"),
    *scalar("unix_micros(instant)", "epoch_us(CAST({0} AS TIMESTAMPTZ))"),
    *scalar("unix_date(date)", "CAST(date_diff('day', DATE '1970-01-01', CAST({0} AS DATE)) AS INTEGER)"),
    *scalar("date_from_unix_date(days)", "(DATE '1970-01-01' + CAST({0} AS INTEGER))"),
    *scalar("timestamp_seconds(seconds)",
            "timezone('UTC', make_timestamp(CAST(CAST({0} AS DECIMAL(38, 6)) * 1000000 AS BIGINT)))"),
    *scalar("timestamp_millis(milliseconds)", "timezone('UTC', make_timestamp(CAST({0} AS BIGINT) * 1000))"),
    *scalar("timestamp_micros(microseconds)", "timezone('UTC', make_timestamp(CAST({0} AS BIGINT)))"),
    *scalar("from_unixtime(seconds[, pattern])", _from_unix),
    *scalar("to_utc_timestamp(instant, zone)", "timezone({1}, timezone('UTC', CAST({0} AS TIMESTAMPTZ)))"),
    *scalar("convert_timezone(source_or_target, target_or_instant[, instant])", _convert_zone),
    *scalar("current_timezone()", "'UTC'"),
    *scalar("localtimestamp()", "CAST(now() AS TIMESTAMP)"),
    *scalar("from_utc_timestamp(instant, zone)", "timezone('UTC', timezone({1}, CAST({0} AS TIMESTAMPTZ)))"),
]  # fmt: skip
