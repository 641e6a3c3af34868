from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boathouse.foundation.errors import InvalidInput
from boathouse.serving.batch.blocks import blocks, side_by_side
from boathouse.serving.batch.models import NATIVE_ROWS, BatchModel
from boathouse.serving.batch.scoring import ScoredRows


def rows(count: int) -> pa.Table:
    made = np.random.default_rng(1).uniform(0, 1, (2, count))
    return pa.table({"id": pa.array(range(count)), "a": made[0], "b": made[1]})


@settings(deadline=None)
@given(st.lists(st.integers(0, 9), max_size=8), st.integers(1, 7))
def test_blocks_hold_all_rows_in_their_order(sizes: list[int], size: int) -> None:
    numbers = iter(range(1000))
    schema = pa.schema([("x", pa.int64())])
    batches = [pa.record_batch({"x": pa.array([next(numbers) for _ in range(each)], pa.int64())}) for each in sizes]

    found = list(blocks(batches, schema, size))

    assert [value for block in found for value in block["x"].to_pylist()] == list(range(sum(sizes)))
    assert all(block.num_rows == size for block in found[:-1])


@settings(deadline=None)
@given(st.integers(0, 30), st.integers(1, 4))
def test_what_is_done_side_by_side_comes_in_order(count: int, threads: int) -> None:
    def work(number: int) -> pa.Table:
        return pa.table({"x": [number]})

    found = [each["x"][0].as_py() for each in side_by_side(work, iter(range(count)), threads=threads)]

    assert found == list(range(count))


@pytest.mark.parametrize("threads", [1, 2])
def test_predictions_are_those_of_the_bare_model(model: BatchModel, bare: Any, threads: int) -> None:
    given_rows = rows(3 * NATIVE_ROWS + 17)

    scored = ScoredRows(model, given_rows.to_reader(10_000), threads=threads)
    found = scored.reader().read_all()

    expected = bare.predict(given_rows.select(["a", "b"]).to_pandas())
    assert model.is_native
    assert found.column_names == ["id", "a", "b", "prediction", "model_version"]
    assert found["id"].to_pylist() == given_rows["id"].to_pylist()
    assert np.array_equal(found["prediction"].to_numpy(), expected)
    assert set(found["model_version"].to_pylist()) == {3}
    assert scored.rows == given_rows.num_rows


def test_no_rows_give_no_rows_of_the_same_columns(model: BatchModel) -> None:
    found = ScoredRows(model, rows(0).to_reader()).reader().read_all()

    assert found.column_names == ["id", "a", "b", "prediction", "model_version"]
    assert found.num_rows == 0


def test_some_columns_are_kept_and_the_prediction_has_another_name_and_type(model: BatchModel) -> None:
    scored = ScoredRows(model, rows(5).to_reader(), keep=["id"], prediction="late", wanted=pa.float32())

    assert scored.schema == pa.schema([("id", pa.int64()), ("late", pa.float32()), ("model_version", pa.int64())])
    scored.close()


def test_a_missing_column_is_named_before_anything_is_written(model: BatchModel) -> None:
    with pytest.raises(InvalidInput, match="Column b is missing"):
        ScoredRows(model, rows(5).drop_columns(["b"]).to_reader())


def test_a_wrong_value_is_named_with_its_row(model: BatchModel) -> None:
    wrong = pa.table({"a": ["1", "2", "much"], "b": [1.0, 2.0, 3.0]})

    with pytest.raises(InvalidInput, match=r"Column a, row 2: 'much' is no double"):
        ScoredRows(model, wrong.to_reader())


def test_a_column_that_would_be_hidden_is_refused(model: BatchModel) -> None:
    taken = rows(2).append_column("prediction", pa.array([1.0, 2.0]))

    with pytest.raises(InvalidInput, match="a column prediction already"):
        ScoredRows(model, taken.to_reader())


def test_decimals_and_whole_numbers_are_numbers(model: BatchModel, bare: Any) -> None:
    import decimal

    given_rows = pa.table({"a": [decimal.Decimal("0.5"), decimal.Decimal("0.25")], "b": [1, 0]})

    found = ScoredRows(model, given_rows.to_reader()).reader().read_all()

    assert found["prediction"].to_pylist() == bare.predict([[0.5, 1.0], [0.25, 0.0]]).tolist()
