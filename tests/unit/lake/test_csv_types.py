"""Types of a CSV file's columns are found by looking at all its rows."""

from pathlib import Path

import pytest

from boathouse.lake import Engine, EngineQuery
from boathouse.lake.files import FileFormat, FileOptions, FileSource

LATE = 3000
"""A row well behind those that are looked at first."""


def _type(engine: Engine, folder: Path, values: list[str]) -> str:
    file = folder / "values.csv"
    file.write_text("\n".join(["value", *values]) + "\n")
    source = FileSource((str(file),), FileFormat.CSV, FileOptions.parse({"nullValue": "NA"}))
    rows = engine.run(EngineQuery("SELECT * FROM files", files={"files": source})).arrow()
    assert rows.num_rows == len(values)
    return str(rows.schema.field("value").type)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1", "-20", "NA"], "int64"),
        (["39.02", "40"], "double"),
        (["1e3"], "double"),
        (["007", "8"], "string"),
        (["true", "FALSE"], "bool"),
        (["2013-01-01"], "date32[day]"),
        (["2013-01-01T06:00:00Z"], "timestamp[us, tz=UTC]"),
        (["NA", "NA"], "string"),
    ],
)
def test_a_column_has_the_narrowest_type_that_loses_nothing(
    engine: Engine, tmp_path: Path, values: list[str], expected: str
) -> None:
    assert _type(engine, tmp_path, values) == expected


@pytest.mark.parametrize(
    ("last", "expected"), [("2", "int64"), ("2.5", "double"), ("two", "string"), ("99999999999999999999", "double")]
)
def test_one_late_row_decides(engine: Engine, tmp_path: Path, last: str, expected: str) -> None:
    assert _type(engine, tmp_path, ["1"] * LATE + [last]) == expected


def test_a_column_that_begins_with_nulls_gets_the_type_of_its_values(engine: Engine, tmp_path: Path) -> None:
    assert _type(engine, tmp_path, ["NA"] * LATE + ["2.5"]) == "double"
