# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false
"""Frames of any kind as Arrow, and back as the kind that came.

What a caller gave keeps its own columns: only those that were added are made anew, so that types, categories and the
index of a pandas frame stay as they were.
"""

import sys
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pyarrow as pa

from boathouse.foundation.errors import InvalidInput
from boathouse.session import Result
from boathouse.session.sql.arrow_types import type_word


class FrameKind(StrEnum):
    PANDAS = "pandas"
    POLARS = "polars"
    ARROW = "arrow"


@dataclass(frozen=True, slots=True)
class Frame:
    """Rows of a caller: the Arrow form for us, and the caller's own for the way back."""

    kind: FrameKind
    table: pa.Table
    own: Any
    """The pandas or Polars frame; the table itself for any other kind."""

    def given_back(self, columns: Sequence[str], added: Mapping[str, pa.ChunkedArray]) -> Any:
        """A frame of the caller's kind with these columns: those that were added, and of the others the caller's own.

        The caller's frame stays as it is; nothing that is done to the answer reaches it.
        """
        match self.kind:
            case FrameKind.PANDAS:
                return _pandas(self.own, columns, added)
            case FrameKind.POLARS:
                return _polars(self.own, columns, added)
            case FrameKind.ARROW:
                return pa.table({name: added.get(name, _column(self.table, name)) for name in columns})


def read_frame(data: Any, *, keep: bool = False) -> Frame:
    """A frame of rows: pandas, Polars (a lazy one is collected), Arrow, a result, anything with the Arrow interface.

    Args:
        keep: The rows are needed later too, so the caller's frame may not change under them.

    Raises:
        InvalidInput: It is no frame, its columns have no Arrow form, or two have one name.
    """
    pandas, polars = sys.modules.get("pandas"), sys.modules.get("polars")
    if pandas is not None and isinstance(data, pandas.DataFrame):
        own = data.copy(deep=True) if keep else data
        return Frame(FrameKind.PANDAS, _checked(_from_pandas(own)), own)
    if polars is not None and isinstance(data, polars.LazyFrame):
        data = data.collect()
    if polars is not None and isinstance(data, polars.DataFrame):
        own = data.clone() if keep else data
        return Frame(FrameKind.POLARS, _checked(_from_polars(own, polars.CompatLevel.oldest())), own)
    table = _checked(_from_arrow(data))
    return Frame(FrameKind.ARROW, table, table)


def _from_pandas(frame: Any) -> pa.Table:
    odd = [name for name in frame.columns if not isinstance(name, str)]
    if odd:
        raise InvalidInput(
            f"The column {odd[0]!r} of the frame is not named by a text.",
            hint="Rename it: df.columns = [str(name) for name in df.columns].",
        )
    try:
        with warnings.catch_warnings():
            # Arrow asks pandas for instants with a zone in a way that pandas is about to change.
            warnings.simplefilter("ignore", DeprecationWarning)
            return pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, TypeError, ValueError) as error:
        raise InvalidInput(
            f"The pandas frame has no Arrow form: {'; '.join(map(str, error.args))}.",
            hint="Give each column a name of its own and values of one type.",
        ) from error


def _from_polars(frame: Any, level: Any) -> pa.Table:
    try:
        return frame.to_arrow(compat_level=level)
    except pa.ArrowException as error:
        kinds = ", ".join(sorted({str(kind) for kind in frame.schema.values()}))
        raise InvalidInput(
            f"The Polars frame has no Arrow form: {error}.",
            hint=f"It has columns of the types {kinds}; cast the one that nobody else knows (Int128 is one).",
        ) from error


def _from_arrow(data: Any) -> pa.Table:
    if isinstance(data, pa.Table):
        return data
    if isinstance(data, pa.RecordBatch):
        return pa.Table.from_batches([data])
    if isinstance(data, Result):
        return data.arrow()
    if hasattr(data, "__arrow_c_stream__"):
        return pa.RecordBatchReader.from_stream(data).read_all()
    raise InvalidInput(
        f"A {type(data).__name__} is no frame.", hint="Give a pandas or Polars frame, an Arrow table or a result."
    )


def type_text(kind: pa.DataType) -> str:
    """Databricks' word for the type of a frame's column, as a table would store it."""
    types = pa.types
    if types.is_timestamp(kind):
        return "timestamp_ntz" if kind.tz is None else "timestamp"
    if types.is_large_string(kind):
        return "string"
    if types.is_large_binary(kind) or types.is_fixed_size_binary(kind):
        return "binary"
    return "date" if types.is_date(kind) else type_word(kind)


def _checked(table: pa.Table) -> pa.Table:
    """The table in the types that joins know: categories are their values, views are plain.

    Raises:
        InvalidInput: Two columns have one name.
    """
    seen = set[str]()
    for name in table.schema.names:
        if name in seen:
            raise InvalidInput(f"The frame has the column {name} twice.", hint="Rename one of them.")
        seen.add(name)
    plain = pa.schema([field.with_type(_plain(field.type)) for field in table.schema])
    return table if plain == table.schema else table.cast(plain)


def _plain(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind) and not isinstance(kind.value_type, pa.BaseExtensionType):
        return _plain(kind.value_type)
    if pa.types.is_string_view(kind):
        return pa.large_string()
    return pa.large_binary() if pa.types.is_binary_view(kind) else kind


def _column(table: pa.Table, name: str) -> pa.ChunkedArray | None:
    return table.column(name) if name in table.schema.names else None


def _pandas(own: Any, columns: Sequence[str], added: Mapping[str, pa.ChunkedArray]) -> Any:
    import pandas as pd

    new = pa.table(dict(added)).to_pandas() if added else pd.DataFrame(index=range(len(own)))
    new.index = own.index
    kept = own[[name for name in columns if name not in added]]
    return pd.concat([kept, new], axis=1)[list(columns)]


def _polars(own: Any, columns: Sequence[str], added: Mapping[str, pa.ChunkedArray]) -> Any:
    import polars as pl

    series = [pl.Series(name, values) for name, values in added.items()]
    return own.with_columns(series).select(columns)
