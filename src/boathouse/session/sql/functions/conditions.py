"""Functions that choose between values, that fail on purpose, or that tell about the query itself."""

from collections.abc import Sequence

from sqlglot import exp

from boathouse.session.sql.dialect import native
from boathouse.session.sql.functions.charsets import decoded
from boathouse.session.sql.functions.registry import Function, scalar

_WORDS = {
    "TIMESTAMP WITH TIME ZONE": "timestamp",
    "TIMESTAMP": "timestamp_ntz",
    "VARCHAR": "string",
    "INTEGER": "int",
    "FLOAT": "float",
    "BLOB": "binary",
    '"NULL"': "void",
    "HUGEINT": "bigint",
}
_PLAIN = r"[A-Za-z\" ]+|DECIMAL\([0-9]+,[0-9]+\)"


def _type_text(arguments: Sequence[exp.Expr]) -> exp.Expr:
    """``typeof`` is a constant to the engine, so nothing of this is computed per row. What nests deeper than an array
    of plain values is refused: the text would have to be taken apart."""
    element = "regexp_replace(typeof({0}), '(\\[\\])+$', '')"
    words = " ".join(f"WHEN '{engine}' THEN '{ours}'" for engine, ours in _WORDS.items())
    named = f"CASE {element} {words} ELSE lower({element}) END"
    depth = f"((length(typeof({{0}})) - length({element})) // 2)"
    return native(
        f"CASE WHEN regexp_full_match({element}, '{_PLAIN}') "
        f"THEN repeat('array<', {depth}) || {named} || repeat('>', {depth}) "
        "ELSE error('typeof of ' || typeof({0}) || ' is not supported: it names plain types and arrays of them.') END",
        *arguments,
    )


def _decode(arguments: Sequence[exp.Expr]) -> exp.Expr:
    """Two functions of one name: bytes in a character set, or a search among pairs in which null equals null."""
    if len(arguments) == 2:
        return decoded(arguments)
    pairs = (len(arguments) - 1) // 2
    tests = "".join(f" WHEN ({{0}}) IS NOT DISTINCT FROM ({{{2 * i + 1}}}) THEN {{{2 * i + 2}}}" for i in range(pairs))
    default = f" ELSE {{{len(arguments) - 1}}}" if len(arguments) % 2 == 0 else ""
    return native(f"CASE{tests}{default} END", *arguments)


def _elt(arguments: Sequence[exp.Expr]) -> exp.Expr:
    tests = "".join(f" WHEN {i} THEN CAST({{{i}}} AS VARCHAR)" for i in range(1, len(arguments)))
    values = len(arguments) - 1
    error = f"error('The index ' || CAST({{0}} AS VARCHAR) || ' is out of bounds: there are {values} values.')"
    return native(f"CASE ({{0}}){tests} ELSE CASE WHEN ({{0}}) IS NOT NULL THEN {error} END END", *arguments)


def _assert_true(arguments: Sequence[exp.Expr]) -> exp.Expr:
    message = "{1}" if len(arguments) == 2 else "'The condition of assert_true is not true.'"
    return native(f"CASE WHEN {{0}} THEN NULL ELSE error({message}) END", *arguments)


FUNCTIONS: list[Function] = [
    *scalar("coalesce(expr, ...)", "coalesce({*})"),
    *scalar("nvl/ifnull(a, b)", "coalesce({0}, {1})"),
    *scalar("nvl2(a, b, c)", "CASE WHEN ({0}) IS NOT NULL THEN {1} ELSE {2} END"),
    *scalar("nullif(a, b)", "nullif({0}, {1})"),
    *scalar("isnull(expr)", "(({0}) IS NULL)"),
    *scalar("isnotnull(expr)", "(({0}) IS NOT NULL)"),
    *scalar("iff(condition, a, b)", "CASE WHEN {0} THEN {1} ELSE {2} END"),
    *scalar("equal_null(a, b)", "(({0}) IS NOT DISTINCT FROM ({1}))"),
    *scalar("decode(expr, key, ...)", _decode),
    *scalar("elt(index, expr, ...)", _elt),
    *scalar("typeof(expr)", _type_text),
    *scalar("assert_true(condition[, message])", _assert_true),
    *scalar("raise_error(message)", "error({0})"),
]
