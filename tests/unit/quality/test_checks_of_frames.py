"""What is wrong with rows, or different from before."""

import numpy as np
import polars as pl
import pytest

from boathouse.quality.columns import Kind
from boathouse.quality.drift import drifts
from boathouse.quality.missingness import missing_values
from boathouse.quality.outliers import outliers
from boathouse.quality.schema import schema_changes

DICE = np.random.default_rng(0)


def rows(count: int, *, shift: float = 0.0, carrier: str = "AA") -> pl.DataFrame:
    return pl.DataFrame(
        {
            "temp": DICE.normal(shift, size=count),
            "seats": DICE.integers(0, 4, size=count),
            "carrier": [carrier if each < 0.5 else "UA" for each in DICE.random(count)],
        }
    )


def test_the_same_distribution_has_not_drifted() -> None:
    assert not any(each.has_drifted() for each in drifts(rows(2_000), rows(2_000)))


def test_few_rows_of_the_same_distribution_have_not_drifted_either() -> None:
    wide = pl.DataFrame({"dest": [f"D{each}" for each in DICE.integers(0, 60, size=400)]})
    assert not drifts(wide[:80], wide[80:])[0].has_drifted()


def test_a_shifted_number_and_a_new_category_have_drifted() -> None:
    found = {each.column: each for each in drifts(rows(2_000, shift=2.0, carrier="B6"), rows(2_000))}
    assert found["temp"].has_drifted() and found["carrier"].has_drifted() and not found["seats"].has_drifted()
    assert found["temp"].test == "kolmogorov_smirnov" and found["carrier"].test == "chi_square"
    assert found["carrier"].statistic is not None and found["carrier"].statistic > 0.4


def test_the_most_moved_column_comes_first() -> None:
    assert drifts(rows(500, shift=3.0), rows(500))[0].column == "temp"


def test_too_few_rows_measure_nothing_and_say_so() -> None:
    found = drifts(rows(10), rows(500))
    assert all(each.stability_index is None and "10 rows are too few" in str(each.problem) for each in found)


def test_nothing_but_nulls_measures_nothing() -> None:
    empty = pl.DataFrame({"temp": pl.Series([None] * 500, dtype=pl.Float64)})
    assert "0 rows are too few" in str(drifts(empty, rows(500))[0].problem)


def test_a_constant_that_becomes_another_one_has_drifted() -> None:
    one, two = (pl.DataFrame({"year": [value] * 300}) for value in (2013, 2014))
    assert drifts(two, one)[0].has_drifted()
    assert not drifts(one, one)[0].has_drifted()


def test_columns_that_nobody_can_compare_say_so() -> None:
    lists = pl.DataFrame({"route": [["JFK", "LAX"]] * 100})
    assert drifts(lists, lists)[0].kind is Kind.OTHER
    assert "not compared" in str(drifts(lists, lists)[0].problem)


def test_infinite_and_missing_numbers_are_left_out() -> None:
    broken = pl.DataFrame({"temp": [float("nan"), float("inf"), None, *np.linspace(0, 1, 200)]})
    assert drifts(broken, broken)[0].rows == 200


def test_nan_counts_as_missing() -> None:
    before = pl.DataFrame({"temp": [1.0, 2.0, 3.0, None], "city": ["a", "b", "c", "d"]})
    after = pl.DataFrame({"temp": [1.0, float("nan"), None, None], "city": ["a", None, "c", "d"]})
    found = {each.column: each for each in missing_values(after, before)}
    assert (found["temp"].share, found["temp"].increase) == (0.75, 0.5)
    assert found["city"].increase == 0.25


def test_no_rows_have_no_share_of_missing_values() -> None:
    assert missing_values(pl.DataFrame({"temp": pl.Series([], dtype=pl.Float64)}))[0].share is None


def test_what_is_gone_new_or_another_kind_is_named() -> None:
    before = pl.DataFrame({"a": [1], "b": ["x"], "c": [1.0], "d": pl.Series([1], dtype=pl.Int32)})
    after = pl.DataFrame({"b": [1], "c": [1.0], "d": [1], "e": [1]})
    found = {each.column: each for each in schema_changes(after, before)}
    assert {name: each.change for name, each in found.items()} == {
        "a": "missing", "b": "kind", "d": "type", "e": "added",
    }  # fmt: skip
    assert [name for name, each in found.items() if each.breaks] == ["a", "b"]


def test_outliers_are_what_lies_outside_the_fences_of_the_reference() -> None:
    before = pl.DataFrame({"delay": np.linspace(0, 100, 101)})
    after = pl.DataFrame({"delay": np.append(np.linspace(0, 100, 90), [1e6] * 10)})
    found = outliers(after, before)[0]
    assert (found.low, found.high) == (-125.0, 225.0)
    assert found.share == pytest.approx(0.1) and found.increase == pytest.approx(0.1)


def test_a_reference_without_a_range_has_no_outliers_to_measure() -> None:
    flat = pl.DataFrame({"delay": [0.0] * 100})
    assert "no range" in str(outliers(flat, flat)[0].problem)
