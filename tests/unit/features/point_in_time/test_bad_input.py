"""What does not fit together is told by name before any row is read."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from boathouse.features.clocks import KnownTime
from boathouse.features.feature_spec import Lookup, Output
from boathouse.features.point_in_time import look_up
from boathouse.features.tables.reading import FeatureRows
from boathouse.foundation.errors import InvalidInput
from boathouse.lake import DamagedTable

ZONED, NAIVE = pa.timestamp("us", "UTC"), pa.timestamp("us")
NOON = datetime(2013, 1, 1, 12)  # noqa: DTZ001


@pytest.fixture
def rows(rows_of: Callable[..., FeatureRows], tmp_path: Path) -> FeatureRows:
    table = pa.table(
        {
            "id": pa.array([1], pa.int64()), "ts": pa.array([NOON], ZONED), "known": pa.array([NOON], ZONED),
            "local": pa.array([NOON], NAIVE), "ratio": [0.5], "word": ["a"], "many": [[1, 2]],
        }
    )  # fmt: skip
    return rows_of(tmp_path, [table])


@pytest.fixture
def lookup(rows: FeatureRows) -> Lookup:
    return Lookup(rows.name, (("id", "id"),), (Output("ratio", "ratio", "double"),), event="ts", at="at")


SPINE = pa.table({"id": pa.array([1], pa.int64()), "at": pa.array([NOON], ZONED), "word": ["a"], "number": [0.5]})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"keys": (("ids", "id"),)}, r"The spine has no column ids, .* dev\.shop\.features needs\. Did you mean id"),
        ({"at": "when"}, r"The spine has no column when"),
        ({"keys": ()}, r"has no key"),
        ({"keys": (("id", "idd"),)}, r"dev\.shop\.features has no key column idd at version 0\. Did you mean id"),
        ({"event": "time"}, r"has no time column time"),
        ({"known": KnownTime("seen")}, r"has no known-time column seen"),
        ({"outputs": (Output("rato", "rato", "double"),)}, r"has no feature rato at version 0\. Did you mean ratio"),
        ({"keys": (("word", "id"),)}, r"word of the spine \(string\) and id of .* \(int64\) cannot be compared"),
        ({"keys": (("number", "id"),)}, r"number of the spine \(double\) holds floating-point numbers.*Int64"),
        ({"keys": (("id", "ratio"),)}, r"ratio of dev\.shop\.features \(double\) holds floating-point numbers"),
        ({"keys": (("id", "many"),)}, r"many of dev\.shop\.features \(list.*\) is of a type that cannot be a key"),
        ({"keys": (("at", "local"),)}, r"at of the spine .* and local of .* differ in their time zone"),
        ({"event": "local"}, r"at of the spine has a time zone, and local of .* has none.*replace_time_zone"),
        ({"known": KnownTime("local")}, r"has a time zone, and local of dev\.shop\.features has none"),
        ({"event": "word"}, r"The time column word of dev\.shop\.features is string, which is no time"),
        ({"at": "number"}, r"The time column number of the spine is double, which is no time"),
        ({"outputs": (Output("word", "word", "string"),)}, r"The column word comes from the spine and from table dev"),
        ({"at": None, "lookback": timedelta(1)}, r"has a look-back of 1 day, 0:00:00, but no timestamp_lookup_key"),
        ({"event": None, "lookback": timedelta(1)}, r"has a look-back of 1 day, 0:00:00, but no time column"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(rows: FeatureRows, lookup: Lookup, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        look_up(SPINE, [(replace(lookup, **changes), rows)])


def test_a_naive_spine_does_not_meet_a_zoned_table(rows: FeatureRows, lookup: Lookup) -> None:
    naive = SPINE.set_column(1, "at", pa.array([NOON], NAIVE))
    with pytest.raises(InvalidInput, match=r"ts of dev\.shop\.features has a time zone, and at of the spine has none"):
        look_up(naive, [(lookup, rows)])


def test_a_column_of_nulls_matches_nothing_and_loses_no_row(rows: FeatureRows, lookup: Lookup) -> None:
    for column in ("id", "at"):
        spine = SPINE.set_column(SPINE.schema.get_field_index(column), column, pa.nulls(1))
        answer = look_up(spine, [(lookup, rows)])
        assert answer.table["ratio"].to_pylist() == [None]
        assert answer.report[0].matched == 0


def test_a_file_that_is_gone_is_told_as_such(rows: FeatureRows, lookup: Lookup) -> None:
    Path(rows.snapshot.files[0].path).unlink()
    with pytest.raises(DamagedTable, match=r"A data file of table dev\.shop\.features cannot be read"):
        look_up(SPINE, [(lookup, rows)])
