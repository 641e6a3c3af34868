"""Types and casts, with Databricks' meaning.

A number is cut, not rounded, when it becomes an integer; an instant has no ``+00`` when it becomes text; a text that is
no integer is an error. The type of what is cast is known only to the engine, so the cast asks it: ``typeof`` of an
expression is a constant to DuckDB, and only the branch of the real type remains in its plan.
"""

import re

from sqlglot import exp

from boathouse.foundation.errors import InvalidInput
from boathouse.session.sql.dialect import native, native_scalar
from boathouse.session.sql.problems import Unsupported

DType = exp.DataType.Type
_PLAIN = {
    DType.BOOLEAN: "BOOLEAN",
    DType.TINYINT: "TINYINT",
    DType.SMALLINT: "SMALLINT",
    DType.INT: "INTEGER",
    DType.BIGINT: "BIGINT",
    DType.FLOAT: "REAL",
    DType.DOUBLE: "DOUBLE",
    DType.TEXT: "VARCHAR",
    DType.VARCHAR: "VARCHAR",
    DType.CHAR: "VARCHAR",
    DType.BINARY: "BLOB",
    DType.VARBINARY: "BLOB",
    DType.DATE: "DATE",
    DType.TIMESTAMPTZ: "TIMESTAMPTZ",
    DType.TIMESTAMPLTZ: "TIMESTAMPTZ",
    DType.TIMESTAMP: "TIMESTAMPTZ",
    DType.TIMESTAMPNTZ: "TIMESTAMP",
}
_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT")
MAX_PRECISION = 38


def engine_type(kind: exp.DataType) -> str:
    """The engine's spelling of a Databricks type.

    Raises:
        Unsupported: There is no such type here.
    """
    match kind.this:
        case DType.DECIMAL:
            return _decimal(kind)
        case DType.ARRAY:
            return f"{engine_type(_parameter(kind, 0))}[]"
        case DType.MAP:
            return f"MAP({engine_type(_parameter(kind, 0))}, {engine_type(_parameter(kind, 1))})"
        case DType.STRUCT:
            return f"STRUCT({', '.join(map(_field, kind.expressions))})"
        case plain if plain in _PLAIN:
            return _PLAIN[plain]
        case _:
            raise Unsupported(f"The type {kind.sql(dialect='databricks')}")


def _decimal(kind: exp.DataType) -> str:
    numbers = [int(parameter.name) for parameter in kind.expressions] or [10, 0]
    precision, scale = numbers[0], numbers[1] if len(numbers) > 1 else 0
    if not (1 <= precision <= MAX_PRECISION and 0 <= scale <= precision):
        raise Unsupported(f"The type DECIMAL({precision},{scale})")
    return f"DECIMAL({precision}, {scale})"


def _parameter(kind: exp.DataType, index: int) -> exp.DataType:
    try:
        parameter = kind.expressions[index]
    except IndexError:
        parameter = None
    if not isinstance(parameter, exp.DataType):
        raise Unsupported(f"The type {kind.sql(dialect='databricks')} without the type of its elements")
    return parameter


def _field(field: exp.Expr) -> str:
    kind = field.args.get("kind")
    if not isinstance(field, exp.ColumnDef) or not isinstance(kind, exp.DataType):
        raise Unsupported(f"The struct field {field.sql(dialect='databricks')}")
    return f'"{field.name.replace(chr(34), chr(34) * 2)}" {engine_type(kind)}'


def cast(value: exp.Expr, kind: exp.DataType, *, is_try: bool = False) -> exp.Expr:
    """``CAST(value AS kind)``, or ``TRY_CAST``."""
    target = engine_type(kind)
    verb = "TRY_CAST" if is_try else "CAST"
    plain = f"{verb}({{0}} AS {_escaped(target)})"
    if kind.this is DType.ARRAY:
        return _each_element(value, _parameter(kind, 0), is_try=is_try)
    if kind.this in (DType.MAP, DType.STRUCT) and _holds_integers(kind):
        raise Unsupported(
            f"A cast to {kind.sql(dialect='databricks')}", hint="Cast the values one by one, then build it again."
        )
    if target in _INTEGERS and not _is_integer(value):
        return native_scalar(_to_integer(plain, target, verb), value)
    if target in ("DOUBLE", "REAL") or target.startswith("DECIMAL"):
        return _to_number(value, plain, target, verb)
    if target in _FORMS:
        is_text = isinstance(value, exp.Literal) and value.is_string
        return _literal_instant(value, kind, target, is_try=is_try) if is_text else _to_instant(value, target, verb)
    if target == "VARCHAR" and not is_own_text(value):
        return native_scalar(_to_text(plain), value)
    return native(plain, value)


def is_own_text(value: exp.Expr) -> bool:
    """Whether a literal is spelled by both engines as it stands there: a text, or a number without an exponent."""
    return isinstance(value, exp.Literal) and (value.is_string or "E" not in str(value.this).upper())


def as_text(value: exp.Expr) -> exp.Expr:
    """``CAST(value AS STRING)``, where a text is wanted and nobody has written the cast."""
    return cast(value, exp.DataType.build("STRING", dialect="databricks"), is_try=False)


def _each_element(value: exp.Expr, element: exp.DataType, *, is_try: bool) -> exp.Expr:
    """Element by element: DuckDB's own cast of a list would round where Databricks cuts."""
    if isinstance(value, exp.Null):
        return native(f"CAST(NULL AS {_escaped(engine_type(element))}[])")
    name = f"cast{sum(1 for _ in element.walk())}_"
    return native(f"list_transform({{0}}, lambda {name}: {{1}})", value, cast(native(name), element, is_try=is_try))


def _holds_integers(kind: exp.DataType) -> bool:
    """Whether a cast to a map or a struct would have to cut numbers inside of it."""
    plain = [each for each in kind.find_all(exp.DataType) if each.this in _PLAIN]
    return any(_PLAIN[each.this] in _INTEGERS for each in plain)


def _is_integer(value: exp.Expr) -> bool:
    return isinstance(value, exp.Literal) and not value.is_string and str(value.this).isdigit()


WORDS = {
    "INTEGER": "INT",
    "TIMESTAMPTZ": "TIMESTAMP",
    "TIMESTAMP": "TIMESTAMP_NTZ",
    "REAL": "FLOAT",
    "VARCHAR": "STRING",
    "BLOB": "BINARY",
}
"""Databricks' word for a type of the engine, where it is another."""

_IS_TEXT = "typeof({0}) = 'VARCHAR' AND ({0}) IS NOT NULL"
_IS_INSTANT = "typeof({0}) = 'TIMESTAMP WITH TIME ZONE'"
_MICROS = "epoch_us(TRY_CAST({0} AS TIMESTAMPTZ))"


def _failed(target: str, verb: str) -> str:
    """What a text that has no such form becomes."""
    if verb == "TRY_CAST":
        return "NULL"
    return (
        "error('The value ''' || CAST({0} AS VARCHAR) || ''' of the type \"STRING\" cannot be cast to "
        f'"{WORDS.get(target, target)}" because it is malformed. Use try_cast to get NULL instead.\')'
    )


def _to_integer(plain: str, target: str, verb: str) -> str:
    whole_digits = f"{verb}(split_part(CAST({{0}} AS VARCHAR), '.', 1) AS {target})"
    cut = f"{verb}(trunc(TRY_CAST({{0}} AS DOUBLE)) AS {target})"
    digits = "regexp_full_match(CAST({0} AS VARCHAR), '\\s*[+-]?[0-9]+\\s*')"
    return (
        "CASE WHEN typeof({0}) IN ('FLOAT', 'DOUBLE') THEN " + cut
        + " WHEN typeof({0}) LIKE 'DECIMAL(%' THEN " + whole_digits
        + f" WHEN {_IS_INSTANT} THEN {verb}(floor({_MICROS} / 1000000) AS {target})"
        + f" WHEN {_IS_TEXT} AND NOT {digits} THEN {_failed(target, verb)}"
        + f" ELSE {plain} END"
    )  # fmt: skip


_NUMBER = r"(?i)\s*[+-]?(([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?|inf(inity)?|nan)\s*"


def _to_number(value: exp.Expr, plain: str, target: str, verb: str) -> exp.Expr:
    """DuckDB would let digits be grouped by ``_``, and reads hexadecimal numbers."""
    if isinstance(value, exp.Literal) and not value.is_string:
        return native(plain, value)
    return native_scalar(
        f"CASE WHEN {_IS_TEXT} AND NOT regexp_full_match(CAST({{0}} AS VARCHAR), {{1}}) "
        f"THEN {_failed(target, verb)} "
        f"WHEN {_IS_INSTANT} THEN {verb}({_MICROS} / 1000000 AS {_escaped(target)}) ELSE {plain} END",
        value,
        exp.Literal.string(_NUMBER),
    )


_DATE = r"\s*\d{4,7}(-\d{1,2}(-\d{1,2}([ T].*)?)?)?\s*"
_CLOCK = r"\d{1,2}:\d{1,2}(:\d{1,2}(\.\d*)?)?"
_ZONE = r"([A-Za-z][A-Za-z/_]*([+-]\d{1,2}(:?\d{2})?)?|[+-]\d{1,2}(:?\d{2})?)"
_INSTANT = rf"\s*\d{{4,7}}(-\d{{1,2}}(-\d{{1,2}}([ T]({_CLOCK}\s*{_ZONE}?)?)?)?)?\s*"
_FORMS = {"DATE": _DATE, "TIMESTAMPTZ": _INSTANT, "TIMESTAMP": _INSTANT}
"""What Databricks reads: no ``epoch``, no slashes. A year, or a year and a month, mean their first day."""


def _to_instant(value: exp.Expr, target: str, verb: str) -> exp.Expr:
    text = "CAST({0} AS VARCHAR)"
    whole = f"regexp_replace(regexp_replace(trim({text}), '^([0-9]+)$', '\\1-01-01'), '^([0-9]+-[0-9]+)$', '\\1-01')"
    if target == "DATE":
        whole = f"regexp_replace({whole}, '[ T].*$', '')"
    cases = (
        f"WHEN {_IS_TEXT} THEN CASE WHEN regexp_full_match({text}, {{1}}) "
        f"THEN {verb}({whole} AS {target}) ELSE {_failed(target, verb)} END"
    )
    if target == "TIMESTAMPTZ":
        micros = "make_timestamp(CAST(round(TRY_CAST({0} AS DOUBLE) * 1000000) AS BIGINT))"
        cases += (
            " WHEN typeof({0}) IN ('TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'DOUBLE', 'FLOAT') "
            f"OR typeof({{0}}) LIKE 'DECIMAL(%' THEN timezone('UTC', {micros})"
        )
    form = exp.Literal.string(_FORMS[target])
    return native_scalar(f"CASE {cases} ELSE {verb}({{0}} AS {target}) END", value, form)


_SHORT = re.compile(r"(\d+)(-\d+)?")


def _literal_instant(value: exp.Expr, kind: exp.DataType, target: str, *, is_try: bool) -> exp.Expr:
    """A text that is written out is read here, so that the engine sees a constant: ``DATE'2020-01-02'``."""
    text = str(value.this)
    if not re.fullmatch(_FORMS[target], text):
        if is_try:
            return native(f"CAST(NULL AS {target})")
        name = kind.sql(dialect="databricks")
        raise InvalidInput(
            f'The value {text!r} of the type "STRING" cannot be cast to "{name}" because it is malformed.',
            hint="Write it as 2013-06-30 or 2013-06-30 12:00:00, or use try_cast to get NULL instead.",
        )
    text = text.strip()
    if short := _SHORT.fullmatch(text):
        text = f"{short[1]}{short[2] or '-01'}-01"
    elif target == "DATE":
        text = re.split("[ T]", text, maxsplit=1)[0]
    return native(f"{'TRY_CAST' if is_try else 'CAST'}({{0}} AS {target})", exp.Literal.string(text))


def _to_text(plain: str) -> str:
    nested = "error('A cast of an ARRAY, MAP or STRUCT to STRING is not supported; use array_join, or take its parts.')"
    return (
        f"CASE WHEN {_IS_INSTANT} THEN regexp_replace(CAST({{0}} AS VARCHAR), '[+-]00$', '')"
        " WHEN typeof({0}) = 'BLOB' THEN decode(TRY_CAST({0} AS BLOB))"
        " WHEN typeof({0}) = 'DOUBLE' THEN __rule_double_text(TRY_CAST({0} AS DOUBLE))"
        " WHEN typeof({0}) = 'FLOAT' THEN __rule_double_text(TRY_CAST({0} AS FLOAT))"
        " WHEN typeof({0}) LIKE '%]' OR typeof({0}) LIKE 'MAP(%' OR typeof({0}) LIKE 'STRUCT(%' "
        f"THEN {nested} ELSE {plain} END"
    )


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
