"""Types and casts, with Databricks' meaning.

A number is cut, not rounded, when it becomes an integer; an instant has no ``+00`` when it becomes text; a text that is
no integer is an error. The type of what is cast is known only to the engine, so the cast asks it: ``typeof`` of an
expression is a constant to DuckDB, and only the branch of the real type remains in its plan.
"""

from sqlglot import exp

from boathouse.session.sql.dialect import native
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
    if target in _INTEGERS and not _is_integer(value):
        return native(_to_integer(plain, target, verb), value)
    if target == "VARCHAR" and not isinstance(value, exp.Literal):
        return native(_to_text(plain), value)
    return native(plain, value)


def _is_integer(value: exp.Expr) -> bool:
    return isinstance(value, exp.Literal) and not value.is_string and str(value.this).isdigit()


def _to_integer(plain: str, target: str, verb: str) -> str:
    whole_digits = f"{verb}(split_part(CAST({{0}} AS VARCHAR), '.', 1) AS {target})"
    cut = f"{verb}(trunc(TRY_CAST({{0}} AS DOUBLE)) AS {target})"
    digits = "regexp_full_match(CAST({0} AS VARCHAR), '\\s*[+-]?[0-9]+\\s*')"
    bad = "NULL" if verb == "TRY_CAST" else f"error('The text ' || CAST({{0}} AS VARCHAR) || ' is not a {target}.')"
    return (
        "CASE WHEN typeof({0}) IN ('FLOAT', 'DOUBLE') THEN " + cut
        + " WHEN typeof({0}) LIKE 'DECIMAL(%' THEN " + whole_digits
        + f" WHEN typeof({{0}}) = 'VARCHAR' AND ({{0}}) IS NOT NULL AND NOT {digits} THEN {bad}"
        + f" ELSE {plain} END"
    )  # fmt: skip


def _to_text(plain: str) -> str:
    return (
        "CASE WHEN typeof({0}) = 'TIMESTAMP WITH TIME ZONE' THEN regexp_replace(CAST({0} AS VARCHAR), '[+-]00$', '')"
        f" WHEN typeof({{0}}) = 'BLOB' THEN decode(TRY_CAST({{0}} AS BLOB)) ELSE {plain} END"
    )


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
