# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Python functions as an engine calls them: one process per owner, for as long as the statement runs."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from boathouse.catalog import Function, Language
from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.names import FunctionName
from boathouse.foundation.principals import Principal
from boathouse.lake.engine import ArrowFunction
from boathouse.session.law import Law, Statement
from boathouse.session.python_functions.process import Limits, PythonProcess
from boathouse.session.running.access import new_statement
from boathouse.session.sql.arrow_types import arrow_type_of
from boathouse.session.sql.casts import engine_type
from boathouse.session.sql.inlining import signature_of, type_of


class PythonFunctions:
    """The Python functions of one statement."""

    def __init__(self, functions: Mapping[str, Function], limits: Limits | None = None) -> None:
        self._functions = functions
        by_owner: dict[str, list[Function]] = {}
        for function in functions.values():
            by_owner.setdefault(function.securable.owner, []).append(function)
        self._processes = {owner: PythonProcess(own, limits) for owner, own in by_owner.items()}

    def for_engine(self) -> dict[str, ArrowFunction]:
        """The functions by the names under which the query calls them."""
        return {
            name: ArrowFunction(
                parameters=tuple(engine_type(type_of(each.type_text)) for each in function.parameters) or ("INTEGER",),
                returns=engine_type(type_of(function.returns)),
                call=self._call_of(function),
                deterministic=function.deterministic,
            )
            for name, function in self._functions.items()
        }

    def close(self) -> None:
        for process in self._processes.values():
            process.close()

    def _call_of(self, function: Function) -> Callable[..., Any]:
        process = self._processes[function.securable.owner]
        result_type, count = arrow_type_of(function.returns), len(function.parameters)

        def call(*columns: Any) -> Any:
            arrays = [each.combine_chunks() if isinstance(each, pa.ChunkedArray) else each for each in columns]
            return process.call(function.full_name, arrays[:count], result_type, len(arrays[0]))

        # The engine counts the parameters of what it calls. A function without any is called with a number that it
        # never sees, since the engine would not say how many rows there are.
        names = [f"c{position}" for position in range(max(1, count))]
        parameters = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in names]
        call.__signature__ = inspect.Signature(parameters)  # pyright: ignore[reportFunctionMemberAccess]
        return call


def call_function(law: Law, principal: Principal, name: FunctionName, columns: Sequence[pa.Array]) -> pa.Array:
    """The values of a Python function for columns of arguments, as the principal, in a process of its own.

    Raises:
        NotFound, Denied: There is no such function, or the principal may not execute it.
        InvalidInput: It is no Python function, the columns do not fit its parameters, or it raised.
    """
    statement: Statement = new_statement("CALL FUNCTION", f"call_function({name})")
    (function,) = law.resolve_functions(principal, [name], statement)
    if function.language is not Language.PYTHON:
        raise InvalidInput(f"{name} is no function in Python.", hint=f"Call one in SQL in a query: SELECT {name}(...).")
    if len(columns) != len(function.parameters) or len({len(each) for each in columns}) > 1:
        raise InvalidInput(
            f"{name} was called with {len(columns)} columns of {sorted({len(each) for each in columns})} rows.",
            hint=f"It is {signature_of(function)}; all columns have the same number of rows.",
        )
    cast = [
        column.cast(arrow_type_of(parameter.type_text))
        for column, parameter in zip(columns, function.parameters, strict=True)
    ]
    with PythonProcess([function]) as process:
        rows = len(cast[0]) if cast else 1
        return process.call(str(name), cast, arrow_type_of(function.returns), rows)
