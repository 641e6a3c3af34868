"""Text as bytes and back. Text is UTF-8 here; other character sets are refused."""

from collections.abc import Sequence

from sqlglot import exp

from boathouse.session.sql.dialect import native
from boathouse.session.sql.functions.registry import literal_text
from boathouse.session.sql.problems import Unsupported

BYTES = "CASE WHEN typeof({0}) = 'BLOB' THEN TRY_CAST({0} AS BLOB) ELSE encode(CAST({0} AS VARCHAR)) END"
"""The bytes of ``{0}``, a text or bytes already."""


def encoded(arguments: Sequence[exp.Expr]) -> exp.Expr:
    _require_utf8(arguments[1], "encode")
    return native("encode(CAST({0} AS VARCHAR))", arguments[0])


def decoded(arguments: Sequence[exp.Expr]) -> exp.Expr:
    _require_utf8(arguments[1], "decode")
    return native("decode({0})", arguments[0])


def _require_utf8(argument: exp.Expr, function_name: str) -> None:
    name = literal_text(argument, function_name=function_name, what="character set")
    if name.upper().replace("-", "") not in ("UTF8", "USASCII"):
        raise Unsupported(f"The character set {name}", hint="Text is UTF-8.")
