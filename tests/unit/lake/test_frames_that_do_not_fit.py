"""Frames that no table can hold are refused in our words."""

import pandas as pd
import pyarrow as pa
import pytest

from boathouse.foundation.errors import InvalidInput
from boathouse.lake.arrow_input import open_stream, storable_schema


@pytest.mark.parametrize("values", [["x", 1], [object(), 1]])
def test_a_pandas_column_of_mixed_values_is_refused_by_name(values: list[object]) -> None:
    with pytest.raises(InvalidInput, match=r"no Arrow form: .*column a"):
        open_stream(pd.DataFrame({"a": values}))


def test_data_without_columns_makes_no_table() -> None:
    with pytest.raises(InvalidInput, match="at least one column"):
        storable_schema(pa.schema([]))
