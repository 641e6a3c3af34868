"""Frames of any kind come and go back as the kind they were."""

from datetime import UTC, datetime

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from boathouse.features.frames import FrameKind, read_frame
from boathouse.foundation.errors import InvalidInput
from boathouse.session import Session

X = pa.chunked_array([pa.array([1, None, 3])])


def test_a_pandas_frame_keeps_index_and_types() -> None:
    given = pd.DataFrame(
        {
            "c": pd.Categorical(["a", "b", "a"]),
            "n": pd.array([1, None, 3], "Int64"),
            "t": pd.to_datetime([datetime(2020, 1, 1, tzinfo=UTC)] * 3),
        },
        index=pd.Index([7, 7, 5], name="id"),
    )
    frame = read_frame(given)
    back = frame.given_back(["c", "n", "x", "t"], {"x": X})
    assert frame.kind is FrameKind.PANDAS
    assert frame.table.schema.field("c").type in (pa.string(), pa.large_string())
    assert list(back.columns) == ["c", "n", "x", "t"]
    pd.testing.assert_frame_equal(back[["c", "n", "t"]], given)
    assert back["x"].isna().tolist() == [False, True, False]


def test_what_is_kept_does_not_change_with_the_callers_frame() -> None:
    given = pd.DataFrame({"n": [1.0, 2.0]})
    frame = read_frame(given, keep=True)
    given.loc[0, "n"] = 99.0
    given["n"].to_numpy(copy=False)
    assert frame.table.column("n").to_pylist() == [1.0, 2.0]
    assert frame.given_back(["n"], {})["n"].tolist() == [1.0, 2.0]


def test_polars_frames_come_back_as_polars_lazy_ones_collected() -> None:
    given = pl.DataFrame({"c": pl.Series(["a", "b", "a"], dtype=pl.Categorical), "n": [1, 2, 3]})
    for each in (given, given.lazy()):
        back = read_frame(each).given_back(["x", "c"], {"x": X})
        assert isinstance(back, pl.DataFrame)
        assert back.schema == {"x": pl.Int64, "c": given.schema["c"]}
        assert back["x"].to_list() == [1, None, 3]


def test_arrow_and_whatever_speaks_it_come_back_as_arrow(session: Session) -> None:
    table = pa.table({"n": [1, 2, 3]})

    class Stream:
        def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
            return table.__arrow_c_stream__(requested_schema)

    result = session.sql("SELECT id + 1 AS n FROM range(0, 3)")
    for each in (table, table.to_batches()[0], table.to_reader(), result, Stream()):
        back = read_frame(each).given_back(["n", "x"], {"x": X})
        assert isinstance(back, pa.Table)
        assert back.column("n").to_pylist() == [1, 2, 3]


def test_what_is_no_frame_is_refused() -> None:
    with pytest.raises(InvalidInput, match="A list is no frame"):
        read_frame([1, 2])
    with pytest.raises(InvalidInput, match="twice"):
        read_frame(pa.table([pa.array([1]), pa.array([2])], names=["a", "a"]))
    with pytest.raises(InvalidInput, match="not named by a text"):
        read_frame(pd.DataFrame({0: [1]}))
    with pytest.raises(InvalidInput, match="no Arrow form"):
        read_frame(pd.DataFrame({"a": [1, "x"]}))
    with pytest.raises(InvalidInput, match="no Arrow form"):
        read_frame(pd.DataFrame([[1, 2]], columns=["a", "a"]))
    with pytest.raises(InvalidInput, match="no Arrow form"):
        read_frame(pd.DataFrame({"a": pd.arrays.SparseArray([0, 1])}))
    with pytest.raises(InvalidInput, match="no Arrow form"):
        read_frame(pl.DataFrame({"a": pl.Series([2**100], dtype=pl.Int128)}))


def test_categories_that_are_intervals_stay() -> None:
    given = pd.DataFrame({"bin": pd.cut([1.0, 2.0, 9.0], 2)})
    back = read_frame(given).given_back(["bin", "x"], {"x": X})
    assert back["bin"].dtype == given["bin"].dtype and back["bin"].tolist() == given["bin"].tolist()


def test_frames_without_rows_or_without_own_columns_work() -> None:
    for given in (pd.DataFrame({"n": pd.Series([], dtype="int64")}), pl.DataFrame({"n": []}, schema={"n": pl.Int64})):
        back = read_frame(given).given_back(["n", "x"], {"x": X.slice(0, 0)})
        assert list(back.columns) == ["n", "x"] and len(back) == 0
    back = read_frame(pd.DataFrame({"n": [1, 2, 3]})).given_back(["x"], {"x": X})
    assert list(back.columns) == ["x"] and len(back) == 3
