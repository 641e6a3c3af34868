# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Between Arrow and models: frames as models take them, and their answers as columns."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from boathouse.foundation.errors import InvalidInput

if TYPE_CHECKING:
    import pandas as pd

PREDICTION = "prediction"
"""The column of a model's answers."""

WHOLE = ("integer", "long")
"""MLflow's words for types that, in pandas, have no null."""


def model_frame(table: pa.Table, inputs: Sequence[str], declared: Mapping[str, str] | None = None) -> "pd.DataFrame":
    """The inputs of a model, in its order, in types that models know.

    Decimals become floating numbers and instants lose their zone (they are UTC then): neither pandas nor MLflow's
    signatures have a word for those.

    Args:
        declared: MLflow's type of each input, where the model has a signature.
    """
    types = declared or {}
    return pa.table({name: _input(table.column(name), types.get(name)) for name in inputs}).to_pandas()


def columns_with_nulls(table: pa.Table, declared: Mapping[str, str]) -> list[str]:
    """The inputs that are declared as whole numbers and are null, or a fraction, in some row."""
    return [
        name
        for name, kind in declared.items()
        if kind in WHOLE
        and name in table.schema.names
        and (table.column(name).null_count or not pa.types.is_integer(table.column(name).type))
    ]


def _input(column: pa.ChunkedArray, declared: str | None) -> pa.ChunkedArray:
    types, kind = pa.types, column.type
    if types.is_decimal(kind) or (declared == "double" and (types.is_integer(kind) or types.is_null(kind))):
        return column.cast(pa.float64())
    if declared == "float" and (types.is_integer(kind) or types.is_floating(kind) or types.is_null(kind)):
        return pc.cast(column, pa.float32(), safe=False)
    if types.is_timestamp(kind) and kind.tz is not None:
        return column.cast(pa.timestamp(kind.unit, "UTC")).cast(pa.timestamp(kind.unit))
    if types.is_date(kind) and declared == "datetime":
        return column.cast(pa.timestamp("s"))
    return column


def answers(found: Any, rows: int, model: str) -> pa.Array:
    """What a model has answered, as one column: of values, of lists, or of structs where the answers have names.

    Raises:
        InvalidInput: There are more or fewer answers than rows, or they have no Arrow form.
    """
    try:
        column = _column(found)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise InvalidInput(
            f"What model {model} answers has no Arrow form: {error}.",
            hint="Let it answer with numbers, texts or a frame of such, one row per row.",
        ) from error
    if len(column) != rows:
        raise InvalidInput(
            f"Model {model} gave {len(column)} answers for {rows} rows.", hint="Let it answer once for each row."
        )
    return column


def _column(found: Any) -> pa.Array:
    if hasattr(found, "toarray"):
        found = found.toarray()  # a sparse matrix
    if isinstance(found, Mapping):
        return _struct({str(name): _column(each) for name, each in found.items()})
    if hasattr(found, "columns"):
        return _struct({str(name): _column(found[name]) for name in found.columns})
    shape = getattr(found, "shape", None)
    if shape is not None and len(shape) > 1:
        return _column(found.reshape(-1)) if shape[1:] == (1,) else pa.array(found.tolist())
    made = pa.array(found, from_pandas=True)
    return pa.concat_arrays(made.chunks) if isinstance(made, pa.ChunkedArray) else made


def _struct(columns: Mapping[str, pa.Array]) -> pa.Array:
    if len(columns) == 1:
        return next(iter(columns.values()))
    return pa.StructArray.from_arrays(list(columns.values()), names=list(columns))
