"""A type's name as a function: ``int(x)`` is ``CAST(x AS INT)``."""

from collections.abc import Sequence

from sqlglot import exp

from boathouse.session.sql.casts import cast
from boathouse.session.sql.functions.registry import Build, Function, scalar

DType = exp.DataType.Type
_TYPES = {
    "boolean": DType.BOOLEAN,
    "tinyint": DType.TINYINT,
    "smallint": DType.SMALLINT,
    "int": DType.INT,
    "bigint": DType.BIGINT,
    "float": DType.FLOAT,
    "double": DType.DOUBLE,
    "decimal": DType.DECIMAL,
    "string": DType.TEXT,
    "binary": DType.BINARY,
    "date": DType.DATE,
    "timestamp": DType.TIMESTAMPTZ,
}


def _casting(kind: DType) -> Build:
    def build(arguments: Sequence[exp.Expr]) -> exp.Expr:
        return cast(arguments[0], exp.DataType(this=kind, nested=False))

    return build


FUNCTIONS: list[Function] = [
    function for name, kind in _TYPES.items() for function in scalar(f"{name}(expr)", _casting(kind))
]
