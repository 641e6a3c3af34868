# pyright: reportUnknownParameterType=false
"""Which rows of some columns are alike, so that what depends on them alone is computed once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa


@dataclass(frozen=True, slots=True)
class DistinctRows:
    """The distinct rows among others."""

    first: "np.ndarray[tuple[int], np.dtype[np.int64]]"
    """Where each distinct row stands first."""
    of_row: "np.ndarray[tuple[int], np.dtype[np.int64]]"
    """For each row, which of the distinct ones it is."""


def distinct_rows(columns: Sequence[pa.ChunkedArray]) -> DistinctRows | None:
    """The distinct rows; None where the values of a column cannot be told apart, as those of lists."""
    found: DistinctRows | None = None
    for column in columns:
        try:
            encoded = pa.chunked_array(column.chunks, column.type).combine_chunks().dictionary_encode("encode")
        except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
            return None
        codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        if found is not None:
            codes += found.of_row * len(encoded.dictionary)
        _, first, of_row = np.unique(codes, return_index=True, return_inverse=True)
        found = DistinctRows(first, of_row)
    return found
