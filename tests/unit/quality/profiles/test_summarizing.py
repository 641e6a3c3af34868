"""A first look at a table: as values, as a line of text, as a page."""

from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from boathouse.foundation.errors import InvalidInput
from boathouse.quality.profiles.edges import edges_of
from boathouse.quality.profiles.page import page
from boathouse.quality.profiles.plotting import bars, sparkline
from boathouse.quality.profiles.reading import figures
from boathouse.quality.profiles.summarizing import summarize
from boathouse.session import Session

TABLE = "dev.shop.weather"
DICE = np.random.default_rng(2)


def weather(rows: int, warmer: float = 0.0) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "temp": DICE.normal(15 + warmer, 8, rows),
            "origin": [["JFK", "LGA", "<b>EWR</b>"][each] for each in DICE.integers(0, 3, rows)],
            "gusts": [None] * rows,
            "code": [f"W{place}" for place in range(rows)],
            "seen": [datetime(2013, 1, 1, tzinfo=UTC)] * rows,
        },
        schema_overrides={"gusts": pl.Float64},
    )


@pytest.fixture(scope="module")
def summary(session: Session) -> dict[str, Any]:
    session.write_table(TABLE, weather(2_000))
    session.write_table(TABLE, weather(2_000, warmer=20.0), mode="overwrite")
    return summarize(session, TABLE, against=0)


def column(summary: dict[str, Any], name: str) -> dict[str, Any]:
    return next(each for each in summary["columns"] if each["name"] == name)


def test_it_says_what_the_columns_hold_and_what_stands_out(summary: dict[str, Any]) -> None:
    assert (summary["rows"], summary["version"], summary["against"]["version"]) == (2_000, 1, 0)
    assert column(summary, "temp")["median"] == pytest.approx(35, abs=1.5)
    assert column(summary, "gusts")["notes"] == ["no values"]
    assert column(summary, "code")["notes"] == ["nearly all values differ"]
    assert column(summary, "seen")["notes"] == ["one value"]
    assert len(column(summary, "origin")["frequent_items"]) == 3


def test_what_has_moved_is_told_from_what_has_not(summary: dict[str, Any]) -> None:
    moved = {each["name"]: each["drift"]["has_moved"] for each in summary["columns"]}
    assert moved == {"temp": True, "origin": False, "gusts": None, "code": None, "seen": None}
    assert column(summary, "temp")["drift"]["adjusted_pvalue"] < 1e-6


def test_another_table_can_be_compared_with(session: Session, summary: dict[str, Any]) -> None:
    found = summarize(session, TABLE, columns=["origin"], against=f"{TABLE}@v0")
    assert [each["name"] for each in found["columns"]] == ["origin"]
    with pytest.raises(InvalidInput):
        summarize(session, TABLE, against=f"{TABLE}@vx")


def test_a_page_shows_every_column_and_asks_nothing_of_elsewhere(summary: dict[str, Any]) -> None:
    text = page(summary)
    parser = Tags()
    parser.feed(text)
    assert parser.tags.count("article") == len(summary["columns"]) and parser.tags.count("svg") >= 2
    assert "script" not in parser.tags and "img" not in parser.tags and "http" not in text
    assert "<b>EWR" not in text and "&lt;b&gt;EWR" in text and "has moved" in text


def test_a_line_of_text_is_as_high_as_the_most_frequent_values(summary: dict[str, Any]) -> None:
    line = sparkline(column(summary, "temp"))
    assert len(line) == 12 and "█" in line[3:9] and sparkline(column(summary, "gusts")) == ""


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=300))
def test_bars_hold_nearly_all_rows(values: list[float]) -> None:
    numbers = np.array(values) + 0.0
    edges = edges_of(numbers) or []
    counts = np.bincount(np.searchsorted(edges, numbers), minlength=len(edges) + 1).tolist()
    row = {
        "column_name": "x", "data_type": "double", "count": len(values), "nulls": 0, "nan": 0, "infinities": 0,
        "zeros": 0, "mean": numbers.mean(), "m2": 0.0, "min": numbers.min(), "max": numbers.max(), "items": None,
        "sum_length": None, "min_length": None, "max_length": None, "distinct_count": 1, "edges": edges,
        "histogram": counts,
    }  # fmt: skip
    known = {"histogram": {"edges": edges, "counts": counts}, "quantiles": figures(row).quantiles}
    found = bars(known, counts)
    assert found is not None and min(found[2]) >= 0
    assert 0.97 - 2 / len(values) <= sum(found[2]) <= 1 + 1e-9


class Tags(HTMLParser):
    """Which elements a document has."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
