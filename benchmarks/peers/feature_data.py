"""Feature tables for the benchmarks of point-in-time joins, written block by block as governed Delta tables.

``id`` is the key, ``event_time`` the event time; tables with two clocks have ``known_time`` too. A block is one commit
and holds one part of the year, its rows in no order, as arrivals do. In tables with two clocks a value becomes known up
to three days later, and one row of a hundred is a correction of another: the same key and event time, known later.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

START = 1_735_689_600_000_000
"""2025-01-01 UTC in microseconds."""
YEAR = 365 * 86_400_000_000
LATEST_KNOWN = int(timedelta(days=3) / timedelta(microseconds=1))
INSTANT = pa.timestamp("us", "UTC")
SCHEMA_NAME = "dev.bench"


@dataclass(frozen=True, slots=True)
class Shape:
    """What a table looks like."""

    name: str
    rows: int
    entities: int
    features: int
    is_static: bool = False
    has_known_time: bool = False
    value_type: str = "float64"
    levels: int | None = None
    """How many different values a feature has; as good as none is there twice by default."""
    blocks: int = 10

    @property
    def feature_names(self) -> list[str]:
        return [f"{self.name}_f{number}" for number in range(self.features)]


@dataclass(slots=True)
class Plan:
    """What a contender is asked for: features of some tables for the rows of a file of labels."""

    labels: str
    """A Parquet file with ``row``, ``id``, ``at`` and ``label``."""
    tables: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """Of each: name, location, files, features, static, known."""

    def write(self, path: Path) -> Path:
        path.write_text(json.dumps(asdict(self)))
        return path


def write_table(session: Any, shape: Shape, seed: int) -> None:
    """Create a feature table and commit its blocks."""
    from boathouse.features import FeatureEngineeringClient

    name, blocks = f"{SCHEMA_NAME}.{shape.name}", rows_of(shape, seed)
    first = next(blocks)
    FeatureEngineeringClient(session=session).create_table(
        name=name,
        primary_keys=["id"] if shape.is_static else ["id", "event_time"],
        timeseries_column=None if shape.is_static else "event_time",
        known_time="known_time" if shape.has_known_time else None,
        schema=first.schema,
    )
    session.write_table(name, first)
    for block in blocks:
        session.write_table(name, block)


def rows_of(shape: Shape, seed: int) -> Iterator[pa.Table]:
    """The rows, one block after the other; the same for the same seed."""
    if shape.is_static:
        columns: dict[str, Any] = {"id": np.random.default_rng(seed).permutation(shape.entities)}
        yield pa.table(columns | _values(shape, shape.entities, np.random.default_rng([seed, 0])))
        return
    for block in range(shape.blocks):
        random = np.random.default_rng([seed, block])
        count = shape.rows // shape.blocks
        begin, length = block * (YEAR // shape.blocks), YEAR // shape.blocks
        ids = random.integers(0, shape.entities, count)
        events = START + begin + random.integers(0, length, count)
        columns = {"id": ids, "event_time": events}
        if shape.has_known_time:
            known = events + random.integers(0, LATEST_KNOWN, count)
            corrections = count // 100
            ids[-corrections:], events[-corrections:] = ids[:corrections], events[:corrections]
            known[-corrections:] = known[:corrections] + 1 + random.integers(0, LATEST_KNOWN, corrections)
            columns["known_time"] = known
        instants = {name: pa.array(columns[name], INSTANT) for name in columns if name != "id"}
        yield pa.table(columns | instants | _values(shape, count, random))


def write_labels(path: Path, count: int, entities: int) -> None:
    """Labels in no order, all year round; one of twenty asks for a key that has no features."""
    random = np.random.default_rng(99)
    labels = {
        "row": np.arange(count),
        "id": random.integers(0, entities + entities // 20, count),
        "at": pa.array(START + random.integers(0, YEAR, count), INSTANT),
        "label": random.random(count),
    }
    pq.write_table(pa.table(labels), path)


def plan_of(session: Any, labels: Path, shapes: list[Shape]) -> Plan:
    """Where the files of the tables are."""
    from boathouse.foundation.names import TableName

    plan = Plan(str(labels))
    opened = session.open_tables([TableName.parse(f"{SCHEMA_NAME}.{shape.name}") for shape in shapes])
    for shape, table in zip(shapes, opened, strict=True):
        plan.tables.append({
            "name": str(table.name), "location": table.table.storage_location,
            "files": [file.path for file in table.snapshot.files], "features": shape.feature_names,
            "static": shape.is_static, "known": "known_time" if shape.has_known_time else None,
        })  # fmt: skip
    return plan


def tables_in_bench(session: Any) -> set[str]:
    """The names of the tables that are there."""
    catalog, schema = SCHEMA_NAME.split(".")
    query = f"SELECT table_name FROM {catalog}.information_schema.tables WHERE table_schema = '{schema}'"
    return {row["table_name"] for row in session.sql(query).arrow().to_pylist()}


def prepare(folder: Path, session: Any, runs: Mapping[str, list[Shape]], labels: int) -> None:
    """Write the tables and labels that are not there yet, and a plan for each run beside them."""
    spine = folder / "labels.parquet"
    wanted = {shape.name: shape for run in runs.values() for shape in run}
    if not spine.exists():
        session.sql(f"CREATE SCHEMA {SCHEMA_NAME}")
        write_labels(spine, labels, next(iter(wanted.values())).entities)
    there = tables_in_bench(session)
    for seed, (name, shape) in enumerate(sorted(wanted.items())):
        if name not in there:
            print(f"writing {name} ...", file=sys.stderr, flush=True)
            write_table(session, shape, seed)
    for name, run in runs.items():
        plan_of(session, spine, run).write(folder / f"{name}.json")


def _values(shape: Shape, count: int, random: np.random.Generator) -> dict[str, Any]:
    if shape.levels:
        return {name: random.integers(0, shape.levels, count).astype(shape.value_type) for name in shape.feature_names}
    return {name: random.random(count).astype(shape.value_type) for name in shape.feature_names}
