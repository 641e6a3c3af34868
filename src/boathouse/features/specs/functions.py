# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""On-demand features: registered functions over the columns of a frame and the features before them.

One code computes them wherever they are needed: for a training set, for a batch of predictions, for a request.
"""

from collections.abc import Mapping, Sequence
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc

from boathouse.catalog import Behind, Function, Language
from boathouse.features.feature_spec import Computed
from boathouse.features.lookups import FeatureFunction
from boathouse.foundation.errors import InvalidInput, did_you_mean
from boathouse.foundation.names import FunctionName
from boathouse.session import Session
from boathouse.session.frame_functions import FrameFunction, frame_function
from boathouse.session.running.access import new_statement
from boathouse.session.sql.arrow_types import arrow_type_of
from boathouse.session.sql.inlining import signature_of

Types = Mapping[str, pa.DataType]


def functions_of(session: Session, names: Sequence[FunctionName]) -> dict[FunctionName, Function]:
    """The functions of these names, asked for by one call.

    Raises:
        NotFound, Denied: There is no such function, or the principal may not execute it.
        InvalidInput: It is none that can compute a feature.
    """
    if not names:
        return {}
    statement = new_statement("FEATURE FUNCTIONS", ", ".join(map(str, names)))
    found = session.law.resolve_functions(session.principal, list(names), statement)
    for function in found:
        require_on_demand(function)
    return dict(zip(names, found, strict=True))


def require_on_demand(function: Function) -> None:
    """Refuse a function that cannot compute a feature.

    Raises:
        InvalidInput: It gives rows, or reads tables: what those say now is not what was known then.
    """
    if function.language not in (Language.SQL, Language.PYTHON):
        raise InvalidInput(
            f"{function.full_name} is a feature spec, no function.",
            hint="Give it as feature_spec=, or name a function.",
        )
    if function.returns_rows:
        raise InvalidInput(
            f"Function {function.full_name} returns a table; a feature is one value.", hint="Use a function of a value."
        )
    if table := _table_behind(function.behind):
        raise InvalidInput(
            f"Function {function.full_name} reads table {table}; a feature is computed from its arguments alone, since "
            "the table may say something else by the time of a prediction.",
            hint="Look the table's values up by a FeatureLookup, and give them to the function.",
        )


def bound(function: Function, wish: FeatureFunction, types: Types | None) -> Computed:
    """The step that a wish means: which column each parameter takes, checked by type.

    Args:
        types: What the function can be given, by name; None where nobody knows yet.

    Raises:
        InvalidInput: A parameter has no column, a binding no parameter, a column is missing or of another type.
    """
    parameters = {each.name.lower(): each for each in function.parameters}
    given = {name.lower(): column for name, column in (wish.input_bindings or {}).items()}
    for name in wish.input_bindings or ():
        if name.lower() not in parameters:
            raise InvalidInput(
                f"Function {function.full_name} has no parameter {name}.",
                hint=did_you_mean(name, [each.name for each in function.parameters])
                or f"It is {signature_of(function)}.",
            )
    inputs: list[tuple[str, str]] = []
    for parameter in function.parameters:
        column = given.get(parameter.name.lower())
        if column is None and types is not None and parameter.name in types:
            column = parameter.name
        if column is None and parameter.default is not None:
            continue
        if column is None and types is not None:
            raise InvalidInput(
                f"Function {function.full_name} is given nothing for its parameter {parameter.name}.",
                hint=f"Bind it: input_bindings={{{parameter.name!r}: 'a column'}}. "
                f"There are {', '.join(list(types)[:20]) or 'no columns'}.",
            )
        inputs.append((parameter.name, column or parameter.name))
    name = wish.output_name or FunctionName.parse(function.full_name).name
    step = Computed(FunctionName.parse(function.full_name), tuple(inputs), name, function.returns)
    if types is not None:
        require_inputs(function, step, types)
    return step


def require_inputs(function: Function, step: Computed, types: Types) -> None:
    """Refuse to compute a step from what is there.

    Raises:
        InvalidInput: A column is missing, or of a type that the parameter cannot take.
    """
    declared = {each.name: each.type_text for each in function.parameters}
    for parameter, column in step.inputs:
        if column not in types:
            raise InvalidInput(
                f"Function {function.full_name} takes {parameter} from the column {column}, which is not there.",
                hint=did_you_mean(column, types) or "It may be a column of the frame, or a feature that comes before.",
            )
        if parameter not in declared:
            raise InvalidInput(
                f"Function {function.full_name} has no parameter {parameter} any more.",
                hint=f"It is {signature_of(function)} now; bring the parameter back, or train again.",
            )
        if not _can_be(types[column], arrow_type_of(declared[parameter])):
            raise InvalidInput(
                f"Function {function.full_name} takes {parameter} as {declared[parameter].upper()}, and the column "
                f"{column} is {types[column]}.",
                hint=f"Cast the column, or change the function: {signature_of(function)}.",
            )
    missing = [each.name for each in function.parameters if each.default is None and each.name not in dict(step.inputs)]
    if missing:
        raise InvalidInput(
            f"Function {function.full_name} is given nothing for its parameter {missing[0]}.",
            hint="Give the parameter a default, or train again with a binding for it.",
        )


class OnDemand:
    """The functions of a spec, ready to be applied. Holds processes: close it, or use it as a context.

    Example:
        with OnDemand(session, functions_of(session, spec.functions)) as functions:
            column = functions.apply(step, table)
    """

    def __init__(self, session: Session, functions: Mapping[FunctionName, Function]) -> None:
        self._session = session
        self._functions = functions
        self._ready: dict[tuple[FunctionName, tuple[str, ...]], FrameFunction] = {}

    def apply(self, step: Computed, table: pa.Table) -> pa.ChunkedArray:
        """The feature that a step computes from the columns of a table, row by row in their order.

        Raises:
            InvalidInput: A column does not fit, or the function failed; the message names function, row and arguments.
        """
        function = self._functions[step.function]
        require_inputs(function, step, {field.name: field.type for field in table.schema})
        declared = {each.name: arrow_type_of(each.type_text) for each in function.parameters}
        columns = [
            _cast(function, parameter, table.column(column), declared[parameter]) for parameter, column in step.inputs
        ]
        parameters = tuple(parameter for parameter, _ in step.inputs)
        key = (step.function, parameters)
        if key not in self._ready:
            self._ready[key] = frame_function(self._session, function, parameters)
        if table.num_rows == 0:
            return pa.chunked_array([], arrow_type_of(function.returns))
        return self._ready[key].values(columns, table.num_rows)

    def close(self) -> None:
        for each in self._ready.values():
            each.close()
        self._ready.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _cast(function: Function, parameter: str, column: pa.ChunkedArray, wanted: pa.DataType) -> pa.ChunkedArray:
    if column.type == wanted:
        return column
    try:
        # Finer parts of a second than Delta knows are cut, as they are when they are written to a table.
        return pc.cast(column, wanted, safe=not pa.types.is_timestamp(wanted))
    except pa.ArrowInvalid as error:
        raise InvalidInput(
            f"Function {function.full_name} cannot take a value as its parameter {parameter}: {error}.",
            hint=f"It is {signature_of(function)}.",
        ) from error


def _table_behind(behind: Behind | None) -> str | None:
    if behind is None:
        return None
    if behind.tables:
        return behind.tables[0].securable.full_name
    return next((name for each in behind.functions if (name := _table_behind(each.behind))), None)


def _can_be(given: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether values of one type are taken for a parameter of another; a value that does not fit is refused later."""
    types = pa.types
    if types.is_null(given) or given == wanted:
        return True
    if types.is_floating(wanted):
        return types.is_integer(given) or types.is_floating(given) or types.is_decimal(given)
    if types.is_decimal(wanted):
        return types.is_integer(given) or types.is_decimal(given)
    if types.is_timestamp(wanted):
        return types.is_timestamp(given) and (given.tz is None) == (wanted.tz is None)
    if types.is_nested(wanted):
        return types.is_nested(given)
    return any(test(given) and test(wanted) for test in _FAMILIES)


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _is_binary(kind: pa.DataType) -> bool:
    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind)


_FAMILIES = (pa.types.is_integer, pa.types.is_boolean, pa.types.is_date, _is_text, _is_binary)
