"""Summaries of parts, added up, are those of the whole."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from boathouse.foundation.errors import InvalidInput
from boathouse.foundation.names import TableName
from boathouse.quality.profiles import ScanPlan, SummariesDiffer, merge, scan
from boathouse.quality.profiles.sketches import estimates
from boathouse.session import Session

EDGES = {"x": [-1.0, 0.0, 1.0]}
DICE = np.random.default_rng(11)
FRAME = pl.DataFrame(
    {
        "x": [None if each > 1.7 else each for each in DICE.normal(size=3_000)],
        "t": [f"v{each}" for each in DICE.integers(0, 300, 3_000)],
        "b": DICE.random(3_000) < 0.3,
        "n": DICE.integers(0, 900, 3_000),
    }
)


def summaries(session: Session, name: str, frame: pl.DataFrame, **plan: Any) -> dict[str, dict[str, Any]]:
    table = TableName("dev", "shop", name)
    session.write_table(table, frame, mode="overwrite", schema_mode="overwrite")
    return {row["column_name"]: row for row in scan(session, ScanPlan(table, adds=True, **plan)).to_pylist()}


def test_three_parts_are_the_whole(session: Session) -> None:
    edges = EDGES | {"n": [100.0, 500.0]}
    parts = [summaries(session, "part", FRAME[start : start + 1_000], edges=edges) for start in (0, 1_000, 2_000)]
    whole = summaries(session, "whole", FRAME, edges=edges)
    for name in ("x", "n", "b", ":table"):
        found, expected = merge(part[name] for part in parts), whole[name]
        for field in ("count", "nulls", "zeros", "min", "max", "histogram", "edges", "items", "other_items", "sketch"):
            assert found[field] == expected[field], (name, field)
        assert found["mean"] == pytest.approx(expected["mean"]) and found["m2"] == pytest.approx(expected["m2"])
        assert found["distinct_count"] == expected["distinct_count"]
    texts = merge(part["t"] for part in parts)
    assert texts["sum_length"] == whole["t"]["sum_length"] and texts["sketch"] == whole["t"]["sketch"]
    assert texts["distinct_count"] == pytest.approx(300, rel=0.15)
    assert sum(item["count"] for item in texts["items"]) + texts["other_items"] == texts["count"]


def test_a_part_of_nulls_adds_its_nulls(session: Session) -> None:
    nulls = pl.DataFrame({"x": pl.Series([None] * 5, dtype=pl.Float64)})
    one = summaries(session, "one", FRAME.select("x"), edges=EDGES)["x"]
    for edges in ({}, EDGES):
        found = merge([one, summaries(session, "nulls", nulls, edges=edges)["x"]])
        assert found["nulls"] == one["nulls"] + 5
        assert (found["mean"], found["histogram"]) == (pytest.approx(one["mean"]), one["histogram"])


def test_a_number_that_became_wider_is_added_and_a_text_is_not(session: Session) -> None:
    narrow = pl.DataFrame({"x": pl.Series([1, 2], dtype=pl.Int32)})
    small, wide = (
        summaries(session, "typed", frame, edges=EDGES)["x"] for frame in (narrow, narrow.cast(pl.Int64))
    )  # fmt: skip
    assert merge([small, wide])["data_type"] == "bigint" and merge([small, wide])["count"] == 4
    text = summaries(session, "typed", narrow.cast(pl.String))["x"]
    with pytest.raises(SummariesDiffer, match="it was int, and is string"):
        merge([small, text])


def test_histograms_over_other_edges_are_not_added(session: Session) -> None:
    one, other = (summaries(session, "x", FRAME.select("x"), edges={"x": edges})["x"] for edges in ([0.0], [1.0]))
    with pytest.raises(SummariesDiffer, match="different edges"):
        merge([one, other])


def test_nothing_cannot_be_added() -> None:
    with pytest.raises(InvalidInput):
        merge([])


@pytest.mark.parametrize("distinct", [1, 20, 300, 5_000, 200_000])
def test_different_values_are_counted_within_some_percent(session: Session, distinct: int) -> None:
    values = np.arange(distinct, dtype=np.float64) * 1.7
    sketch = summaries(session, "distinct", pl.DataFrame({"x": values}))["x"]["sketch"]
    assert estimates([sketch])[0] == pytest.approx(distinct, rel=0.15)
