"""The tables of the page "Time in features" are what the join gives."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from boathouse.features.clocks import AT_ONCE, KnownTime
from boathouse.features.feature_spec import Lookup, Output
from boathouse.features.point_in_time import look_up
from boathouse.features.tables.reading import FeatureRows
from boathouse.foundation.names import TableName
from boathouse.lake import DuckDBEngine, open_snapshot
from boathouse.lake.tables import create_table

PAGE = Path(__file__).parents[3] / "docs" / "explanation" / "time-in-features.md"
EXAMPLE = re.compile(r"<!-- example (\{.*?\}) -->\n\n((?:\|.*\n)+)\n((?:\|.*\n)+)")
INSTANT = pa.timestamp("us", "UTC")
TYPES = {"station": pa.string(), "at": INSTANT, "known_at": INSTANT, "t": INSTANT}
TABLE = TableName.parse("prod.flights.weather")


@dataclass(frozen=True)
class Example:
    options: dict[str, Any]
    features: pa.Table
    rows: pa.Table
    """With the column that the page expects."""


def examples() -> Iterator[Example]:
    for options, features, rows in EXAMPLE.findall(PAGE.read_text()):
        yield Example(json.loads(options), table(features), table(rows))


def table(text: str) -> pa.Table:
    head, _, *lines = [[cell.strip() for cell in line.strip("|\n ").split("|")] for line in text.splitlines()]
    columns = {}
    for place, name in enumerate(head):
        kind = TYPES.get(name, pa.int64())
        columns[name] = pa.array([value(line[place], kind) for line in lines], kind)
    return pa.table(columns)


def value(text: str, kind: pa.DataType) -> Any:
    if text == "null":
        return None
    if kind == INSTANT:
        hour, minute = text.split(":")
        return datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=int(hour), minutes=int(minute))
    return text if kind == pa.string() else int(text)


def lookup_of(example: Example) -> Lookup:
    options = example.options
    result = example.rows.schema.names[-1].removesuffix(" (result)")
    is_static = options.get("static", False)
    minutes = options.get("lookback_minutes")
    return Lookup(
        TABLE,
        (("station", "station"),),
        (Output(result, result, "bigint", options.get("default")),),
        event=None if is_static else "at",
        known=AT_ONCE if is_static else KnownTime(column="known_at"),
        at=options.get("at", "t"),
        lookback=None if minutes is None else timedelta(minutes=minutes),
    )


@pytest.mark.parametrize("example", list(examples()), ids=lambda example: str(example.options))
def test_the_tables_of_the_page_are_what_the_join_gives(example: Example, tmp_path: Path) -> None:
    create_table(str(tmp_path / "table"), data=example.features)
    features = FeatureRows(TABLE, open_snapshot(str(tmp_path / "table")), DuckDBEngine())
    expected = example.rows.schema.names[-1]
    lookup = lookup_of(example)
    spine = example.rows.drop_columns([expected])
    found = look_up(spine, [(lookup, features)], as_of=example.options.get("as_of", "known"))
    assert found.table.column(lookup.outputs[0].name).to_pylist() == example.rows[expected].to_pylist()
    assert found.report[0].duplicates == example.options.get("duplicates", 0)


def test_the_page_has_an_example_of_each_case() -> None:
    assert len(list(examples())) == PAGE.read_text().count("<!-- example ") >= 10
