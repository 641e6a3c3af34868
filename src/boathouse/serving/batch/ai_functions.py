# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""A model as a function: of columns that a query gives, in the names and types that the model asks for."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from boathouse.foundation.errors import InvalidInput
from boathouse.lake.engine import ArrowFunction
from boathouse.serving.batch.models import BatchModel, cast_predictions
from boathouse.session.running.models_in_queries import AskedCall
from boathouse.session.sql.arrow_types import arrow_type_of, type_text_of
from boathouse.session.sql.casts import engine_type
from boathouse.session.sql.inlining import type_of


def function_of(model: BatchModel, asked: AskedCall) -> tuple[ArrowFunction, str]:
    """A call as a function of the engine, with one argument, and the SQL type of its values.

    Raises:
        InvalidInput: The model looks features up, which cannot be done in the middle of a query.
    """
    if model.features is not None:
        raise InvalidInput(
            f"The model of endpoint {asked.endpoint} looks features up, and answers in the list of a SELECT only.",
            hint="Keep its answers in a table, with boathouse score or INSERT INTO t SELECT ..., and query that.",
        )
    kind = type_of_answers(model, asked.return_type)
    type_text = asked.return_type or type_text_of(kind)

    def call(given: Any) -> Any:
        return predicted(model, inputs_of(asked.endpoint, model, [("", pa.chunked_array([_one(given)]))]), kind)

    # Not called deterministic: the engine would copy it into every place where its value is used, and ask twice.
    return ArrowFunction(None, engine_type(type_of(type_text)), call), type_text


def type_of_answers(model: BatchModel, return_type: str | None) -> pa.DataType:
    """As asked for, else as the model answers."""
    return model.prediction_type if return_type is None else arrow_type_of(return_type)


def predicted(model: BatchModel, inputs: pa.Table, kind: pa.DataType) -> pa.Array:
    """What the model says, as a type.

    Raises:
        InvalidInput: The rows do not fit the model, it failed on them, or its answers are of another type.
    """
    found = model.predict(inputs)
    return found if found.type == kind else cast_predictions(found, kind, f"{model.name}@{model.version}")


def inputs_of(endpoint: str, model: BatchModel, given: Sequence[tuple[str, Any]]) -> pa.Table:
    """Columns by the names of a model's inputs; one without a name is a struct of them, or the only one.

    Raises:
        InvalidInput: It is neither.
    """
    columns: dict[str, Any] = {}
    for name, column in given:
        if name:
            columns[name] = column
        elif pa.types.is_struct(column.type):
            whole = _one(column)
            columns |= {field.name: value for field, value in zip(whole.type, whole.flatten(), strict=True)}
        elif len(model.scorer.required) == 1:
            columns[model.scorer.required[0]] = column
        else:
            raise InvalidInput(
                f"The model of endpoint {endpoint} takes {', '.join(model.scorer.required) or 'named inputs'}.",
                hint="Give them as a struct: ai_query('endpoint', struct(a, b)).",
            )
    return pa.table(columns)


def _one(column: Any) -> Any:
    found = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return pa.concat_arrays(found.chunks) if isinstance(found, pa.ChunkedArray) else found
