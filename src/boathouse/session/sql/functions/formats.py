"""Numbers as people read them: ``format_number`` and ``format_string``.

Java rounds the halves that a person sees up; C, which DuckDB follows, those that are stored. So what is to be rounded
is rounded before it is written.
"""

import re
from collections.abc import Sequence

from sqlglot import exp

from boathouse.foundation.errors import InvalidInput
from boathouse.session.sql.casts import cast
from boathouse.session.sql.dialect import native
from boathouse.session.sql.functions.numbers import ROUND_TO
from boathouse.session.sql.functions.registry import Function, literal_text, scalar
from boathouse.session.sql.problems import Unsupported

_TEXT = exp.DataType(this=exp.DataType.Type.TEXT, nested=False)
_SPECIFIER = re.compile(r"%(?:%|([-0]*)(\d+)?(?:\.(\d+))?([a-zA-Z]))")
_MAX_PLACES = 15


def _format_number(arguments: Sequence[exp.Expr]) -> exp.Expr:
    places = arguments[1]
    if not isinstance(places, exp.Literal) or places.is_string or int(str(places.this)) > _MAX_PLACES:
        raise Unsupported(
            "format_number with a pattern or a computed number of places", hint="Write format_number(x, 2)."
        )
    count = int(str(places.this))
    rounded = f"CAST(round_even(CAST({{0}} AS DECIMAL(38, {_MAX_PLACES + 2})), {count}) AS DECIMAL(38, {count}))"
    whole = f"format('{{{{:,}}}}', CAST(trunc(abs({rounded})) AS HUGEINT))"
    sign = f"CASE WHEN {rounded} < 0 THEN '-' ELSE '' END"
    fraction = f" || '.' || right(CAST({rounded} AS VARCHAR), {count})" if count else ""
    return native(f"({sign} || {whole}{fraction})", arguments[0])


def _format_string(arguments: Sequence[exp.Expr]) -> exp.Expr:
    text = literal_text(arguments[0], function_name="format_string", what="format")
    values: list[exp.Expr] = []
    for match in _SPECIFIER.finditer(text):
        if match.group() == "%%":
            continue
        if len(values) + 1 >= len(arguments):
            raise InvalidInput(f"The format {text!r} has more places than there are values.")
        values.append(_shown(match, arguments[len(values) + 1], text))
    if "%" in _SPECIFIER.sub("", text):
        raise Unsupported(f"The format {text!r}", hint="Use %s, %d, %x, %f, %.2f and %%, with a width or - or 0.")
    holes = "".join(f", {{{i}}}" for i in range(1, len(values) + 1))
    return native(f"printf({{0}}{holes})", exp.Literal.string(text), *values)


def _shown(match: re.Match[str], value: exp.Expr, text: str) -> exp.Expr:
    precision, letter = match.group(3), match.group(4)
    match letter:
        case "s" if precision is None:
            return cast(value, _TEXT)
        case "d" | "x" if precision is None:
            return native("CAST({0} AS BIGINT)", value)
        case "f":
            return native(f"CAST({ROUND_TO} AS DOUBLE)", value, exp.Literal.number(int(precision or 6)))
        case _:
            raise Unsupported(f"{match.group()} in the format {text!r}", hint="Use %s, %d, %x, %f, %.2f and %%.")


FUNCTIONS: list[Function] = [
    *scalar("format_number(expr, places)", _format_number),
    *scalar("format_string/printf(format, ...)", _format_string),
]
