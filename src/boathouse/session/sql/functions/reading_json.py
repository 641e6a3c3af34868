"""``from_json``: a JSON text by a schema that is written out.

Each field is taken by its own type: what has another one is null, and so is every field of a text that is no JSON. That
is Databricks' PERMISSIVE mode; DuckDB's own reader would round 1.5 into an ``INT``.
"""

from collections.abc import Sequence

from sqlglot import exp
from sqlglot.errors import ParseError

from boathouse.foundation.errors import InvalidInput
from boathouse.session.sql.casts import DType, engine_type
from boathouse.session.sql.dialect import DatabricksSql, engine_sql, native
from boathouse.session.sql.functions.registry import Function, literal_text, scalar
from boathouse.session.sql.problems import Unsupported

_WHOLE = (DType.TINYINT, DType.SMALLINT, DType.INT, DType.BIGINT)
_BROKEN = (DType.FLOAT, DType.DOUBLE, DType.DECIMAL)
_INSTANTS = (DType.DATE, DType.TIMESTAMPTZ, DType.TIMESTAMP, DType.TIMESTAMPNTZ)


def _schema(text: str) -> exp.DataType:
    for spelled in (text, f"STRUCT<{text}>"):
        try:
            return exp.DataType.build(spelled, dialect=DatabricksSql)
        except (ParseError, ValueError):
            continue
    raise InvalidInput(f"{text!r} is not a schema.", hint="Write it as 'a INT, b ARRAY<STRING>'.")


def _value(kind: exp.DataType, json: str, depth: int = 0) -> str:
    """A template for the value of a piece of JSON that ``json`` names."""
    match kind.this:
        case DType.STRUCT:
            fields = [_field(each, json, depth) for each in kind.expressions]
            return f"CASE WHEN json_type({json}) = 'OBJECT' THEN struct_pack({', '.join(fields)}) END"
        case DType.ARRAY:
            item = f"item{depth}_"
            each = _value(_inner(kind, 0), item, depth + 1)
            made = f"list_transform(TRY_CAST({json} AS JSON[]), lambda {item}: {each})"
            return f"CASE WHEN json_type({json}) = 'ARRAY' THEN {made} END"
        case DType.MAP:
            key = f"key{depth}_"
            each = _value(_inner(kind, 1), f"""json_extract({json}, '$."' || {key} || '"')""", depth + 1)
            entries = f"list_transform(json_keys({json}), lambda {key}: struct_pack(key := {key}, value := {each}))"
            return f"CASE WHEN json_type({json}) = 'OBJECT' THEN map_from_entries({entries}) END"
        case _:
            return _plain(kind, json)


def _plain(kind: exp.DataType, json: str) -> str:
    text = f"json_extract_string({json}, '$')"
    cast = f"TRY_CAST({text} AS {engine_type(kind)})"
    match kind.this:
        case DType.TEXT | DType.VARCHAR | DType.CHAR:
            return text
        case DType.BOOLEAN:
            return f"CASE WHEN json_type({json}) = 'BOOLEAN' THEN {cast} END"
        case whole if whole in _WHOLE:
            return f"CASE WHEN json_type({json}) IN ('BIGINT', 'UBIGINT') THEN {cast} END"
        case broken if broken in _BROKEN:
            return f"CASE WHEN json_type({json}) IN ('BIGINT', 'UBIGINT', 'DOUBLE') THEN {cast} END"
        case instant if instant in _INSTANTS:
            return f"CASE WHEN json_type({json}) = 'VARCHAR' THEN {cast} END"
        case _:
            raise Unsupported(f"{kind.sql(dialect='databricks')} in the schema of from_json")


def _field(field: exp.Expr, json: str, depth: int) -> str:
    kind = field.args.get("kind")
    if not isinstance(field, exp.ColumnDef) or not isinstance(kind, exp.DataType):
        raise InvalidInput(f"{field.sql(dialect='databricks')} is not a field of a schema.")
    if '"' in field.name or "'" in field.name:
        raise Unsupported(f"A quote in the field {field.name}")
    escaped = field.name.replace("{", "{{").replace("}", "}}")
    name = engine_sql(exp.to_identifier(field.name, quoted=True)).replace("{", "{{").replace("}", "}}")
    return f"{name} := " + _value(kind, f"""json_extract({json}, '$."{escaped}"')""", depth)


def _inner(kind: exp.DataType, index: int) -> exp.DataType:
    inner = kind.expressions[index] if len(kind.expressions) > index else None
    if not isinstance(inner, exp.DataType):
        raise InvalidInput(f"{kind.sql(dialect='databricks')} does not say what it holds.")
    if kind.this is DType.MAP and kind.expressions[0].this is not DType.TEXT:
        raise Unsupported("A map with keys other than STRING in the schema of from_json")
    return inner


def _from_json(arguments: Sequence[exp.Expr]) -> exp.Expr:
    kind = _schema(literal_text(arguments[1], function_name="from_json", what="schema"))
    if kind.this not in (DType.STRUCT, DType.ARRAY, DType.MAP):
        raise InvalidInput("The schema of from_json must be fields, an ARRAY or a MAP.")
    otherwise = ""
    if kind.this is DType.STRUCT:
        otherwise = f" WHEN ({{0}}) IS NOT NULL THEN {_value(kind, _EMPTY)}"
    return native(f"CASE WHEN json_valid({{0}}) THEN {_value(kind, _GIVEN)}{otherwise} END", arguments[0])


_GIVEN, _EMPTY = "TRY_CAST({0} AS JSON)", "CAST('{{}}' AS JSON)"

FUNCTIONS: list[Function] = scalar("from_json(str, schema)", _from_json)
