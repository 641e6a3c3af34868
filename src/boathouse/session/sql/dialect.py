# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""How we read Databricks SQL and how we write DuckDB SQL.

sqlglot knows hundreds of functions and translates them as well as it can. We want to answer for every one that we let
through, so our reader knows none: each call stays a plain call by name until :mod:`translate` looks it up in our own
list. What is not in the list cannot reach the engine.
"""

from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.databricks import Databricks
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.expressions.core import Expression

_CALLS_WITH_SYNTAX = ("CAST", "TRY_CAST", "EXTRACT", "TRIM", "POSITION", "SUBSTRING", "SUBSTR", "OVERLAY")
"""Calls whose arguments are not a plain list: ``CAST(x AS INT)``, ``TRIM(BOTH 'x' FROM y)``."""


class DatabricksSql(Databricks):
    """Databricks SQL with calls left as calls."""

    class Tokenizer(Databricks.Tokenizer):
        # 'it''s' is one string with a quote inside, as in standard SQL and Spark 4, not two strings side by side.
        STRING_ESCAPES: ClassVar[list[str]] = ["\\", "'"]
        # Words that would swallow the rest of the statement unread.
        COMMANDS: ClassVar[set[Any]] = set()

    class Parser(Databricks.Parser):
        FUNCTIONS: ClassVar[dict[str, Any]] = {}
        ARRAY_CONSTRUCTORS: ClassVar[dict[str, Any]] = {}  # array(1, 2)[0] is an index, not another array
        FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
            name: parse for name, parse in Databricks.Parser.FUNCTION_PARSERS.items() if name in _CALLS_WITH_SYNTAX
        }
        NO_PAREN_FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
            name: parse
            for name, parse in Databricks.Parser.NO_PAREN_FUNCTION_PARSERS.items()
            if name in ("CASE", "IF", "ANY")
        }


class Native(Expression):
    """A piece of DuckDB SQL of our own making: a template whose ``{0}``, ``{1}``... are the translated arguments."""

    arg_types: ClassVar[dict[str, bool]] = {"template": True, "expressions": False}


class EngineSql(DuckDB):
    """DuckDB SQL, every identifier in quotes."""

    class Generator(DuckDB.Generator):
        TRANSFORMS: ClassVar[dict[Any, Any]] = {
            **DuckDB.Generator.TRANSFORMS,
            Native: lambda self, node: node.args["template"].format(*map(self.sql, node.expressions)),
        }


def native(template: str, *arguments: exp.Expr) -> Native:
    """A node that is written as ``template`` with the arguments filled in; literal braces are doubled."""
    return Native(template=template, expressions=list(arguments))


def engine_sql(tree: exp.Expr) -> str:
    """The statement as DuckDB shall run it."""
    return tree.sql(dialect=EngineSql, identify=True, comments=False)


def databricks_sql(tree: exp.Expr) -> str:
    """The expression as a person would have written it."""
    return tree.sql(dialect=Databricks, comments=False, normalize_functions="lower")


__all__ = ["DatabricksSql", "EngineSql", "Native", "databricks_sql", "engine_sql", "native"]
