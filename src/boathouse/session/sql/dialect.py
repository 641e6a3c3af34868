# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""How we read Databricks SQL and how we write DuckDB SQL.

sqlglot knows hundreds of functions and translates them as well as it can. We want to answer for every one that we let
through, so our reader knows none: each call stays a plain call by name until :mod:`translate` looks it up in our own
list. What is not in the list cannot reach the engine.
"""

import re
from collections.abc import Sequence
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

    arg_types: ClassVar[dict[str, bool]] = {
        "template": True,
        "expressions": False,
        "is_scalar": False,
        "is_aggregate": False,
    }

    def written(self, arguments: Sequence[str]) -> str:
        """The SQL, with the arguments filled in.

        A long argument that a scalar rule names more than once is computed once, as the parameter of a lambda over a
        list of one: rules within rules would otherwise grow by powers, and the engine with them.
        """
        filled, bound = list(arguments), dict[str, str]()
        depth = max((int(found) for text in arguments for found in _BOUND.findall(text)), default=0)
        for index, text in enumerate(arguments):
            if self.args.get("is_scalar") and len(text) > _LONG and self.args["template"].count(f"{{{index}}}") > 1:
                depth += 1
                bound[f"{_BOUND_PREFIX}{depth}"] = text
                filled[index] = f"{_BOUND_PREFIX}{depth}"
        written = self.args["template"].format(*filled)
        for name, text in bound.items():
            written = f"list_transform([{text}], lambda {name}: {written})[1]"
        return written


_LONG = 120
"""Characters of an argument that may be repeated: DuckDB computes equal short expressions once by itself."""
_BOUND_PREFIX = "__bh_v"
_BOUND = re.compile(rf"\b{_BOUND_PREFIX}(\d+)\b")


class EngineSql(DuckDB):
    """DuckDB SQL, every identifier in quotes."""

    class Generator(DuckDB.Generator):
        TRANSFORMS: ClassVar[dict[Any, Any]] = {
            **DuckDB.Generator.TRANSFORMS,
            Native: lambda self, node: node.written([self.sql(each) for each in node.expressions]),
        }


def native(template: str, *arguments: exp.Expr) -> Native:
    """A node that is written as ``template`` with the arguments filled in; literal braces are doubled."""
    return Native(template=template, expressions=list(arguments))


def native_scalar(template: str, *arguments: exp.Expr) -> Native:
    """As :func:`native`, for a rule that gives one value for one row."""
    return Native(template=template, expressions=list(arguments), is_scalar=True)


def engine_sql(tree: exp.Expr) -> str:
    """The statement as DuckDB shall run it."""
    return tree.sql(dialect=EngineSql, identify=True, comments=False)


def databricks_sql(tree: exp.Expr) -> str:
    """The expression as a person would have written it."""
    return tree.sql(dialect=Databricks, comments=False, normalize_functions="lower")


__all__ = ["DatabricksSql", "EngineSql", "Native", "databricks_sql", "engine_sql", "native", "native_scalar"]
