"""Small real tables in temporary folders."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from boathouse.lake import DuckDBEngine, Engine, as_url, open_snapshot, tables


@pytest.fixture
def location(tmp_path: Path) -> str:
    """A place where no table lies yet."""
    return as_url(tmp_path / "table")


@pytest.fixture(params=[DuckDBEngine], ids=["duckdb"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine in turn; a second one joins by being added here."""
    return request.param()


@pytest.fixture
def trips() -> pa.Table:
    return pa.table({"id": [1, 2, 3], "city": ["Oslo", "Bergen", None], "distance": [1.5, 2.5, 3.5]})


@pytest.fixture
def trips_table(location: str, trips: pa.Table) -> str:
    """The location of a table with three trips."""
    tables.create_table(location, data=trips)
    return location


@pytest.fixture
def read() -> Callable[..., dict[str, list[Any]]]:
    """Read a table's columns, ordered by the first."""

    def rows(location: str, **when: Any) -> dict[str, list[Any]]:
        table = DuckDBEngine().scan(open_snapshot(location, **when)).arrow()
        return table.sort_by(table.column_names[0]).to_pydict()

    return rows
